#include <limits>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Greatest element of windows that divide each spatial axis of n into m parts (position i takes floor(i*n/m) ..
/// ceil((i+1)*n/m)), and where it came from: i64 indices into the row-major spatial positions of its channel, the first
/// of equal elements. Shapes: x [N,C,...] -> [N,C,sizes...] twice. As torch's adaptive_max_poolNd.
// api: std::vector<Value> adaptive_max_pool(Value x, Shape sizes);
std::vector<Value> adaptive_max_pool(Value x, Shape sizes) {
  return build_multi("adaptive_max_pool", std::vector<Value>{x}, {{"sizes", std::move(sizes)}});
}

namespace {

std::vector<TensorType> infer_adaptive_max_pool(const InferContext& c) {
  require_dtype(c, 0, is_float, "a float type");
  require_rank(c, 0, 3, 5);
  const TensorType& x = c.operand(0);
  const Shape& sizes = c.attrs.dims("sizes");
  if (sizes.size() + 2 != x.shape.size())
    fail(ErrorCode::invalid_shape, "sizes {} for {}; expected one for each spatial axis", to_string(sizes),
         x.to_string());
  Shape shape{x.shape[0], x.shape[1]};
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].constant().value_or(1) < 1 || x.shape[i + 2].constant().value_or(1) < 1)
      fail(ErrorCode::invalid_shape, "an extent of {} pooled to {}; expected 1 or more", x.shape[i + 2].to_string(),
           sizes[i].to_string());
    shape.push_back(sizes[i]);
  }
  return {{x.dtype, shape}, {DType::i64, shape}};
}

void reference_adaptive_max_pool(EvalContext& c) {
  const Tensor& x = c.inputs[0];
  auto strides = strides_of(x.shape());
  const auto& to = c.outputs[0].shape();
  for (size_t i = 2; i < to.size(); ++i)
    if (to[i] < 1 || x.shape()[i] < 1)
      fail(ErrorCode::invalid_shape, "an extent of {} pooled to {}; expected 1 or more", x.shape()[i], to[i]);
  int64_t out = 0;
  for_each_index(to, [&](const std::vector<int64_t>& at) {
    int64_t channel = at[0] * strides[0] + at[1] * strides[1];
    int64_t base = 0;
    std::vector<int64_t> window;
    for (size_t i = 2; i < at.size(); ++i) {
      int64_t start = at[i] * x.shape()[i] / to[i];
      base += start * strides[i];
      window.push_back(((at[i] + 1) * x.shape()[i] + to[i] - 1) / to[i] - start);
    }
    double top = -std::numeric_limits<double>::infinity();
    int64_t best = base;
    for_each_index(window, [&](const std::vector<int64_t>& tap) {
      int64_t offset = base;
      for (size_t i = 0; i < tap.size(); ++i) offset += tap[i] * strides[i + 2];
      double value = x.get(channel + offset);
      if (value > top || std::isnan(value)) {
        top = value;
        best = offset;
      }
    });
    c.outputs[0].set(out, top);
    c.outputs[1].set_int(out++, best);
  });
}

}  // namespace

void register_adaptive_max_pool(OpRegistry& registry) {
  OpDef op;
  op.name = "adaptive_max_pool";
  op.doc = "greatest element of windows that divide each spatial axis into parts, and its position";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"sizes", AttrKind::dims, std::nullopt, false, "spatial extents of the result"}};
  op.numerics = Numerics::exact;
  op.infer = infer_adaptive_max_pool;
  op.reference = reference_adaptive_max_pool;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
