#include "accelerate/ops.h"
#include "ops/fourier.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Inverse of rfft: n real numbers from the first floor(n/2) + 1 numbers of their transform, pairs (real, imaginary) on
/// a last axis of 2; the imaginary part of the first, and for an even n of the last, is not read. norm as in fft.
/// Shapes: x [...,floor(n/2)+1,...,2] -> [...,n,...]. f32 or f64. As torch.fft.irfft.
// api: Value irfft(Value x, Dim n, int64_t axis, std::string norm = "backward");
Value irfft(Value x, Dim n, int64_t axis, std::string norm) {
  return build("irfft", {x},
               {{"n", Shape{std::move(n)}}, {"axis", front_axis(axis, x.rank())}, {"norm", std::move(norm)}});
}

void register_irfft(OpRegistry& registry) {
  OpDef op;
  op.name = "irfft";
  op.doc = "real numbers from half of their discrete Fourier transform: x[...,n/2+1,...,2] -> [...,n,...]";
  op.min_operands = op.max_operands = 1;
  op.attrs = fourier_attrs();
  op.attrs.push_back({"n", AttrKind::dims, std::nullopt, false, "extent of the axis in the result (one dim)"});
  op.numerics = Numerics::accumulating;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_pairs(c);
    const Shape& n = c.attrs.dims("n");
    if (n.size() != 1) fail(ErrorCode::invalid_graph, "n has {} dims; expected one", n.size());
    if (n[0].constant().value_or(1) < 1)
      fail(ErrorCode::invalid_shape, "n is {}; expected 1 or more", n[0].to_string());
    Shape shape(c.operand(0).shape.begin(), c.operand(0).shape.end() - 1);
    Dim& extent = shape[static_cast<size_t>(c.axis("axis", c.operand(0).rank()))];
    unify(extent, floordiv(n[0], 2) + 1, "numbers of the transform");
    extent = n[0];
    return {{c.operand(0).dtype, std::move(shape)}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    FourierLines lines = fourier_lines(x.shape(), c.attrs.integer("axis"), true);
    int64_t n = c.extents("n").at(0);
    if (n < 1 || lines.n != n / 2 + 1)
      fail(ErrorCode::invalid_shape, "the transform of {} numbers has {} on the axis; expected {}", n, lines.n,
           n / 2 + 1);
    double scale = fourier_scale(c.attrs.string("norm"), true, n);
    for (int64_t o = 0; o < lines.outer; ++o) {
      for (int64_t i = 0; i < lines.inner; ++i) {
        auto line = fourier_line(x, true, lines, o, i);
        line[0] = line[0].real();
        if (n % 2 == 0) line.back() = line.back().real();
        for (int64_t k = lines.n; k < n; ++k) line.push_back(std::conj(line[static_cast<size_t>(n - k)]));
        auto y = fourier_sums(line, true, scale, n);
        for (int64_t k = 0; k < n; ++k)
          c.outputs[0].set((o * n + k) * lines.inner + i, y[static_cast<size_t>(k)].real());
      }
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
