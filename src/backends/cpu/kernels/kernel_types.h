#pragma once
#include <cstddef>
#include <cstdint>

// Argument records of the CPU kernels. Plain data: sizes in elements, strides in elements, row-major. A
// null pointer means "absent" where the comment says optional. Nothing here owns memory.
namespace accelerate::cpu {

/// Element types that kernels read or write.
enum class Element : uint8_t { f32, bf16, f16, i32, i64, u8 };

constexpr size_t size_of(Element type) {
  switch (type) {
    case Element::f32:
    case Element::i32: return 4;
    case Element::bf16:
    case Element::f16: return 2;
    case Element::i64: return 8;
    case Element::u8: return 1;
  }
  return 0;
}

/// gelu is the exact one (erf); quick_gelu is x * sigmoid(1.702 x).
enum class Activation : uint8_t { none, relu, gelu, gelu_tanh, quick_gelu, silu, tanh, sigmoid, relu6, hardswish };

/// What happens to a result tile while it is in cache:
///   residual after (default):  c = act(acc + bias) + residual
///   residual_before_activation: c = act(acc + bias + residual)
/// bias [N] and residual [M,N] are optional. residual may be c itself.
struct Epilogue {
  const float* bias = nullptr;
  Activation activation = Activation::none;
  const float* residual = nullptr;
  int64_t residual_stride = 0;
  bool residual_before_activation = false;
};

/// A weight matrix W [N,K] in the panels that a table's pack() writes. data is 64-byte aligned.
struct PackedWeight {
  const void* data = nullptr;
  int64_t n = 0, k = 0;
  Element type = Element::f32;  // f32, bf16 or f16
};

/// Writes rows [n_begin, n_end) of W into the packed form at dst (the whole buffer's start).
/// W[n][k] is at source[n * stride_n + k * stride_k]: torch linear [N,K] has strides (K, 1), a [K,N] matrix
/// (1, N). n_begin is a multiple of panel_columns; n_end too unless it is n. Slices may be packed in any order, by any
/// threads.
struct PackArgs {
  const void* source = nullptr;
  Element source_type = Element::f32;  // f32, bf16 or f16
  int64_t stride_n = 0, stride_k = 1;
  int64_t n = 0, k = 0;
  int64_t n_begin = 0, n_end = 0;
  void* dst = nullptr;
  Element type = Element::f32;  // of the packed form
};

/// One product: c [M,N] with row stride c_stride.
struct LinearOutput {
  PackedWeight weight;
  float* c = nullptr;
  int64_t c_stride = 0;
  Epilogue epilogue;
};

/// C_i = epilogue_i(A [M,K] * W_i^T) for each output, in one dispatch. All weights have the same K.
/// Sums are f32. With allow_native_low_precision, bf16 weights may be multiplied by A rounded to bf16 where
/// the instruction set has that product. Scratch: linear_scratch_bytes.
struct LinearArgs {
  static constexpr int kMaxOutputs = 8;
  const float* a = nullptr;
  int64_t a_stride = 0;
  int64_t m = 0, k = 0;
  int num_outputs = 1;
  LinearOutput outputs[kMaxOutputs];
  bool allow_native_low_precision = false;
};

/// C[b] = alpha * A[b] [M,K] * B[b] [K,N] for b over outer x inner batches (two broadcastable batch axes).
/// B[k][n] is at b + k * b_stride_k + n * b_stride_n, so a transpose is a choice of strides (one of the two
/// is usually 1); A's rows are contiguous. Scratch: matmul_scratch_bytes.
struct MatmulArgs {
  int64_t m = 0, n = 0, k = 0;
  int64_t outer = 1, inner = 1;
  const float* a = nullptr;
  int64_t a_stride = 0, a_outer = 0, a_inner = 0;
  const float* b = nullptr;
  int64_t b_stride_k = 0, b_stride_n = 1, b_outer = 0, b_inner = 0;
  float* c = nullptr;
  int64_t c_stride = 0, c_outer = 0, c_inner = 0;
  float alpha = 1.0f;
};

/// Strides of a [batch, head, position, head size] operand whose last axis is contiguous.
struct HeadStrides {
  int64_t batch = 0, head = 0, position = 0;
};

/// out = softmax(softcap(scale * q k^T) + mask) v, without a score matrix in memory.
/// Shapes: q [B,H,T,D], k [B,K,S,D], v [B,K,S,E], out [B,H,T,E], by strides; H is a multiple of K; D, E in 1..256.
/// mask is optional, [B,H,T,S] by strides (0 broadcasts): additive f32, or u8 where nonzero lets a pair
/// attend. causal: key s is seen by query t when s <= t + causal_offset. softcap c > 0: c * tanh(x / c).
/// A row that may attend to nothing (all -inf or false) gives 0. Scratch: attention_scratch_bytes.
struct AttentionArgs {
  int64_t batch = 0, heads = 0, kv_heads = 0, queries = 0, keys = 0, head_size = 0, value_size = 0;
  const float* q = nullptr;
  HeadStrides q_strides;
  const float* k = nullptr;
  HeadStrides k_strides;
  const float* v = nullptr;
  HeadStrides v_strides;
  float* out = nullptr;
  HeadStrides out_strides;
  float scale = 1.0f;
  float softcap = 0.0f;
  const void* mask = nullptr;
  Element mask_type = Element::f32;  // f32 or u8
  int64_t mask_batch = 0, mask_head = 0, mask_query = 0, mask_key = 0;
  bool causal = false;
  int64_t causal_offset = 0;
};

/// Normalisation over the last axis of x [rows, cols]. With residual, x + residual is normalised, and
/// written to sum if that is given (sum may be x or residual). weight, bias [cols] are optional;
/// the gain is weight + weight_offset (Gemma: 1). y may be x.
struct NormArgs {
  int64_t rows = 0, cols = 0;
  const float* x = nullptr;
  int64_t x_stride = 0;
  const float* residual = nullptr;
  int64_t residual_stride = 0;
  float* sum = nullptr;
  int64_t sum_stride = 0;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float weight_offset = 0.0f;
  float eps = 1e-5f;
  float* y = nullptr;
  int64_t y_stride = 0;
};

/// Group normalisation of x [batch, channels, spatial], or [batch, spatial, channels] if channels_last.
/// weight, bias [channels] optional; channels is a multiple of groups. y may be x.
struct GroupNormArgs {
  int64_t batch = 0, channels = 0, spatial = 0, groups = 1;
  bool channels_last = false;
  const float* x = nullptr;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float eps = 1e-5f;
  Activation activation = Activation::none;
  float* y = nullptr;
};

/// softmax or log_softmax over the last axis of x [rows, cols]; y may be x. A row of -inf gives NaN, as in torch.
struct SoftmaxArgs {
  int64_t rows = 0, cols = 0;
  const float* x = nullptr;
  int64_t x_stride = 0;
  float* y = nullptr;
  int64_t y_stride = 0;
  bool log = false;
};

/// y = f(x), with parameters p0, p1 where named: leaky_relu(p0 slope), elu(p0 alpha), clamp(p0 low, p1 high),
/// scale_shift (p0 * x + p1), softplus and the rest: none. relu6 = clamp(0, 6).
enum class Unary : uint8_t {
  copy,
  neg,
  abs,
  square,
  sqrt,
  rsqrt,
  reciprocal,
  exp,
  log,
  log2,
  log10,
  log1p,
  expm1,
  exp2,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  sigmoid,
  relu,
  relu6,
  leaky_relu,
  elu,
  selu,
  gelu,
  gelu_tanh,
  quick_gelu,
  silu,
  softplus,
  softsign,
  mish,
  hardsigmoid,
  hardswish,
  erf,
  floor,
  ceil,
  round,
  trunc,
  sign,
  clamp,
  scale_shift,
  logsigmoid
};

/// min and max pass NaN on, as torch does. mod has the sign of the divisor (Python), fmod of the dividend.
enum class Binary : uint8_t { add, sub, mul, div, min, max, pow, mod, fmod, floor_div, atan2, squared_difference };

enum class Compare : uint8_t { eq, ne, lt, le, gt, ge };

/// A contiguous span, or one value that stands for each element.
struct Operand {
  const float* data = nullptr;
  bool scalar = false;
};

enum class Reduce : uint8_t { sum, mean, max, min, prod, sum_squares, l2, sum_abs };

/// y [outer, inner] = reduction over the middle axis of contiguous x [outer, size, inner]. size >= 1 for max and min.
struct ReduceArgs {
  int64_t outer = 1, size = 0, inner = 1;
  const float* x = nullptr;
  float* y = nullptr;
};

/// Index of the first largest (or smallest) element over the middle axis; NaN counts as largest (smallest).
struct ArgReduceArgs {
  int64_t outer = 1, size = 0, inner = 1;
  const float* x = nullptr;
  int64_t* y = nullptr;
  bool smallest = false;
};

/// One table of an embedding sum. Row ids come from ids (i64) or ids32, whichever is set; else row r uses
/// first_id + r % period (positions, or one constant row with period 1). A null data with zero num_rows is skipped.
struct EmbeddingTable {
  const void* data = nullptr;
  Element type = Element::f32;  // f32, bf16 or f16
  int64_t num_rows = 0;
  int64_t row_stride = 0;
  const int64_t* ids = nullptr;
  const int32_t* ids32 = nullptr;
  int64_t first_id = 0, period = 1;
};

/// y [rows, cols] = sum over tables of table[id], then, if normalise, layer norm with weight and bias (each
/// optional). ids below 0 or at least num_rows are an error.
struct EmbeddingArgs {
  static constexpr int kMaxTables = 4;
  int64_t rows = 0, cols = 0;
  int num_tables = 1;
  EmbeddingTable tables[kMaxTables];
  bool normalise = false;
  const float* weight = nullptr;
  const float* bias = nullptr;
  float eps = 1e-5f;
  float* y = nullptr;
  int64_t y_stride = 0;
};

/// How a convolution is computed; its weights are packed for one way.
///   product: patches times the kernel, for every shape
///   winograd: F(4x4, 3x3), for dense 3x3 kernels at stride 1 over an NHWC input
enum class ConvMethod : uint8_t { product, winograd };

/// Shapes of a 2-d convolution; padding of each side given apart. out_h, out_w are given by the caller.
struct ConvShape {
  int64_t batch = 0, in_h = 0, in_w = 0, in_channels = 0, out_h = 0, out_w = 0, out_channels = 0;
  int64_t kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int64_t pad_top = 0, pad_left = 0;  // rows or columns outside the input read as 0
  int64_t groups = 1;
  ConvMethod method = ConvMethod::product;
};

/// Packs conv weights [out_channels, in_channels / groups, kernel_h, kernel_w] (torch order, by the strides of a
/// contiguous tensor) for conv2d of the same shape and input_nchw flag.
struct ConvPackArgs {
  ConvShape shape;
  const void* source = nullptr;
  Element source_type = Element::f32;
  bool input_nchw = false;
  void* dst = nullptr;
};

/// y [B,OH,OW,OC] = epilogue(conv(x, weight)). x is [B,H,W,C] (NHWC), or [B,C,H,W] if input_nchw; y is NHWC.
/// weight is what conv_pack wrote, f32. epilogue.residual is [B,OH,OW,OC] with residual_stride per pixel.
struct ConvArgs {
  ConvShape shape;
  const float* x = nullptr;
  bool input_nchw = false;
  const void* weight = nullptr;
  float* y = nullptr;
  Epilogue epilogue;
};

enum class Pool : uint8_t { max, average };

/// Pooling of x [B,H,W,C] to y [B,OH,OW,C]. Average: divides by the window's size if count_include_pad
/// (cells beyond the input and its padding never count), else by the number of cells inside the input.
struct PoolArgs {
  Pool kind = Pool::max;
  ConvShape shape;  // in_channels == out_channels
  int64_t pad_bottom = 0, pad_right = 0;
  bool count_include_pad = true;
  const float* x = nullptr;
  float* y = nullptr;
};

/// Copies a strided array of rank 0..8 to another layout: dst[i . dst_strides] = src[i . src_strides] for
/// all i < dims. Source strides may be 0 (expand) or negative (flip). element_size 1, 2, 4 or 8.
struct CopyArgs {
  static constexpr int kMaxRank = 8;
  int rank = 0;
  int64_t dims[kMaxRank] = {};
  int64_t src_strides[kMaxRank] = {};
  int64_t dst_strides[kMaxRank] = {};
  size_t element_size = 4;
  const void* src = nullptr;
  void* dst = nullptr;
};

enum class Resize : uint8_t { nearest, bilinear, bicubic };

/// Interpolates x [B,H,W,C] to y [B,OH,OW,C] as torch.nn.functional.interpolate does (bicubic: a = -0.75).
/// scale_h, scale_w: input pixels an output pixel, in / out, or (in - 1) / (out - 1) if align_corners.
/// channels_first: x [B,C,H,W], y [B,C,OH,OW].
struct ResizeArgs {
  Resize kind = Resize::nearest;
  int64_t batch = 0, in_h = 0, in_w = 0, out_h = 0, out_w = 0, channels = 0;
  bool align_corners = false, channels_first = false;
  float scale_h = 1.0f, scale_w = 1.0f;
  const float* x = nullptr;
  float* y = nullptr;
};

}  // namespace accelerate::cpu
