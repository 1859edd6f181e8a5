#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate::import {

/// The tensors of a checkpoint under the names that the architecture of today expects. A name that is not in the files
/// is tried, in this order:
///   - with the base model's prefix added or removed ("encoder.x" for "bert.encoder.x", and the reverse): checkpoints
///     of a base model lack it, checkpoints with a head carry it;
///   - with TensorFlow's names of a normalisation's parameters (gamma for weight, beta for bias).
/// Source: transformers, PreTrainedModel.base_model_prefix and its checkpoint key renaming.
class CheckpointNames final : public WeightSource {
 public:
  /// base_prefix is the architecture's base_model_prefix without a dot ("bert"); empty if it has none.
  CheckpointNames(std::shared_ptr<const WeightSource> files, std::string base_prefix);

  /// The name in the files, or nothing.
  std::optional<std::string> resolve(std::string_view name) const;

  /// The names of the files.
  std::vector<std::string> names() const override { return files_->names(); }
  std::optional<WeightInfo> find(std::string_view name) const override;
  Tensor read(std::string_view name) const override;
  void release(std::string_view name, size_t offset_bytes, size_t size_bytes) const override;
  void check() const override { files_->check(); }

 private:
  std::string resolve_or_fail(std::string_view name) const;

  std::shared_ptr<const WeightSource> files_;
  std::string base_prefix_;  // with its dot, or empty
};

/// Several sources as one: each keeps its names behind a prefix of its own ("2_Dense/" + "linear.weight"); the source
/// with the empty prefix is asked for all other names.
class MergedWeights final : public WeightSource {
 public:
  void add(std::string prefix, std::shared_ptr<const WeightSource> source);
  std::vector<std::string> names() const override;
  std::optional<WeightInfo> find(std::string_view name) const override;
  Tensor read(std::string_view name) const override;
  void release(std::string_view name, size_t offset_bytes, size_t size_bytes) const override;
  void check() const override;

 private:
  /// The source that serves a name, and the name in it; null if there is none.
  std::pair<const WeightSource*, std::string_view> source_of(std::string_view name) const;
  std::vector<std::pair<std::string, std::shared_ptr<const WeightSource>>> sources_;
};

/// Compares every weight that the graphs refer to with the source.
/// Errors: invalid_weights that lists all weights that are missing, or all whose shape differs, with both shapes.
void check_weights(const Program& program, const WeightSource& weights);

/// Names of all weights that the graphs refer to, sorted.
std::vector<std::string> weight_names(const Program& program);

/// Names of the files that no graph refers to, sorted: heads that are not built, and buffers.
std::vector<std::string> unused_weights(const Program& program, const CheckpointNames& weights);

}  // namespace accelerate::import
