#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The elements converted to another dtype. Floats to integers: without the fraction, NaN gives 0; a value that the
/// type cannot hold is unspecified. To bool: is not 0. Integers to narrower ones: the low bits.
// api: Value cast(Value x, DType dtype);
Value cast(Value x, DType dtype) {
  return build("cast", {x}, {{"dtype", dtype}});
}

void register_cast(OpRegistry& registry) {
  OpDef op = unary_op("cast", "the elements converted to another dtype", ElementTypes::any, nullptr,
                      {{"dtype", AttrKind::dtype, std::nullopt, false, "element type of the result"}});
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    DType to = c.attrs.dtype("dtype");
    if (to == DType::token || to == DType::c64)
      fail(ErrorCode::invalid_dtype, "cannot cast to {}; expected a real type or bool", name_of(to));
    return {{to, infer(c).at(0).shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    if (!is_float(x.dtype()) && out.dtype() == DType::f32) {  // one rounding, also for 64 bits
      for (int64_t i = 0, n = out.num_elements(); i < n; ++i)
        out.as<float>()[i] =
            x.dtype() == DType::u64 ? static_cast<float>(x.as<uint64_t>()[i]) : static_cast<float>(x.get_int(i));
    } else {
      out = x.cast(out.dtype());
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
