#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"
#include "ops/unbacked.h"

namespace accelerate::ops {

/// The elements of x where mask (bool) is true, in row-major order; both are broadcast: [count]. count is a new
/// unbacked dim, or what the number is known to be.
// api: Value masked_select(Value x, Value mask, Dim count);
Value masked_select(Value x, Value mask, Dim count) {
  return build("masked_select", {x, mask}, {{"count", Shape{std::move(count)}}});
}

void register_masked_select(OpRegistry& registry) {
  OpDef op;
  op.name = "masked_select";
  op.doc = "the elements of x where mask is true: [count]";
  op.min_operands = op.max_operands = 2;
  op.attrs = {count_attr("count", "how many there are (one dim)")};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_dtype(c, 1, [](DType t) { return t == DType::boolean; }, "bool");
    broadcast(c.operand(0).shape, c.operand(1).shape);
    return {{c.operand(0).dtype, {count_of(c, "count")}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    const Tensor& mask = c.inputs[1];
    Shape both = broadcast(Shape(x.shape().begin(), x.shape().end()), Shape(mask.shape().begin(), mask.shape().end()));
    auto shape = evaluate(both, {});
    auto x_strides = broadcast_strides(x.shape(), shape);
    auto mask_strides = broadcast_strides(mask.shape(), shape);
    std::vector<int64_t> chosen;
    for_each_index(shape, [&](const std::vector<int64_t>& index) {
      if (mask.as<uint8_t>()[offset_of(index, mask_strides)] != 0) chosen.push_back(offset_of(index, x_strides));
    });
    Tensor out(x.dtype(), {static_cast<int64_t>(chosen.size())});
    for (size_t i = 0; i < chosen.size(); ++i) copy_element(x, chosen[i], out, static_cast<int64_t>(i));
    assign_result(c.outputs[0], std::move(out));
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
