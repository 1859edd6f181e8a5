#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x repeated repeats[i] times along axis i.
// api: Value tile(Value x, Shape repeats);
Value tile(Value x, Shape repeats) {
  return build("tile", {x}, {{"repeats", std::move(repeats)}});
}

void register_tile(OpRegistry& registry) {
  OpDef op;
  op.name = "tile";
  op.doc = "x repeated repeats[i] times along axis i";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"repeats", AttrKind::dims, std::nullopt, false, "times for each axis"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    TensorType out(c.operand(0).dtype, c.operand(0).shape);
    const Shape& repeats = c.attrs.dims("repeats");
    if (repeats.size() != out.shape.size())
      fail(ErrorCode::invalid_shape, "repeats {} for {}; expected one for each axis", to_string(repeats),
           c.operand(0).to_string());
    for (size_t i = 0; i < repeats.size(); ++i) {
      if (repeats[i].constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "axis {} is repeated {} times", i, repeats[i].to_string());
      out.shape[i] = out.shape[i] * repeats[i];
    }
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    auto strides = strides_of(x.shape());
    int64_t i = 0;
    for_each_index(c.outputs[0].shape(), [&](const std::vector<int64_t>& index) {
      int64_t from = 0;
      for (size_t k = 0; k < index.size(); ++k) from += index[k] % x.shape()[k] * strides[k];
      copy_element(x, from, c.outputs[0], i++);
    });
  };
  op.expand = [](Builder&, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value x = operands[0];
    const Shape& repeats = node.attrs.dims("repeats");
    Shape separated;
    Shape repeated;
    Shape merged;
    for (size_t i = 0; i < repeats.size(); ++i) {
      const Dim& extent = x.shape()[i];
      if (repeats[i] != Dim(1)) {
        separated.emplace_back(1);
        repeated.push_back(repeats[i]);
      }
      separated.push_back(extent);
      repeated.push_back(extent);
      merged.push_back(extent * repeats[i]);
    }
    return {reshape(expand(reshape(x, separated), repeated), merged)};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
