#include "accelerate/ops.h"
#include "ops/fourier.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Discrete Fourier transform along the axis of real numbers: the first floor(n/2) + 1 of its n numbers, as pairs
/// (real, imaginary) on a new last axis of 2. norm as in fft. Shapes: x [...,n,...] -> [...,floor(n/2)+1,...,2]. f32 or
/// f64. As torch.fft.rfft.
// api: Value rfft(Value x, int64_t axis, std::string norm = "backward");
Value rfft(Value x, int64_t axis, std::string norm) {
  return build("rfft", {x}, {{"axis", front_axis(axis, x.rank())}, {"norm", std::move(norm)}});
}

void register_rfft(OpRegistry& registry) {
  OpDef op;
  op.name = "rfft";
  op.doc = "discrete Fourier transform along an axis of real numbers: [...,n/2+1,...,2]";
  op.min_operands = op.max_operands = 1;
  op.attrs = fourier_attrs();
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, [](DType t) { return t == DType::f32 || t == DType::f64; }, "f32 or f64");
    require_rank(c, 0, 1, 7);
    fourier_scale(c.attrs.string("norm"), false, 1);
    Shape shape = c.operand(0).shape;
    Dim& n = shape[static_cast<size_t>(c.axis("axis", c.operand(0).rank()))];
    if (n.constant().value_or(1) < 1) fail(ErrorCode::invalid_shape, "an axis of 0; expected 1 or more");
    n = floordiv(n, 2) + 1;
    shape.emplace_back(2);
    return {{c.operand(0).dtype, std::move(shape)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    FourierLines lines = fourier_lines(x.shape(), c.attrs.integer("axis"), false);
    if (lines.n < 1) fail(ErrorCode::invalid_shape, "an axis of 0; expected 1 or more");
    double scale = fourier_scale(c.attrs.string("norm"), false, lines.n);
    int64_t count = lines.n / 2 + 1;
    for (int64_t o = 0; o < lines.outer; ++o) {
      for (int64_t i = 0; i < lines.inner; ++i) {
        auto y = fourier_sums(fourier_line(x, false, lines, o, i), false, scale, count);
        for (int64_t k = 0; k < count; ++k) {
          int64_t at = 2 * ((o * count + k) * lines.inner + i);
          c.outputs[0].set(at, y[static_cast<size_t>(k)].real());
          c.outputs[0].set(at + 1, y[static_cast<size_t>(k)].imag());
        }
      }
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
