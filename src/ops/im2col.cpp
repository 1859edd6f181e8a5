#include <algorithm>

#include "accelerate/ops.h"
#include "ops/columns.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The elements of each window as one column. Shapes: x [N,C,...] with 1 to 3 spatial axes -> [N,C*k,L], where k are
/// the elements of the window and L its positions, both row-major; padding reads 0. Of the options, ceil_mode and
/// count_include_pad are not used, and layout is "NCHW". As torch.nn.functional.unfold.
// api: Value im2col(Value x, PoolOptions options);
Value im2col(Value x, PoolOptions options) {
  return build("im2col", {x}, column_attrs(options));
}

namespace {

Shape im2col_positions(const Window& window, const Shape& x) {
  Shape out;
  for (size_t i = 0; i < window.kernel.size(); ++i) out.push_back(window.positions(i, x[i + 2]));
  return out;
}

Dim window_elements(const Window& window) {
  return num_elements(Shape(window.kernel.begin(), window.kernel.end()));
}

std::vector<Value> expand_im2col(Builder& builder, const Node& node, std::span<const Value> in) {
  Window window = column_window(node.attrs);
  Value x = in[0];
  Shape positions = im2col_positions(window, x.shape());
  Shape begin(2, Dim(0));
  Shape end(2, Dim(0));
  begin.insert(begin.end(), window.padding_begin.begin(), window.padding_begin.end());
  end.insert(end.end(), window.padding_end.begin(), window.padding_end.end());
  bool padded = std::any_of(begin.begin(), begin.end(), [](const Dim& d) { return d != Dim(0); }) ||
                std::any_of(end.begin(), end.end(), [](const Dim& d) { return d != Dim(0); });
  if (padded) x = pad(x, begin, end);
  Value index = column_positions(builder, window, Shape(x.shape().begin() + 2, x.shape().end()), positions);
  Value columns = gather(flatten(x, 2, -1), flatten(index), 2);
  return {reshape(columns, {x.dim(0), x.dim(1) * window_elements(window), num_elements(positions)})};
}

}  // namespace

void register_im2col(OpRegistry& registry) {
  OpDef op;
  op.name = "im2col";
  op.doc = "the elements of each window as one column: x[N,C,...] -> [N,C*k,L]";
  op.min_operands = op.max_operands = 1;
  op.attrs = column_attr_specs();
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    Window window = column_window(c.attrs);
    const Shape& x = c.operand(0).shape;
    if (x.size() != window.kernel.size() + 2)
      fail(ErrorCode::invalid_shape, "x is {} for a window of {} axes; expected [N,C,...]", c.operand(0).to_string(),
           window.kernel.size());
    return {{c.operand(0).dtype, {x[0], x[1] * window_elements(window), num_elements(im2col_positions(window, x))}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    std::vector<int64_t> sizes(x.shape().begin() + 2, x.shape().end());
    int64_t inner = 1;
    for (int64_t size : sizes) inner *= size;
    int64_t images = x.dim(0) * x.dim(1);
    int64_t columns = images == 0 ? 0 : out.num_elements() / images;
    std::memset(out.data(), 0, out.size_bytes());
    for_each_column(column_window(c.attrs), sizes, [&](int64_t column, int64_t at) {
      for (int64_t i = 0; i < images && at >= 0; ++i) copy_element(x, i * inner + at, out, i * columns + column);
    });
  };
  op.expand = expand_im2col;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
