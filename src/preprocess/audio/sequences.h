#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tensor/tensor.h"

namespace accelerate {

/// How clips of different lengths become one batch, with transformers' names: none, "longest", "max_length".
enum class ClipPadding { none, longest, max_length };

/// One clip's steps: values [length, width].
struct Sequence {
  std::span<const float> values;
  int64_t width = 1;

  int64_t length() const { return static_cast<int64_t>(values.size()) / width; }
};

struct PadRequest {
  ClipPadding padding = ClipPadding::longest;
  std::optional<int64_t> max_length;  // in steps
  bool truncation = false;
  std::optional<int64_t> pad_to_multiple_of;
  float value = 0;
  bool left = false;
};

/// values [batch, length, width]; row i holds lengths[i] true steps, at its start, or at its end if `left`.
struct PaddedSequences {
  int64_t batch = 0;
  int64_t length = 0;
  int64_t width = 1;
  bool left = false;
  std::vector<float> values;
  std::vector<int64_t> lengths;

  std::span<const float> row(int64_t i) const;
  std::span<float> row(int64_t i);
  /// i64 [batch, length]: 1 at true steps.
  Tensor mask() const;
};

/// Truncates and pads. Errors: invalid_argument if there is no clip, if padding or truncation needs a max_length that
/// is not given, if the result would exceed 2^28 values, or if the clips end at different lengths.
/// Source: transformers 5.23, feature_extraction_sequence_utils.SequenceFeatureExtractor.pad.
PaddedSequences pad_sequences(std::span<const Sequence> clips, const PadRequest& request);

/// (x - mean) / sqrt(variance + 1e-7) of each row. With `masked`, the statistics are those of the first lengths[i]
/// steps, and the steps after them become `value`; else those of the whole row. Source: transformers 5.23,
/// Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm.
void normalize_rows(PaddedSequences& rows, bool masked, float value);

}  // namespace accelerate
