#include "accelerate/ops.h"
#include "ops/columns.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The adjoint of im2col: the elements of each column added to the positions of its window. Shapes: x [N,C*k,L] ->
/// [N,C,sizes...], where L are the window positions on an image of these extents; what falls in the padding is dropped.
/// Options as in im2col. As torch.nn.functional.fold.
// api: Value col2im(Value x, Shape sizes, PoolOptions options);
Value col2im(Value x, Shape sizes, PoolOptions options) {
  Attrs attrs = column_attrs(options);
  attrs.set("sizes", std::move(sizes));
  return build("col2im", {x}, std::move(attrs));
}

namespace {

struct Fold {
  Window window;
  Shape sizes;
  Shape positions;
  Dim elements = 1;
};

Fold fold_of(const Attrs& attrs) {
  Fold out;
  out.window = column_window(attrs);
  out.sizes = attrs.dims("sizes");
  if (out.sizes.size() != out.window.kernel.size())
    fail(ErrorCode::invalid_argument, "sizes {} for a window of {} axes; expected one for each", to_string(out.sizes),
         out.window.kernel.size());
  for (size_t i = 0; i < out.sizes.size(); ++i) {
    out.positions.push_back(out.window.positions(i, out.sizes[i]));
    out.elements = out.elements * Dim(out.window.kernel[i]);
  }
  return out;
}

std::vector<TensorType> infer_col2im(const InferContext& c) {
  require_dtype(c, 0, is_float, "a float type");
  require_rank(c, 0, 3, 3);
  Fold fold = fold_of(c.attrs);
  const Shape& x = c.operand(0).shape;
  if (x[1].is_constant() && x[1].as_constant("") % fold.elements.as_constant("") != 0)
    fail(ErrorCode::invalid_shape, "x is {} for windows of {} elements; expected a multiple of them on axis 1",
         c.operand(0).to_string(), fold.elements.to_string());
  unify(x[2], num_elements(fold.positions), "columns and window positions");
  Shape out{x[0], floordiv(x[1], fold.elements)};
  out.insert(out.end(), fold.sizes.begin(), fold.sizes.end());
  return {{c.operand(0).dtype, std::move(out)}};
}

void reference_col2im(EvalContext& c) {
  const Tensor& x = c.inputs[0];
  auto sizes = c.extents("sizes");
  Fold fold = fold_of(c.attrs);
  int64_t inner = 1;
  for (int64_t size : sizes) inner *= size;
  int64_t elements = fold.elements.as_constant("elements of the window");
  int64_t images = x.dim(0) * (x.dim(1) / elements);
  int64_t columns = elements * x.dim(2);
  Tensor sums = Tensor::zeros(DType::f64, c.outputs[0].shape());
  int64_t seen = 0;
  for_each_column(fold.window, sizes, [&](int64_t, int64_t) { ++seen; });
  if (seen != columns)
    fail(ErrorCode::invalid_shape, "x is {}; an image of {} has {} columns of {} elements", to_string(x.shape()),
         to_string(sizes), seen / elements, elements);
  for_each_column(fold.window, sizes, [&](int64_t column, int64_t at) {
    for (int64_t i = 0; i < images && at >= 0; ++i) sums.as<double>()[i * inner + at] += x.get(i * columns + column);
  });
  c.outputs[0] = sums.cast(c.outputs[0].dtype());
}

// Rows of [positions of the padded image, N*C] are added up.
std::vector<Value> expand_col2im(Builder& builder, const Node& node, std::span<const Value> in) {
  Fold fold = fold_of(node.attrs);
  DType dtype = in[0].dtype();
  Value x = cast_to(in[0], compute_dtype(dtype));
  Dim channels = floordiv(x.dim(1), fold.elements);
  Dim columns = fold.elements * num_elements(fold.positions);
  Shape padded;
  for (size_t i = 0; i < fold.sizes.size(); ++i)
    padded.push_back(fold.sizes[i] + fold.window.padding_begin[i] + fold.window.padding_end[i]);
  Value rows = transpose(reshape(x, {x.dim(0) * channels, columns}), {1, 0});
  Value index = reshape(column_positions(builder, fold.window, padded, fold.positions), {columns, 1});
  Value zeros = full(builder, x.dtype(), {num_elements(padded), x.dim(0) * channels}, 0);
  Value image = transpose(scatter_nd(zeros, index, rows, "add"), {1, 0});
  Shape shape{x.dim(0), channels};
  shape.insert(shape.end(), padded.begin(), padded.end());
  image = reshape(image, shape);
  for (size_t i = 0; i < fold.sizes.size(); ++i) {
    int64_t begin = fold.window.padding_begin[i];
    if (begin != 0 || fold.window.padding_end[i] != 0)
      image = slice(image, static_cast<int64_t>(i) + 2, begin, fold.sizes[i] + begin);
  }
  return {cast_to(image, dtype)};
}

}  // namespace

void register_col2im(OpRegistry& registry) {
  OpDef op;
  op.name = "col2im";
  op.doc = "the elements of each column added to the positions of its window: x[N,C*k,L] -> [N,C,sizes...]";
  op.min_operands = op.max_operands = 1;
  op.attrs = column_attr_specs();
  op.attrs.push_back({"sizes", AttrKind::dims, std::nullopt, false, "spatial extents of the result"});
  op.numerics = Numerics::accumulating;
  op.infer = infer_col2im;
  op.reference = reference_col2im;
  op.expand = expand_col2im;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
