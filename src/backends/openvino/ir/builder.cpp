#include "backends/openvino/ir/builder.h"

#include <algorithm>

#include "backend/region_support.h"
#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

std::string shape_text(const Shape& shape) {
  std::string out;
  for (const Dim& d : shape) {
    auto number = d.constant();
    out += (out.empty() ? "" : ",") + (number ? std::to_string(*number) : std::string("?"));
  }
  return out;
}

/// The name of an element type at a port.
std::string_view precision(DType dtype) {
  switch (dtype) {
    case DType::f64: return "FP64";
    case DType::f32: return "FP32";
    case DType::f16: return "FP16";
    case DType::bf16: return "BF16";
    case DType::i64: return "I64";
    case DType::i32: return "I32";
    case DType::i16: return "I16";
    case DType::i8: return "I8";
    case DType::u64: return "U64";
    case DType::u32: return "U32";
    case DType::u16: return "U16";
    case DType::u8: return "U8";
    case DType::boolean: return "BOOL";
    default: break;
  }
  fail(ErrorCode::internal, "OpenVINO has no element type for {}", name_of(dtype));
}

std::string port_text(size_t id, DType dtype) {
  return fmt::format("<port id=\"{}\" precision=\"{}\"/>", id, precision(dtype));
}

/// An operand's constant tensor must have memory even if it has no elements.
Tensor with_memory(const Tensor& value) {
  return value.data() != nullptr ? value : Tensor(value.dtype(), value.shape());
}

}  // namespace

std::string joined(const std::vector<int64_t>& values) {
  std::string out;
  for (int64_t v : values) out += (out.empty() ? "" : ",") + std::to_string(v);
  return out;
}

std::string_view IrBuilder::element(DType dtype) {
  switch (dtype) {
    case DType::f64: return "f64";
    case DType::f32: return "f32";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
    case DType::i64: return "i64";
    case DType::i32: return "i32";
    case DType::i16: return "i16";
    case DType::i8: return "i8";
    case DType::u64: return "u64";
    case DType::u32: return "u32";
    case DType::u16: return "u16";
    case DType::u8: return "u8";
    case DType::boolean: return "boolean";
    default: break;
  }
  fail(ErrorCode::internal, "OpenVINO has no element type for {}", name_of(dtype));
}

int IrBuilder::add(std::string_view type, std::string_view opset, std::span<const IrValue> operands,
                   std::vector<DType> outputs, IrAttributes attributes) {
  auto id = static_cast<int>(layers_.size());
  std::vector<DType> inputs;
  for (size_t i = 0; i < operands.size(); ++i) {
    inputs.push_back(operands[i].type.dtype);
    edges_ += fmt::format("<edge from-layer=\"{}\" from-port=\"{}\" to-layer=\"{}\" to-port=\"{}\"/>\n",
                          operands[i].layer, operands[i].port, id, i);
  }
  layers_.push_back({fmt::format("<layer id=\"{}\" name=\"n{}\" type=\"{}\" version=\"{}\">", id, id, type, opset),
                     std::move(inputs), std::move(outputs), -1, std::move(attributes)});
  return id;
}

IrValue IrBuilder::parameter(const TensorType& type) {
  ++num_parameters_;
  int id = add("Parameter", "opset1", {}, {type.dtype},
               {{"shape", shape_text(type.shape)}, {"element_type", std::string(element(type.dtype))}});
  return {id, 0, type};
}

IrValue IrBuilder::constant(const Tensor& value) {
  int id = add("Const", "opset1", {}, {value.dtype()}, {});
  layers_.back().constant = static_cast<int>(constants_.size());
  constants_.push_back(with_memory(value));
  return {id, 0, value.type()};
}

void IrBuilder::result(const IrValue& value) {
  add("Result", "opset1", std::span<const IrValue>(&value, 1), {}, {});
}

IrValue IrBuilder::op(std::string_view type, std::string_view opset, std::span<const IrValue> operands,
                      const TensorType& result, IrAttributes attributes) {
  int id = add(type, opset, operands, {result.dtype}, std::move(attributes));
  return {id, static_cast<int>(operands.size()), result};
}

std::vector<IrValue> IrBuilder::ops(std::string_view type, std::string_view opset, std::span<const IrValue> operands,
                                    std::span<const TensorType> results, IrAttributes attributes) {
  std::vector<DType> dtypes;
  for (const TensorType& result : results) dtypes.push_back(result.dtype);
  int id = add(type, opset, operands, std::move(dtypes), std::move(attributes));
  std::vector<IrValue> out;
  for (size_t i = 0; i < results.size(); ++i) out.push_back({id, static_cast<int>(operands.size() + i), results[i]});
  return out;
}

IrValue IrBuilder::once(const Tensor& value) {
  std::string key = fmt::format("{}{}:", name_of(value.dtype()), accelerate::to_string(value.shape()));
  key.append(static_cast<const char*>(value.data()), value.size_bytes());
  auto it = made_.find(key);
  if (it == made_.end()) it = made_.emplace(std::move(key), constant(value)).first;
  return it->second;
}

IrValue IrBuilder::scalar(DType dtype, double value) {
  return once(Tensor::scalar(dtype, value));
}

IrValue IrBuilder::integer(DType dtype, int64_t value) {
  return once(Tensor::from(dtype, {}, std::vector<int64_t>{value}));
}

IrValue IrBuilder::integers(const std::vector<int64_t>& values) {
  return once(Tensor::from(DType::i64, {static_cast<int64_t>(values.size())}, values));
}

int64_t IrBuilder::place_of(const Dim& dim) {
  auto [it, added] = dim_places_.emplace(dim.to_string(), static_cast<int64_t>(dims_.size()));
  if (added) dims_.push_back(dim);
  return it->second;
}

IrValue IrBuilder::dims_at(const std::vector<int64_t>& places, bool is_scalar) {
  if (dims_layer_ < 0) {
    // Its extent is known when the text is finished.
    dims_layer_ = add("Parameter", "opset1", {}, {DType::i64}, {{"shape", ""}, {"element_type", "i64"}});
    ++num_parameters_;
  }
  auto n = static_cast<int64_t>(places.size());
  IrValue dims{dims_layer_, 0, {DType::i64, {1}}};
  IrValue at = is_scalar ? integer(DType::i64, places[0]) : integers(places);
  TensorType result(DType::i64, is_scalar ? Shape{} : Shape{Dim(n)});
  return op("Gather", "opset8", {dims, at, integer(DType::i64, 0)}, result, {{"batch_dims", "0"}});
}

IrValue IrBuilder::extents(const Shape& shape) {
  std::string key = "extents" + accelerate::to_string(shape);
  if (auto it = made_.find(key); it != made_.end()) return it->second;
  // Runs of numbers and of symbols, one after another.
  std::vector<IrValue> parts;
  for (size_t i = 0; i < shape.size();) {
    bool constant = shape[i].is_constant();
    std::vector<int64_t> run;
    for (; i < shape.size() && shape[i].is_constant() == constant; ++i)
      run.push_back(constant ? *shape[i].constant() : place_of(shape[i]));
    parts.push_back(constant ? integers(run) : dims_at(run, false));
  }
  IrValue out;
  if (parts.empty()) {
    out = integers({});
  } else if (parts.size() == 1) {
    out = parts[0];
  } else {
    out = op("Concat", "opset1", parts, {DType::i64, {Dim(static_cast<int64_t>(shape.size()))}}, {{"axis", "0"}});
  }
  made_.emplace(std::move(key), out);
  return out;
}

IrValue IrBuilder::extent(const Dim& dim) {
  if (auto number = dim.constant()) return integer(DType::i64, *number);
  std::string key = "extent" + dim.to_string();
  if (auto it = made_.find(key); it != made_.end()) return it->second;
  IrValue out = dims_at({place_of(dim)}, true);
  made_.emplace(std::move(key), out);
  return out;
}

IrValue IrBuilder::cast(const IrValue& x, DType dtype) {
  if (x.type.dtype == dtype) return x;
  return op("Convert", "opset1", {x}, {dtype, x.type.shape}, {{"destination_type", std::string(element(dtype))}});
}

IrValue IrBuilder::to_bool(const IrValue& x) {
  if (x.type.dtype == DType::boolean) return x;
  return binary("NotEqual", x, scalar(x.type.dtype, 0), DType::boolean);
}

IrValue IrBuilder::reshape(const IrValue& x, const Shape& shape) {
  if (x.type.shape == shape) return x;
  // A pattern of numbers keeps the engine's knowledge of the extents: 0 stands for the extent at the same place, -1 for
  // the one that follows from the others.
  std::vector<int64_t> pattern;
  bool exact = true;
  bool has_zero = false;
  for (const std::vector<Dim>* side : {&shape, &x.type.shape})
    for (const Dim& d : *side) has_zero = has_zero || d.constant() == 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (auto number = shape[i].constant()) {
      pattern.push_back(*number);
    } else if (i < x.type.shape.size() && x.type.shape[i] == shape[i]) {
      pattern.push_back(0);
    } else {
      exact = exact && std::find(pattern.begin(), pattern.end(), -1) == pattern.end();
      pattern.push_back(-1);
    }
  }
  bool by_numbers = exact && !has_zero;
  IrValue target = by_numbers ? integers(pattern) : extents(shape);
  return op("Reshape", "opset1", {x, target}, {x.type.dtype, shape}, {{"special_zero", by_numbers ? "true" : "false"}});
}

IrValue IrBuilder::transpose(const IrValue& x, const std::vector<int64_t>& permutation) {
  Shape shape;
  bool moves = false;
  for (size_t i = 0; i < permutation.size(); ++i) {
    shape.push_back(x.type.shape.at(static_cast<size_t>(permutation[i])));
    moves = moves || permutation[i] != static_cast<int64_t>(i);
  }
  if (!moves) return x;
  return op("Transpose", "opset1", {x, integers(permutation)}, {x.type.dtype, std::move(shape)});
}

IrValue IrBuilder::broadcast(const IrValue& x, const Shape& shape) {
  if (x.type.shape == shape) return x;
  return op("Broadcast", "opset3", {x, extents(shape)}, {x.type.dtype, shape}, {{"mode", "numpy"}});
}

IrValue IrBuilder::binary(std::string_view type, const IrValue& a, const IrValue& b, DType dtype) {
  // The engine's own Greater and GreaterEqual are true for NaN, its Less and LessEqual are not.
  if (type == "Greater") return binary("Less", b, a, dtype);
  if (type == "GreaterEqual") return binary("LessEqual", b, a, dtype);
  return op(type, "opset1", {a, b}, {dtype, broadcast_extents(a.type.shape, b.type.shape)},
            {{"auto_broadcast", "numpy"}});
}

IrValue IrBuilder::select(const IrValue& condition, const IrValue& a, const IrValue& b) {
  Shape shape = broadcast_extents(broadcast_extents(a.type.shape, b.type.shape), condition.type.shape);
  return op("Select", "opset1", {condition, a, b}, {a.type.dtype, shape}, {{"auto_broadcast", "numpy"}});
}

IrValue IrBuilder::is_nan(const IrValue& x) {
  return op("IsNaN", "opset10", {x}, {DType::boolean, x.type.shape});
}

IrValue IrBuilder::reduce(std::string_view type, const IrValue& x, const std::vector<int64_t>& axes, bool keep) {
  Shape shape;
  for (size_t i = 0; i < x.type.shape.size(); ++i) {
    bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) != axes.end();
    if (!reduced) shape.push_back(x.type.shape[i]);
    if (reduced && keep) shape.emplace_back(1);
  }
  return op(type, "opset1", {x, integers(axes)}, {x.type.dtype, shape}, {{"keep_dims", keep ? "true" : "false"}});
}

IrBuilder::Memory IrBuilder::memory() const {
  Memory out;
  out.tensors = constants_;
  const char* end = nullptr;
  for (const Tensor& t : constants_) {
    const char* begin = static_cast<const char*>(t.data());
    if (out.base == nullptr || begin < out.base) out.base = begin;
    end = std::max(end, begin + t.size_bytes());
  }
  out.span = static_cast<size_t>(end - out.base);
  return out;
}

std::string IrBuilder::finish() {
  Memory memory = this->memory();
  std::string out = "<?xml version=\"1.0\"?>\n<net name=\"region\" version=\"11\">\n<layers>\n";
  auto layer_text = [&](size_t i) {
    Layer& layer = layers_[i];
    if (static_cast<int>(i) == dims_layer_) layer.attributes[0].second = std::to_string(dims_.size());
    if (layer.constant >= 0) {
      const Tensor& value = constants_[static_cast<size_t>(layer.constant)];
      layer.attributes = {{"element_type", std::string(element(value.dtype()))},
                          {"shape", joined(value.shape())},
                          {"offset", std::to_string(static_cast<const char*>(value.data()) - memory.base)},
                          {"size", std::to_string(value.size_bytes())}};
    }
    out += layer.head;
    if (!layer.attributes.empty()) {
      out += "<data";
      for (const auto& [key, value] : layer.attributes) out += fmt::format(" {}=\"{}\"", key, value);
      out += "/>";
    }
    if (!layer.inputs.empty()) {
      out += "<input>";
      for (size_t p = 0; p < layer.inputs.size(); ++p) out += port_text(p, layer.inputs[p]);
      out += "</input>";
    }
    if (!layer.outputs.empty()) {
      out += "<output>";
      for (size_t p = 0; p < layer.outputs.size(); ++p) out += port_text(layer.inputs.size() + p, layer.outputs[p]);
      out += "</output>";
    }
    out += "</layer>\n";
  };
  for (size_t i = 0; i < layers_.size(); ++i) layer_text(i);
  out += "</layers>\n<edges>\n" + edges_ + "</edges>\n</net>\n";
  return out;
}

}  // namespace accelerate::openvino_engine
