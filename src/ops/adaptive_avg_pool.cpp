#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Mean of windows that divide each spatial axis of n into m parts: position i takes floor(i*n/m) .. ceil((i+1)*n/m).
/// Shapes: x [N,C,...] ("NHWC": [N,...,C]) -> [N,C,sizes...]. As torch's AdaptiveAvgPoolNd.
// api: Value adaptive_avg_pool(Value x, Shape sizes, std::string layout = "NCHW");
Value adaptive_avg_pool(Value x, Shape sizes, std::string layout) {
  return build("adaptive_avg_pool", {x}, {{"sizes", std::move(sizes)}, {"layout", std::move(layout)}});
}

namespace {

std::vector<TensorType> infer_adaptive_avg_pool(const InferContext& c) {
  require_dtype(c, 0, is_float, "a float type");
  require_rank(c, 0, 3, 5);
  const TensorType& x = c.operand(0);
  const Shape& sizes = c.attrs.dims("sizes");
  bool channels_last = channel_axis(c.attrs.string("layout"), x.rank()) != 1;
  if (sizes.size() + 2 != x.shape.size())
    fail(ErrorCode::invalid_shape, "sizes {} for {}; expected one for each spatial axis", to_string(sizes),
         x.to_string());
  Shape shape = channels_first(x.shape, channels_last);
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].constant().value_or(1) < 1 || shape[i + 2].constant().value_or(1) < 1)
      fail(ErrorCode::invalid_shape, "an extent of {} pooled to {}; expected 1 or more", shape[i + 2].to_string(),
           sizes[i].to_string());
    shape[i + 2] = sizes[i];
  }
  return {{x.dtype, from_channels_first(shape, channels_last)}};
}

void reference_adaptive_avg_pool(EvalContext& c) {
  const Tensor& x = c.inputs[0];
  Tensor& out = c.outputs[0];
  bool channels_last = c.attrs.string("layout") == "NHWC";
  auto from = channels_first(x.shape(), channels_last);
  auto to = channels_first(out.shape(), channels_last);
  auto x_strides = channels_first_strides(x, channels_last);
  auto out_strides = channels_first_strides(out, channels_last);
  for_each_index(to, [&](const std::vector<int64_t>& at) {
    int64_t base = at[0] * x_strides[0] + at[1] * x_strides[1];
    std::vector<int64_t> window;
    for (size_t i = 2; i < at.size(); ++i) {
      int64_t start = at[i] * from[i] / to[i];
      int64_t end = ((at[i] + 1) * from[i] + to[i] - 1) / to[i];
      base += start * x_strides[i];
      window.push_back(end - start);
    }
    double sum = 0;
    double count = 0;
    for_each_index(window, [&](const std::vector<int64_t>& tap) {
      int64_t offset = base;
      for (size_t i = 0; i < tap.size(); ++i) offset += tap[i] * x_strides[i + 2];
      sum += x.get(offset);
      count += 1;
    });
    out.set(offset_of(at, out_strides), sum / count);
  });
}

// [n,m]: the weight of position h in window i.
Value window_weights(Builder& builder, const Dim& n, const Dim& m, DType dtype) {
  Value extent = extent_value(builder, n);
  Value parts = extent_value(builder, m);
  Value one = extent_value(builder, 1);
  Value i = iota(builder, DType::i64, m);
  Value h = unsqueeze(iota(builder, DType::i64, n), 1);
  Value start = floor_divide(mul(i, extent), parts);
  Value end = floor_divide(sub(add(mul(add(i, one), extent), parts), one), parts);
  Value inside = logical_and(greater_equal(h, start), less(h, end));
  return div(cast(inside, dtype), cast(sub(end, start), dtype));
}

std::vector<Value> expand_adaptive(Builder& builder, const Node& node, std::span<const Value> operands) {
  DType dtype = operands[0].dtype();
  Value x = cast_to(operands[0], compute_dtype(dtype));
  const Shape& sizes = node.attrs.dims("sizes");
  int64_t first = node.attrs.string("layout") == "NCHW" ? 2 : 1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    int64_t axis = first + static_cast<int64_t>(i);
    const Dim n = x.dim(static_cast<int>(axis));
    if (sizes[i] == n) continue;
    x = sizes[i] == Dim(1) ? reduce_mean(x, {axis}, true)
                           : matmul_along(x, window_weights(builder, n, sizes[i], x.dtype()), axis);
  }
  return {cast_to(x, dtype)};
}

}  // namespace

void register_adaptive_avg_pool(OpRegistry& registry) {
  OpDef op;
  op.name = "adaptive_avg_pool";
  op.doc = "Mean of windows that divide each spatial axis into parts: x[N,C,...] -> [N,C,sizes...]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"sizes", AttrKind::dims, std::nullopt, false, "spatial extents of the result"},
              {"layout", AttrKind::string, Attr(std::string("NCHW")), false, "NCHW or NHWC"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_adaptive_avg_pool;
  op.reference = reference_adaptive_avg_pool;
  op.expand = expand_adaptive;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
