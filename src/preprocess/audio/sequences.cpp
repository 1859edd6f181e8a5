#include "preprocess/audio/sequences.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace accelerate {
namespace {

constexpr int64_t kMaxBatchValues = int64_t{1} << 28;

int64_t round_up(int64_t length, const std::optional<int64_t>& multiple) {
  if (!multiple || *multiple < 1) return length;
  return (length + *multiple - 1) / *multiple * *multiple;
}

void check_request(std::span<const Sequence> clips, const PadRequest& request) {
  if (clips.empty()) fail(ErrorCode::invalid_argument, "no audio clip is given");
  const bool needs_length = request.truncation || request.padding == ClipPadding::max_length;
  if (needs_length && !request.max_length) {
    fail(ErrorCode::invalid_argument, "{} needs a max_length",
         request.truncation ? "truncation" : "padding to max_length");
  }
  if (request.max_length && (*request.max_length < 1 || *request.max_length > kMaxBatchValues)) {
    fail(ErrorCode::invalid_argument, "max_length is {}; expected 1 to {}", *request.max_length, kMaxBatchValues);
  }
  if (request.pad_to_multiple_of && (*request.pad_to_multiple_of < 1 || *request.pad_to_multiple_of > (1 << 24))) {
    fail(ErrorCode::invalid_argument, "pad_to_multiple_of is {}; expected 1 to {}", *request.pad_to_multiple_of,
         1 << 24);
  }
}

}  // namespace

std::span<const float> PaddedSequences::row(int64_t i) const {
  return std::span(values).subspan(static_cast<size_t>(i * length * width), static_cast<size_t>(length * width));
}

std::span<float> PaddedSequences::row(int64_t i) {
  return std::span(values).subspan(static_cast<size_t>(i * length * width), static_cast<size_t>(length * width));
}

Tensor PaddedSequences::mask() const {
  Tensor mask = Tensor::zeros(DType::i64, {batch, length});
  for (int64_t i = 0; i < batch; ++i) {
    int64_t* row = mask.as<int64_t>() + i * length + (left ? length - lengths[i] : 0);
    std::fill_n(row, lengths[i], 1);
  }
  return mask;
}

PaddedSequences pad_sequences(std::span<const Sequence> clips, const PadRequest& request) {
  check_request(clips, request);
  PaddedSequences out;
  out.batch = static_cast<int64_t>(clips.size());
  out.width = clips[0].width;
  out.left = request.left;
  for (const Sequence& clip : clips) {
    int64_t length = clip.length();
    if (request.truncation) length = std::min(length, round_up(*request.max_length, request.pad_to_multiple_of));
    out.lengths.push_back(length);
  }
  const auto [shortest, longest] = std::minmax_element(out.lengths.begin(), out.lengths.end());
  out.length = *longest;
  int64_t smallest = *shortest;
  if (request.padding != ClipPadding::none) {
    const int64_t target =
        round_up(request.padding == ClipPadding::longest ? *longest : *request.max_length, request.pad_to_multiple_of);
    smallest = std::max(smallest, target);
    out.length = std::max(out.length, target);
  }
  if (smallest != out.length) {
    fail(ErrorCode::invalid_argument,
         "the clips of a batch have different lengths, {} to {} steps; choose padding or truncation", smallest,
         out.length);
  }
  if (out.length > 0 && out.batch * out.width > kMaxBatchValues / out.length) {
    fail(ErrorCode::invalid_argument,
         "a batch of {} clips of {} steps of {} values is too large; process fewer at once", out.batch, out.length,
         out.width);
  }
  out.values.assign(static_cast<size_t>(out.batch * out.length * out.width), request.value);
  for (int64_t i = 0; i < out.batch; ++i) {
    const std::span<float> row = out.row(i);
    const int64_t used = out.lengths[i] * out.width;
    std::copy_n(clips[i].values.begin(), used, row.end() - (request.left ? used : out.length * out.width));
  }
  return out;
}

void normalize_rows(PaddedSequences& rows, bool masked, float value) {
  for (int64_t i = 0; i < rows.batch; ++i) {
    const std::span<float> row = rows.row(i);
    // Also of rows padded at the left, as transformers: the first steps.
    const size_t counted = masked ? static_cast<size_t>(rows.lengths[i] * rows.width) : row.size();
    if (counted == 0) fail(ErrorCode::invalid_argument, "clip {} holds no samples", i);
    double sum = 0;
    for (size_t k = 0; k < counted; ++k) sum += double{row[k]};
    const double mean = sum / static_cast<double>(counted);
    double squares = 0;
    for (size_t k = 0; k < counted; ++k) squares += (double{row[k]} - mean) * (double{row[k]} - mean);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(counted) + 1e-7);
    for (float& x : row) x = static_cast<float>((double{x} - mean) * scale);
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(counted), row.end(), value);
  }
}

}  // namespace accelerate
