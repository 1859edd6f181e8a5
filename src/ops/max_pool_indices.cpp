#include <limits>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/spatial.h"
#include "ops/support.h"

namespace accelerate::ops {

/// max_pool, and where each element came from: i64 indices into the row-major spatial positions of its channel, the
/// first of equal elements. As torch's max_poolNd_with_indices.
// api: std::vector<Value> max_pool_indices(Value x, PoolOptions options);
std::vector<Value> max_pool_indices(Value x, PoolOptions options) {
  return build_multi("max_pool_indices", std::vector<Value>{x}, pool_attrs(options));
}

void register_max_pool_indices(OpRegistry& registry) {
  OpDef op;
  op.name = "max_pool_indices";
  op.doc = "greatest element of each window, and its position: x[N,C,...] -> [N,C,...] twice";
  op.min_operands = op.max_operands = 1;
  op.attrs = pool_attr_specs();
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_float, "a float type");
    TensorType type = pool_result(c.attrs, c.operand(0));
    return {type, {DType::i64, type.shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    bool channels_last = c.attrs.string("layout") == "NHWC";
    int64_t positions = 1;
    for (int64_t extent : x.shape()) positions *= extent;
    int64_t channels = x.dim(channels_last ? -1 : 1);
    positions /= std::max<int64_t>(x.dim(0) * channels, 1);
    // pool_reference walks the result in the order {N, C, spatial...}, as its tensor lies when channels are first.
    std::vector<int64_t> from;
    pool_reference(c, [&](const std::vector<int64_t>& inside, int64_t) {
      double top = -std::numeric_limits<double>::infinity();
      int64_t best = inside.empty() ? 0 : inside[0];
      for (int64_t at : inside) {
        double value = x.get(at);
        if (value > top || std::isnan(value)) {
          top = value;
          best = at;
        }
      }
      from.push_back(channels_last ? best / channels % positions : best % positions);
      return top;
    });
    auto shape = channels_first(c.outputs[1].shape(), channels_last);
    auto strides = channels_first_strides(c.outputs[1], channels_last);
    size_t i = 0;
    for_each_index(shape,
                   [&](const std::vector<int64_t>& at) { c.outputs[1].set_int(offset_of(at, strides), from[i++]); });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
