#include "ops/rules.h"

#include <algorithm>
#include <cmath>

#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

Dim unify(const Dim& a, const Dim& b, std::string_view what) {
  if (a == b) return a;
  if (a.is_constant() != b.is_constant()) return a.is_constant() ? a : b;
  if (a.has_unbacked() != b.has_unbacked()) return a.has_unbacked() ? b : a;
  if (a.has_unbacked()) return a;
  fail(ErrorCode::invalid_shape, "{}: {} against {}; expected equal extents", what, a.to_string(), b.to_string());
}

int64_t front_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    fail(ErrorCode::invalid_shape, "axis {} is out of range for a tensor of rank {}; expected a value in [{}, {})",
         axis, rank, -rank, rank);
  return axis < 0 ? axis + rank : axis;
}

std::vector<int64_t> front_axes(std::vector<int64_t> axes, int rank) {
  std::vector<bool> seen(static_cast<size_t>(rank), false);
  for (int64_t& axis : axes) {
    axis = front_axis(axis, rank);
    if (seen[static_cast<size_t>(axis)]) fail(ErrorCode::invalid_shape, "axis {} is given twice", axis);
    seen[static_cast<size_t>(axis)] = true;
  }
  return axes;
}

void require_same_dtype(const InferContext& c, size_t a, size_t b) {
  if (c.operand(a).dtype != c.operand(b).dtype)
    fail(ErrorCode::invalid_dtype, "operands {} and {} are {} and {}; expected one dtype (cast one of them)", a, b,
         c.operand(a).to_string(), c.operand(b).to_string());
}

bool is_index(DType dtype) {
  return dtype == DType::i64 || dtype == DType::i32;
}
bool is_number(DType dtype) {
  return is_float(dtype) || is_integer(dtype);
}
bool is_data(DType dtype) {
  return dtype != DType::token;
}

void require_one_of(std::string_view what, std::string_view value, std::initializer_list<std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
  std::string list;
  for (std::string_view name : allowed) list += (list.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  fail(ErrorCode::invalid_argument, "{} is \"{}\"; expected one of {}", what, printable(value), list);
}

void require_extents(const Tensor& tensor, const std::vector<int64_t>& extents, std::string_view what) {
  if (tensor.shape() != extents)
    fail(ErrorCode::invalid_shape, "{} is {}; expected {}", what, to_string(tensor.shape()), to_string(extents));
}

int64_t checked_index(int64_t index, int64_t n) {
  if (index < -n || index >= n)
    fail(ErrorCode::invalid_argument, "index {} is out of range for an axis of {}", index, n);
  return index < 0 ? index + n : index;
}

void require_operand_count(const InferContext& c, size_t count) {
  if (c.num_operands() != count)
    fail(ErrorCode::invalid_graph, "{} operands; these attributes take {}", c.num_operands(), count);
}

void require_same_type(const TensorType& type, const TensorType& expected, std::string_view what) {
  if (type == expected) return;
  fail(type.dtype == expected.dtype ? ErrorCode::invalid_shape : ErrorCode::invalid_dtype, "{} is {}; expected {}",
       what, type.to_string(), expected.to_string());
}

void require_bool_scalar(const TensorType& type, std::string_view what) {
  require_same_type(type, {DType::boolean, {}}, what);
}

const Graph& require_region(const InferContext& c, size_t i, const std::vector<TensorType>& inputs) {
  if (i >= c.regions.size() || c.regions[i] == nullptr) fail(ErrorCode::invalid_graph, "region {} is missing", i);
  const Graph& region = *c.regions[i];
  if (region.inputs().size() != inputs.size())
    fail(ErrorCode::invalid_graph, "region {} takes {} inputs; expected {}", i, region.inputs().size(), inputs.size());
  for (size_t k = 0; k < inputs.size(); ++k)
    require_same_type(region.type_of(region.inputs()[k]), inputs[k], fmt::format("input {} of region {}", k, i));
  return region;
}

std::vector<TensorType> output_types(const Graph& graph) {
  std::vector<TensorType> out;
  for (const auto& output : graph.outputs()) out.push_back(graph.type_of(output.value));
  return out;
}

void require_state(const InferContext& c) {
  if (!c.operand(0).is_token())
    fail(ErrorCode::invalid_dtype, "operand 0 is {}; expected a token", c.operand(0).to_string());
  require_one_of("kind", c.attrs.string("kind"), {"paged", "window", "recurrent", "cross"});
  if (c.attrs.string("name").empty()) fail(ErrorCode::invalid_argument, "a state has an empty name");
}

void require_scatter(const InferContext& c) {
  require_dtype(c, 0, is_data, "a tensor");
  require_dtype(c, 1, is_index, "i64 or i32");
  require_same_dtype(c, 0, 2);
  const std::string& reduction = c.attrs.string("reduction");
  require_one_of("reduction", reduction, {"none", "add", "mul", "max", "min"});
  if (reduction != "none") require_dtype(c, 0, is_number, "a float or integer type for a reduction");
}

Scatter::Scatter(const Tensor& x, std::string reduction) : reduction_(std::move(reduction)) {
  bool exact = reduction_ == "none" || reduction_ == "max" || reduction_ == "min";
  DType wide = is_float(x.dtype()) ? DType::f64 : DType::i64;
  values_ = exact || x.dtype() == wide ? x.clone() : x.cast(wide);
}

void Scatter::put(int64_t to, const Tensor& updates, int64_t from) {
  if (reduction_ == "none") {
    copy_element(updates, from, values_, to);
  } else if (is_integer(values_.dtype())) {
    auto a = values_.get_int(to);
    auto b = updates.get_int(from);
    bool is_unsigned = !is_signed_integer(values_.dtype());
    bool less = is_unsigned ? static_cast<uint64_t>(a) < static_cast<uint64_t>(b) : a < b;
    if (reduction_ == "max") values_.set_int(to, less ? b : a);
    if (reduction_ == "min") values_.set_int(to, less ? a : b);
    if (reduction_ == "add")
      values_.set_int(to, static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)));
    if (reduction_ == "mul")
      values_.set_int(to, static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)));
  } else {
    double a = values_.get(to);
    double b = updates.get(from);
    bool nan = std::isnan(a) || std::isnan(b);
    if (reduction_ == "max") values_.set(to, nan ? std::nan("") : std::max(a, b));
    if (reduction_ == "min") values_.set(to, nan ? std::nan("") : std::min(a, b));
    if (reduction_ == "add") values_.set(to, a + b);
    if (reduction_ == "mul") values_.set(to, a * b);
  }
}

void Scatter::store(Tensor& out) const {
  out = values_.cast(out.dtype());
}

DType compute_dtype(DType dtype) {
  return is_float(dtype) && size_of(dtype) < 4 ? DType::f32 : dtype;
}

Value cast_to(Value x, DType dtype) {
  return x.dtype() == dtype ? x : cast(x, dtype);
}

Value with_trailing_axes(Value x, int trailing) {
  if (trailing <= 0) return x;
  Shape shape = x.shape();
  shape.insert(shape.end(), static_cast<size_t>(trailing), Dim(1));
  return reshape(x, std::move(shape));
}

void require_affine(const InferContext& c, size_t first, const Dim& channels) {
  for (size_t i = first; i < c.num_operands() && i < first + 2; ++i) {
    require_dtype(c, i, is_float, "a float type");
    if (c.operand(i).rank() != 1 || (c.operand(i).shape[0] != channels && channels.is_constant()))
      fail(ErrorCode::invalid_shape, "operand {} is {}; expected [{}]", i, c.operand(i).to_string(),
           channels.to_string());
    unify(c.operand(i).shape[0], channels, "channels");
  }
}

Value normalize_last_axis(Value x, double eps) {
  Value centred = sub(x, reduce_mean(x, {-1}, true));
  Value variance = reduce_mean(mul(centred, centred), {-1}, true);
  return mul(centred, rsqrt(add(variance, scalar_like(x, eps))));
}

int64_t channel_axis(std::string_view layout, int rank) {
  require_one_of("layout", layout, {"NCHW", "NHWC"});
  return layout == "NCHW" ? 1 : rank - 1;
}

Value to_channels_first(Value x, std::string_view layout) {
  return layout == "NCHW" ? x : move_axis(x, -1, 1);
}
Value from_channels_first(Value x, std::string_view layout) {
  return layout == "NCHW" ? x : move_axis(x, 1, -1);
}

Value matmul_along(Value x, Value matrix, int64_t axis) {
  bool last = axis == x.rank() - 1;
  Value out = matmul(last ? x : move_axis(x, axis, -1), matrix);
  return last ? out : move_axis(out, -1, axis);
}

Value extent_value(Builder& builder, const Dim& dim) {
  if (auto number = dim.constant()) return constant(builder, Tensor::from<int64_t>(DType::i64, {}, {*number}));
  return dim_value(builder, dim);
}

std::vector<Value> inline_region(Builder& builder, const Graph& region, std::span<const Value> operands) {
  std::vector<Value> values(region.num_values());
  for (size_t i = 0; i < operands.size(); ++i) values[region.inputs().at(i)] = operands[i];
  for (const Node& node : region.nodes()) {
    std::vector<Value> inputs;
    inputs.reserve(node.operands.size());
    for (ValueId id : node.operands) inputs.push_back(values[id]);
    auto results =
        inputs.empty() ? builder.add(*node.op, {}, node.attrs, node.regions) : copy_node(builder, node, inputs);
    for (size_t r = 0; r < results.size(); ++r) values[node.results[r]] = results[r];
  }
  std::vector<Value> out;
  for (const auto& output : region.outputs()) out.push_back(values[output.value]);
  return out;
}

TensorType linear_result(const TensorType& x, const TensorType& weight, const TensorType* bias) {
  for (const TensorType* t : {&x, &weight, bias}) {
    if (t != nullptr && !is_float(t->dtype))
      fail(ErrorCode::invalid_dtype, "an operand is {}; expected a float type", t->to_string());
  }
  if (x.rank() < 1) fail(ErrorCode::invalid_shape, "x is a scalar; expected [..., features]");
  if (weight.rank() != 2)
    fail(ErrorCode::invalid_shape, "weight is {}; expected [out features, in features]", weight.to_string());
  const Dim& features = x.shape.back();
  if (features.is_constant() && features != weight.shape[1])
    fail(ErrorCode::invalid_shape, "x has {} features; weight {} takes {}", features.to_string(), weight.to_string(),
         weight.shape[1].to_string());
  unify(features, weight.shape[1], "features of x and weight");
  if (bias != nullptr && (bias->rank() != 1 || bias->shape[0] != weight.shape[0]))
    fail(ErrorCode::invalid_shape, "bias is {}; expected [{}]", bias->to_string(), weight.shape[0].to_string());
  TensorType out(x.dtype, x.shape);
  out.shape.back() = weight.shape[0];
  return out;
}

void linear_reference(const Tensor& x, const Tensor& weight, const Tensor* bias, Tensor& out) {
  int64_t n = weight.dim(0);
  int64_t k = weight.dim(1);
  if (x.dim(-1) != k) fail(ErrorCode::invalid_shape, "x is {}; weight takes {} features", to_string(x.shape()), k);
  int64_t rows = n == 0 ? 0 : out.num_elements() / n;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = bias != nullptr ? bias->get(j) : 0.0;
      for (int64_t p = 0; p < k; ++p) sum += x.get(i * k + p) * weight.get(j * k + p);
      out.set(i * n + j, sum);
    }
  }
}

void require_activation(std::string_view name) {
  require_one_of("activation", name, {"none", "relu", "gelu", "gelu_tanh", "quick_gelu", "silu", "tanh", "sigmoid"});
}

double activate(double x, std::string_view name) {
  auto sigmoid_of = [](double v) { return 1.0 / (1.0 + std::exp(-v)); };
  if (name == "relu") return x < 0 ? 0.0 : x;
  if (name == "gelu") return 0.5 * x * (1.0 + std::erf(x * M_SQRT1_2));
  if (name == "gelu_tanh") return 0.5 * x * (1.0 + std::tanh(M_2_SQRTPI * M_SQRT1_2 * (x + 0.044715 * x * x * x)));
  if (name == "quick_gelu") return x * sigmoid_of(1.702 * x);
  if (name == "silu") return x * sigmoid_of(x);
  if (name == "tanh") return std::tanh(x);
  if (name == "sigmoid") return sigmoid_of(x);
  return x;
}

Value apply_activation(Value x, std::string_view name) {
  require_activation(name);
  if (name == "relu") return relu(x);
  if (name == "gelu") return gelu(x, "none");
  if (name == "gelu_tanh") return gelu(x, "tanh");
  if (name == "quick_gelu") return quick_gelu(x);
  if (name == "silu") return silu(x);
  if (name == "tanh") return tanh(x);
  if (name == "sigmoid") return sigmoid(x);
  return x;
}

}  // namespace accelerate::ops
