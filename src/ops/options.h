#pragma once
// Options of the ops that have many; a part of accelerate/ops.h.
#include <cstdint>
#include <string>
#include <vector>

namespace accelerate::ops {

/// Convolution over 1, 2 or 3 spatial axes. Empty lists: strides and dilations of 1, no padding; padding_end empty
/// beside a padding_begin: the same on both sides.
struct ConvOptions {
  std::vector<int64_t> strides;
  std::vector<int64_t> padding_begin;
  std::vector<int64_t> padding_end;
  std::vector<int64_t> dilations;
  int64_t groups = 1;
  /// Axes of x and of the result, whatever the number of spatial axes: "NCHW" channels first, "NHWC" channels last.
  std::string layout = "NCHW";
};

/// As ConvOptions; the padding is taken off the result, and output_padding is added at its end.
struct ConvTransposeOptions {
  std::vector<int64_t> strides;
  std::vector<int64_t> padding_begin;
  std::vector<int64_t> padding_end;
  std::vector<int64_t> output_padding;
  std::vector<int64_t> dilations;
  int64_t groups = 1;
  std::string layout = "NCHW";
};

/// Pooling over 1, 2 or 3 spatial axes (as many as kernel has). Empty strides: the kernel's extents.
struct PoolOptions {
  std::vector<int64_t> kernel;
  std::vector<int64_t> strides;
  std::vector<int64_t> padding_begin;
  std::vector<int64_t> padding_end;
  std::vector<int64_t> dilations;
  /// A last, incomplete window counts if it begins inside the input or its leading padding.
  bool ceil_mode = false;
  /// avg_pool: padded positions count in the divisor.
  bool count_include_pad = true;
  std::string layout = "NCHW";
};

/// scaled_dot_product_attention.
struct AttentionOptions {
  /// Factor on the scores; 0 or less: 1/sqrt(D).
  double scale = 0;
  /// Query t attends to keys 0..t only (aligned at the top left, also where T != S).
  bool is_causal = false;
  /// Scores become softcap * tanh(scores / softcap); 0: off.
  double softcap = 0;
  /// "BHTD" or "BTHD": the axes of q, k, v and of the result.
  std::string layout = "BHTD";
};

/// cached_attention.
struct CachedAttentionOptions {
  /// Factor on the scores; 0 or less: 1/sqrt(D).
  double scale = 0;
  /// Scores become softcap * tanh(scores / softcap); 0: off.
  double softcap = 0;
  /// A query attends to keys of its own position and before only.
  bool causal = true;
  /// causal: to the last `window` positions, its own among them; else: to keys at most `window` away. 0: to all.
  int64_t window = 0;
  /// To keys of its own chunk of so many positions only; 0: off.
  int64_t chunk = 0;
  /// Table of relative biases: positions this far apart share the last bucket.
  int64_t max_distance = 128;
  /// What keeps keys and values between calls; empty: nothing does.
  std::string state;
  /// Of the state: "paged" or "cross".
  std::string kind = "paged";
};

/// resize.
struct ResizeOptions {
  /// "nearest", "linear" (bilinear, trilinear) or "cubic".
  std::string mode = "nearest";
  /// Where the centre of a result position lies in the input: "half_pixel", "align_corners", "asymmetric" or
  /// "half_pixel_symmetric".
  std::string coordinates = "half_pixel";
  /// nearest: "floor", "ceil", "round_prefer_floor" or "round_prefer_ceil". PyTorch: "nearest" is asymmetric with
  /// floor, "nearest-exact" half_pixel with round_prefer_ceil.
  std::string rounding = "round_prefer_floor";
  /// Result over input extent of each spatial axis; empty: taken from the extents.
  std::vector<double> scales;
  /// linear and cubic, when shrinking: widen the filter to what one result position covers.
  bool antialias = false;
  /// Parameter of the cubic kernel (Keys 1981): -0.75, or -0.5 as with antialias in PIL and PyTorch.
  double cubic_coefficient = -0.75;
  std::string layout = "NCHW";
};

/// lstm, gru, rnn.
struct RecurrentOptions {
  int64_t num_layers = 1;
  /// Each layer also goes from the last step to the first; its outputs follow those of the forward direction.
  bool bidirectional = false;
  /// x and the outputs are [B,T,...] instead of [T,B,...].
  bool batch_first = false;
  bool has_bias = true;
  /// lstm: the hidden state is a projection of what the cells give out.
  bool has_projection = false;
};

}  // namespace accelerate::ops
