#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// 0, 1, ..., length - 1.
// api: Value iota(Builder& builder, DType dtype, Dim length);
Value iota(Builder& builder, DType dtype, Dim length) {
  return builder.add(registry().get("iota"), {}, {{"dtype", dtype}, {"length", Shape{std::move(length)}}}).at(0);
}

void register_iota(OpRegistry& registry) {
  OpDef op;
  op.name = "iota";
  op.doc = "0, 1, ..., length - 1: () -> [length]";
  op.attrs = {{"dtype", AttrKind::dtype, std::nullopt, false, "float or integer type"},
              {"length", AttrKind::dims, std::nullopt, false, "how many (one dim)"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    DType dtype = c.attrs.dtype("dtype");
    if (!is_float(dtype) && !is_integer(dtype))
      fail(ErrorCode::invalid_dtype, "dtype is {}; expected a float or integer type", name_of(dtype));
    const Shape& length = c.attrs.dims("length");
    if (length.size() != 1) fail(ErrorCode::invalid_graph, "length has {} dims; expected one", length.size());
    if (length[0].constant().value_or(0) < 0)
      fail(ErrorCode::invalid_shape, "length is {}; expected at least 0", length[0].to_string());
    return {{dtype, length}};
  };
  op.reference = [](EvalContext& c) {
    for (int64_t i = 0, n = c.outputs[0].num_elements(); i < n; ++i) c.outputs[0].set_int(i, i);
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
