#include "backends/max/mo/builder.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "backend/region_support.h"
#include "base/error.h"

namespace accelerate::max_engine {
namespace {

/// The bits of element i as an unsigned number.
uint64_t bits_of(const Tensor& value, int64_t i) {
  size_t width = size_of(value.dtype());
  uint64_t out = 0;
  std::memcpy(&out, static_cast<const char*>(value.data()) + static_cast<size_t>(i) * width, width);
  return out;
}

std::string element_text(const Tensor& value, int64_t i) {
  DType dtype = value.dtype();
  if (dtype == DType::boolean) return bits_of(value, i) != 0 ? "true" : "false";
  if (!is_float(dtype)) return std::to_string(value.get_int(i));
  // Hexadecimal bits are exact.
  return fmt::format("0x{:0{}X}", bits_of(value, i), 2 * size_of(dtype));
}

}  // namespace

std::string MoBuilder::dim(const Dim& dim) {
  if (auto number = dim.constant()) return std::to_string(*number);
  auto [it, added] = symbol_names_.emplace(dim.to_string(), "d" + std::to_string(symbols_.size()));
  if (added) symbols_.push_back(dim);
  return it->second;
}

std::string MoBuilder::shape(const Shape& shape) {
  std::string out;
  for (const Dim& d : shape) out += (out.empty() ? "" : ", ") + dim(d);
  return out;
}

std::string_view MoBuilder::element(DType dtype) {
  switch (dtype) {
    case DType::f64: return "f64";
    case DType::f32: return "f32";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
    case DType::i64: return "si64";
    case DType::i32: return "si32";
    case DType::i16: return "si16";
    case DType::i8: return "si8";
    case DType::u64: return "ui64";
    case DType::u32: return "ui32";
    case DType::u16: return "ui16";
    case DType::u8: return "ui8";
    case DType::boolean: return "bool";
    default: break;
  }
  fail(ErrorCode::internal, "MAX text has no element type for {}", name_of(dtype));
}

std::string MoBuilder::type(const TensorType& type) {
  return fmt::format("!mo.tensor<[{}], {}>", shape(type.shape), element(type.dtype));
}

std::string MoBuilder::typed(std::string_view name, std::span<const MoValue> operands,
                             const std::vector<std::string>& operand_types, const std::string& result,
                             const std::string& attributes) {
  std::string names;
  std::string types;
  for (size_t i = 0; i < operands.size(); ++i) {
    names += (i == 0 ? "" : ", ") + operands[i].name;
    types += (i == 0 ? "" : ", ") + operand_types[i];
  }
  std::string out = next_name();
  body_ += fmt::format("  {} = {}({}){} : ({}) -> {} loc(unknown)\n", out, name, names,
                       attributes.empty() ? "" : " {" + attributes + "}", types, result);
  return out;
}

MoValue MoBuilder::op(std::string_view name, std::span<const MoValue> operands, const TensorType& result,
                      const std::string& attributes) {
  std::vector<std::string> types;
  for (const MoValue& v : operands) types.push_back(type(v.type));
  return {typed(name, operands, types, type(result), attributes), result};
}

MoValue MoBuilder::once(const std::string& text, const TensorType& type) {
  std::string key = text + " : " + this->type(type);
  auto it = made_.find(key);
  if (it != made_.end()) return it->second;
  MoValue out{"%k" + std::to_string(without_operands_.size()), type};
  without_operands_.push_back(text);
  made_.emplace(std::move(key), out);
  return out;
}

std::string MoBuilder::finished(const std::string& tail) const {
  std::vector<size_t> order(without_operands_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return without_operands_[a] < without_operands_[b]; });
  std::vector<size_t> place(order.size());
  std::string out;
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    out += fmt::format("  %k{} = {} loc(unknown)\n", i, without_operands_[order[i]]);
  }
  std::string rest = body_ + tail;
  for (size_t at = 0; at < rest.size();) {
    size_t found = std::min(rest.find("%k", at), rest.size());
    out.append(rest, at, found - at);
    at = found;
    if (found == rest.size()) break;
    size_t number = 0;
    for (at += 2; at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; ++at)
      number = 10 * number + static_cast<size_t>(rest[at] - '0');
    out += "%k" + std::to_string(place.at(number));
  }
  return out;
}

MoValue MoBuilder::constant(const Tensor& value) {
  std::string elements;
  for (int64_t i = 0; i < value.num_elements(); ++i) elements += (i == 0 ? "" : ", ") + element_text(value, i);
  std::string extents;
  for (int64_t n : value.shape()) extents += std::to_string(n) + "x";
  std::string_view storage = value.dtype() == DType::boolean ? "i1" : element(value.dtype());
  TensorType type = value.type();
  MoValue out = once(fmt::format("mo.constant {{value = #M.dense_array<{}> : tensor<{}{}>}} : {}", elements, extents,
                                 storage, this->type(type)),
                     type);
  if (value.dtype() == DType::i64 && value.rank() == 0) numbers_[out.name] = value.get_int(0);
  return out;
}

MoValue MoBuilder::scalar(DType dtype, double value) {
  return constant(Tensor::scalar(dtype, value));
}

MoValue MoBuilder::integer(DType dtype, int64_t value) {
  Tensor tensor(dtype, {});
  tensor.set_int(0, value);
  return constant(tensor);
}

MoValue MoBuilder::integers(const std::vector<int64_t>& values) {
  return constant(Tensor::from(DType::i64, {static_cast<int64_t>(values.size())}, values));
}

MoValue MoBuilder::extents(const Shape& shape) {
  if (auto numbers = static_extents(shape)) return integers(*numbers);
  TensorType type(DType::i64, {static_cast<int64_t>(shape.size())});
  return once(fmt::format("rmo.shape_to_tensor() {{shape = #mosh<ape[{}]> : !mosh.ape}} : () -> {}", this->shape(shape),
                          this->type(type)),
              type);
}

MoValue MoBuilder::extent(const Dim& dim) {
  if (auto number = dim.constant()) return integer(DType::i64, *number);
  std::string key = "extent " + this->dim(dim);
  if (auto it = made_.find(key); it != made_.end()) return it->second;
  return made_.emplace(std::move(key), reshape(extents({dim}), {})).first->second;
}

MoValue MoBuilder::external(const std::string& name, const TensorType& type) {
  return once(fmt::format("mo.constant.external {{align = {} : ui64, device = #M.device_ref<\"cpu\", 0>, name = "
                          "\"{}\"}} : {}",
                          size_of(type.dtype), name, this->type(type)),
              type);
}

MoValue MoBuilder::cast(const MoValue& x, DType dtype) {
  if (x.type.dtype == dtype) return x;
  return op("mo.cast", {x}, {dtype, x.type.shape});
}

MoValue MoBuilder::to_bool(const MoValue& x) {
  if (x.type.dtype == DType::boolean) return x;
  return binary("not_equal", x, scalar(x.type.dtype, 0), DType::boolean);
}

MoValue MoBuilder::reshape(const MoValue& x, const Shape& shape) {
  if (x.type.shape == shape) return x;
  return op("mo.reshape", {x, extents(shape)}, {x.type.dtype, shape});
}

MoValue MoBuilder::transpose(const MoValue& x, const std::vector<int64_t>& permutation) {
  Shape shape;
  bool moves = false;
  for (size_t i = 0; i < permutation.size(); ++i) {
    shape.push_back(x.type.shape.at(static_cast<size_t>(permutation[i])));
    moves = moves || permutation[i] != static_cast<int64_t>(i);
  }
  if (!moves) return x;
  MoValue order = integers(permutation);
  std::string key = "transpose " + x.name + " " + order.name;
  if (auto it = made_.find(key); it != made_.end()) return it->second;
  MoValue out = op("rmo.mo.transpose", {x, order}, {x.type.dtype, std::move(shape)});
  return made_.emplace(std::move(key), out).first->second;
}

MoValue MoBuilder::broadcast(const MoValue& x, const Shape& shape) {
  if (x.type.shape == shape) return x;
  return op("mo.broadcast_to", {x, extents(shape)}, {x.type.dtype, shape});
}

MoValue MoBuilder::concat(std::span<const MoValue> values, size_t axis, const Dim& extent) {
  TensorType result(values[0].type.dtype, values[0].type.shape);
  std::string sum;
  bool symbolic = false;
  std::vector<MoValue> operands;
  for (const MoValue& v : values) {
    // Extents beside the axis are those of the first.
    Shape wanted = result.shape;
    wanted[axis] = v.type.shape[axis];
    operands.push_back(v.type.shape == wanted ? v : rebind(v.name, type(v.type), {v.type.dtype, wanted}));
    std::string term = dim(v.type.shape[axis]);
    sum = sum.empty() ? term : fmt::format("add({}, {})", sum, term);
    symbolic = symbolic || !v.type.shape[axis].is_constant();
  }
  std::string attributes = fmt::format("axis = {} : index", axis);
  result.shape[axis] = extent;
  if (!symbolic) return op("rmo.concat", operands, result, attributes);
  std::string inferred = "!mo.tensor<[";
  for (size_t i = 0; i < result.shape.size(); ++i)
    inferred += (i == 0 ? "" : ", ") + (i == axis ? sum : dim(result.shape[i]));
  inferred += fmt::format("], {}>", element(result.dtype));
  std::vector<std::string> types;
  for (const MoValue& v : operands) types.push_back(type(v.type));
  std::string name = typed("rmo.concat", operands, types, inferred, attributes);
  return rebind(name, inferred, result);
}

MoValue MoBuilder::slice(const MoValue& x, const Shape& starts, const Shape& ends, const std::vector<int64_t>& steps,
                         const Shape& result) {
  return op("mo.slice", {x, extents(starts), extents(ends), integers(steps)}, {x.type.dtype, result});
}

std::string MoBuilder::rebind_text(const std::string& name, const std::string& from_type, const std::string& to_type) {
  std::string out = next_name();
  body_ += fmt::format("  {} = rmo.rebind_tensor_shape({}) {{message = \"extents\"}} : ({}) -> {} loc(unknown)\n", out,
                       name, from_type, to_type);
  return out;
}

MoValue MoBuilder::rebind(const std::string& name, const std::string& from_type, const TensorType& to) {
  return {rebind_text(name, from_type, type(to)), to};
}

MoValue MoBuilder::aligned(const MoValue& x, const Shape& result) {
  Shape wanted = x.type.shape;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Dim& to = result[result.size() - wanted.size() + i];
    if (!(wanted[i] == Dim(1)) && !(wanted[i] == to)) wanted[i] = to;
  }
  return wanted == x.type.shape ? x : rebind(x.name, type(x.type), {x.type.dtype, wanted});
}

MoValue MoBuilder::binary(std::string_view name, const MoValue& a, const MoValue& b, DType dtype) {
  Shape shape = broadcast_extents(a.type.shape, b.type.shape);
  MoValue out = op("rmo." + std::string(name), {aligned(a, shape), aligned(b, shape)}, {dtype, shape});
  if (dtype != DType::i64) return out;
  auto number = numbers_.find(b.name);
  if (name == "max" && number != numbers_.end() && number->second == 0) at_least_zero_.insert(out.name);
  if (name == "sub" && number != numbers_.end() && number->second == 1) one_less_[out.name] = a.name;
  auto limit = one_less_.find(b.name);
  if (name == "min" && at_least_zero_.contains(a.name) && limit != one_less_.end()) in_range_[out.name] = limit->second;
  return out;
}

bool MoBuilder::in_range(const MoValue& index, const MoValue& extent) const {
  auto it = in_range_.find(index.name);
  return it != in_range_.end() && it->second == extent.name;
}

MoValue MoBuilder::select(const MoValue& condition, const MoValue& a, const MoValue& b) {
  Shape shape = broadcast_extents(broadcast_extents(a.type.shape, b.type.shape), condition.type.shape);
  return op("rmo.select", {aligned(condition, shape), aligned(a, shape), aligned(b, shape)}, {a.type.dtype, shape});
}

MoValue MoBuilder::reduce(std::string_view name, const MoValue& x, size_t axis) {
  TensorType result = x.type;
  result.shape[axis] = 1;
  return op("rmo.mo.reduce." + std::string(name), {x}, result, fmt::format("axis = {} : index", axis));
}

}  // namespace accelerate::max_engine
