#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// A tensor with every element equal to value, converted to dtype.
// api: Value full(Builder& builder, DType dtype, Shape shape, double value);
Value full(Builder& builder, DType dtype, Shape shape, double value) {
  return builder.add(registry().get("full"), {}, {{"dtype", dtype}, {"shape", std::move(shape)}, {"value", value}})
      .at(0);
}

void register_full(OpRegistry& registry) {
  OpDef op;
  op.name = "full";
  op.doc = "every element equal to value: () -> [shape]";
  op.attrs = {{"dtype", AttrKind::dtype, std::nullopt, false, "element type"},
              {"shape", AttrKind::dims, std::nullopt, false, "extents"},
              {"value", AttrKind::number, std::nullopt, false, "the value"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    if (c.attrs.dtype("dtype") == DType::token)
      fail(ErrorCode::invalid_dtype, "dtype is token; expected a type with data");
    for (const Dim& dim : c.attrs.dims("shape")) {
      if (dim.constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "shape is {}; expected no negative extent", to_string(c.attrs.dims("shape")));
    }
    return {{c.attrs.dtype("dtype"), c.attrs.dims("shape")}};
  };
  op.reference = [](EvalContext& c) {
    double value = c.attrs.number("value");
    for (int64_t i = 0, n = c.outputs[0].num_elements(); i < n; ++i) c.outputs[0].set(i, value);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
