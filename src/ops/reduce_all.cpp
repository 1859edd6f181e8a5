#include <algorithm>

#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// True where all elements over the axes (none given: all) are not 0; the result is bool.
// api: Value reduce_all(Value x, std::vector<int64_t> axes = {}, bool keepdims = false);
Value reduce_all(Value x, std::vector<int64_t> axes, bool keepdims) {
  return build_reduction("reduce_all", x, std::move(axes), keepdims);
}

void register_reduce_all(OpRegistry& registry) {
  OpDef op = reduction_op("reduce_all", "are all elements over axes not zero", ElementTypes::any,
                          [](DType) { return DType::boolean; });
  op.numerics = Numerics::exact;
  op.reference = [](EvalContext& c) {
    reduce_reference(c, [](const Tensor& t, std::span<const int64_t> offsets) {
      return std::all_of(offsets.begin(), offsets.end(), [&](int64_t o) { return t.get(o) != 0; }) ? 1.0 : 0.0;
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> in) -> std::vector<Value> {
    const auto& axes = node.attrs.integers("axes");
    bool keepdims = node.attrs.boolean("keepdims");
    return {reduce_min(cast(in[0], DType::boolean), axes, keepdims)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
