#include "ops/grid_sample.h"

#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x read at the positions of a grid, by interpolation. Shapes: x [N,C,H,W], grid [N,h,w,2] of (x, y) pairs ->
/// [N,C,h,w]; or x [N,C,D,H,W], grid [N,d,h,w,3] of (x, y, z) -> [N,C,d,h,w]. Grid -1 and 1 are the outer edges of the
/// border positions, or their centres with align_corners. mode: "bilinear", "nearest" (halves to the even position) or
/// "bicubic" (two spatial axes only; Keys 1981 with -0.75). padding: what lies outside, "zeros", "border" (the nearest
/// inside) or "reflection" (mirrored at the edges). As torch.nn.functional.grid_sample.
// api: Value grid_sample(Value x, Value grid, std::string mode = "bilinear", std::string padding = "zeros", bool align_corners = false);
Value grid_sample(Value x, Value grid, std::string mode, std::string padding, bool align_corners) {
  return build("grid_sample", {x, grid},
               {{"mode", std::move(mode)}, {"padding", std::move(padding)}, {"align_corners", align_corners}});
}

GridSampling grid_sampling(const Attrs& attrs) {
  GridSampling out;
  const std::string& mode = attrs.string("mode");
  const std::string& padding = attrs.string("padding");
  require_one_of("mode", mode, {"bilinear", "nearest", "bicubic"});
  require_one_of("padding", padding, {"zeros", "border", "reflection"});
  out.mode = mode == "nearest"   ? GridSampling::Mode::nearest
             : mode == "bicubic" ? GridSampling::Mode::bicubic
                                 : GridSampling::Mode::linear;
  out.padding = padding == "border"       ? GridSampling::Padding::border
                : padding == "reflection" ? GridSampling::Padding::reflection
                                          : GridSampling::Padding::zeros;
  out.align_corners = attrs.boolean("align_corners");
  return out;
}

namespace {

std::vector<TensorType> infer_grid_sample(const InferContext& c) {
  require_dtype(c, 0, is_float, "a float type");
  require_same_dtype(c, 0, 1);
  require_rank(c, 0, 4, 5);
  GridSampling sampling = grid_sampling(c.attrs);
  const Shape& x = c.operand(0).shape;
  const Shape& grid = c.operand(1).shape;
  auto axes = static_cast<int64_t>(x.size()) - 2;
  if (sampling.mode == GridSampling::Mode::bicubic && axes != 2)
    fail(ErrorCode::invalid_argument, "mode bicubic for x {}; expected two spatial axes", c.operand(0).to_string());
  if (grid.size() != x.size() || (grid.back().constant().value_or(axes) != axes))
    fail(ErrorCode::invalid_shape, "grid is {} for x {}; expected the same rank and a last axis of {}",
         c.operand(1).to_string(), c.operand(0).to_string(), axes);
  for (size_t i = 2; i < x.size(); ++i)
    if (x[i].constant().value_or(1) < 1)
      fail(ErrorCode::invalid_shape, "x is {}; expected spatial extents of 1 or more", c.operand(0).to_string());
  Shape out{unify(x[0], grid[0], "batch of x and grid"), x[1]};
  out.insert(out.end(), grid.begin() + 1, grid.end() - 1);
  return {{c.operand(0).dtype, std::move(out)}};
}

template <typename Real>
void sample_reference(EvalContext& c) {
  const Tensor& x = c.inputs[0];
  const Tensor& grid = c.inputs[1];
  GridSampling sampling = grid_sampling(c.attrs);
  size_t axes = x.shape().size() - 2;
  auto strides = strides_of(x.shape());
  int64_t points = 1;
  for (size_t i = 1; i <= axes; ++i) points *= grid.shape()[i];
  int64_t channels = x.dim(1);
  if (grid.dim(-1) != static_cast<int64_t>(axes) || grid.dim(0) != x.dim(0))
    fail(ErrorCode::invalid_shape, "x is {} and grid {}", to_string(x.shape()), to_string(grid.shape()));
  for (size_t i = 0; i < axes; ++i)
    if (x.shape()[i + 2] < 1) fail(ErrorCode::invalid_shape, "x is {}: nothing to read", to_string(x.shape()));
  for (int64_t n = 0; n < x.dim(0); ++n) {
    for (int64_t p = 0; p < points; ++p) {
      // Taps of each axis, then of their product.
      std::vector<std::pair<int64_t, double>> taps{{0, 1.0}};
      for (size_t i = 0; i < axes; ++i) {
        auto at = (n * points + p) * static_cast<int64_t>(axes) + static_cast<int64_t>(axes - 1 - i);
        GridTaps<Real> axis = grid_axis_taps<Real>(sampling, static_cast<Real>(grid.get(at)), x.shape()[i + 2]);
        std::vector<std::pair<int64_t, double>> next;
        for (auto [offset, weight] : taps)
          for (int t = 0; t < axis.count; ++t)
            if (axis.position[t] >= 0)
              next.emplace_back(offset + axis.position[t] * strides[i + 2],
                                weight * static_cast<double>(axis.weight[t]));
        taps = std::move(next);
      }
      for (int64_t channel = 0; channel < channels; ++channel) {
        double sum = 0;
        for (auto [offset, weight] : taps) sum += weight * x.get((n * channels + channel) * strides[1] + offset);
        c.outputs[0].set((n * channels + channel) * points + p, sum);
      }
    }
  }
}

}  // namespace

void register_grid_sample(OpRegistry& registry) {
  OpDef op;
  op.name = "grid_sample";
  op.doc = "x[N,C,H,W] read at the positions of grid[N,h,w,2]: [N,C,h,w]; the same with three spatial axes";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"mode", AttrKind::string, Attr(std::string("bilinear")), false, "bilinear, nearest, bicubic"},
              {"padding", AttrKind::string, Attr(std::string("zeros")), false, "zeros, border, reflection"},
              {"align_corners", AttrKind::boolean, Attr(false), false, "-1 and 1 are centres, not edges"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_grid_sample;
  // Positions have the rounding of the grid's dtype, which decides between neighbours.
  op.reference = [](EvalContext& c) {
    if (c.inputs[1].dtype() == DType::f64) {
      sample_reference<double>(c);
    } else {
      sample_reference<float>(c);
    }
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
