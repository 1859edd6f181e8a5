#include "accelerate/ops.h"
#include "ops/fourier.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Discrete Fourier transform along the axis of complex numbers, which are pairs (real, imaginary) on a last axis of 2:
/// y[j] = s * sum over k of x[k] exp(-2 pi i jk / n), with the sign of the exponent turned if inverse. norm gives s:
/// "backward" 1, or 1/n if inverse; "ortho" 1/sqrt(n); "forward" 1/n, or 1 if inverse. Shapes: x [...,n,...,2] -> as x.
/// f32 or f64. As torch.fft.fft and ifft.
// api: Value fft(Value x, int64_t axis, bool inverse = false, std::string norm = "backward");
Value fft(Value x, int64_t axis, bool inverse, std::string norm) {
  return build("fft", {x}, {{"axis", front_axis(axis, x.rank())}, {"inverse", inverse}, {"norm", std::move(norm)}});
}

void register_fft(OpRegistry& registry) {
  OpDef op;
  op.name = "fft";
  op.doc = "discrete Fourier transform along an axis of complex pairs [...,2]";
  op.min_operands = op.max_operands = 1;
  op.attrs = fourier_attrs();
  op.attrs.push_back({"inverse", AttrKind::boolean, Attr(false), false, "the inverse transform"});
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_pairs(c);
    return {c.operand(0)};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    FourierLines lines = fourier_lines(x.shape(), c.attrs.integer("axis"), true);
    bool inverse = c.attrs.boolean("inverse");
    double scale = fourier_scale(c.attrs.string("norm"), inverse, lines.n);
    for (int64_t o = 0; o < lines.outer; ++o) {
      for (int64_t i = 0; i < lines.inner; ++i) {
        auto y = fourier_sums(fourier_line(x, true, lines, o, i), inverse, scale, lines.n);
        for (int64_t k = 0; k < lines.n; ++k) {
          int64_t at = 2 * ((o * lines.n + k) * lines.inner + i);
          c.outputs[0].set(at, y[static_cast<size_t>(k)].real());
          c.outputs[0].set(at + 1, y[static_cast<size_t>(k)].imag());
        }
      }
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
