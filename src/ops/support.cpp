#include "ops/support.h"

#include <algorithm>

#include "accelerate/ops.h"
#include "ops/registry.h"

namespace accelerate::ops {

Value build(std::string_view name, std::initializer_list<Value> operands, Attrs attrs) {
  if (operands.size() == 0 || !*operands.begin())
    fail(ErrorCode::invalid_argument, "op {} was given an empty Value", name);
  return operands.begin()->builder->add1(registry().get(name), operands, std::move(attrs));
}

std::vector<Value> build_multi(std::string_view name, std::span<const Value> operands, Attrs attrs) {
  if (operands.empty() || !operands.front()) fail(ErrorCode::invalid_argument, "op {} was given no operand", name);
  return operands.front().builder->add(registry().get(name), operands, std::move(attrs));
}

Shape broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  size_t shift = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    const Dim& x = longer[i + shift];
    const Dim& y = shorter[i];
    Dim& z = out[i + shift];
    if (x == y || y == Dim(1)) continue;
    if (x == Dim(1)) {
      z = y;
    } else if (x.is_constant() != y.is_constant()) {
      z = x.is_constant() ? x : y;
    } else if (x.has_unbacked() || y.has_unbacked()) {
      z = x.has_unbacked() ? y : x;
    } else {
      fail(ErrorCode::invalid_shape, "shapes {} and {} cannot be broadcast: {} against {}", to_string(a), to_string(b),
           x.to_string(), y.to_string());
    }
  }
  return out;
}

void require_dtype(const InferContext& c, size_t operand, bool (*accept)(DType), std::string_view expected) {
  DType dtype = c.operand(operand).dtype;
  if (!accept(dtype))
    fail(ErrorCode::invalid_dtype, "operand {} is {}; expected {}", operand, c.operand(operand).to_string(), expected);
}

void require_rank(const InferContext& c, size_t operand, int min_rank, int max_rank) {
  int rank = c.operand(operand).rank();
  if (rank < min_rank || rank > max_rank)
    fail(ErrorCode::invalid_shape, "operand {} is {}; expected rank {}", operand, c.operand(operand).to_string(),
         min_rank == max_rank ? std::to_string(min_rank) : fmt::format("{} to {}", min_rank, max_rank));
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> out(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) out[i - 1] = out[i] * shape[i];
  return out;
}

std::vector<int64_t> broadcast_strides(const std::vector<int64_t>& shape, const std::vector<int64_t>& to) {
  auto own = strides_of(shape);
  std::vector<int64_t> out(to.size(), 0);
  size_t shift = to.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == to[i + shift]) {
      out[i + shift] = own[i];
    } else if (shape[i] != 1) {
      fail(ErrorCode::invalid_shape, "{} cannot be broadcast to {}", to_string(shape), to_string(to));
    }
  }
  return out;
}

void for_each_index(const std::vector<int64_t>& shape, const std::function<void(const std::vector<int64_t>&)>& body) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  std::vector<int64_t> index(shape.size(), 0);
  while (true) {
    body(index);
    size_t axis = shape.size();
    while (axis > 0) {
      --axis;
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (shape.empty()) return;
  }
}

int64_t offset_of(const std::vector<int64_t>& index, const std::vector<int64_t>& strides) {
  int64_t out = 0;
  for (size_t i = 0; i < index.size(); ++i) out += index[i] * strides[i];
  return out;
}

namespace {

bool accepts(ElementTypes types, DType dtype) {
  switch (types) {
    case ElementTypes::floats: return is_float(dtype);
    case ElementTypes::numbers: return is_float(dtype) || is_integer(dtype);
    case ElementTypes::integers: return is_integer(dtype);
    case ElementTypes::any: return dtype != DType::token && dtype != DType::c64;
    case ElementTypes::booleans_or_integers: return dtype == DType::boolean || is_integer(dtype);
  }
  return false;
}

std::string_view describe(ElementTypes types) {
  switch (types) {
    case ElementTypes::floats: return "a float type";
    case ElementTypes::numbers: return "a float or integer type";
    case ElementTypes::integers: return "an integer type";
    case ElementTypes::any: return "a real type or bool";
    case ElementTypes::booleans_or_integers: return "bool or an integer type";
  }
  return "";
}

void require_plain(const InferContext& c, ElementTypes types) {
  for (size_t i = 0; i < c.num_operands(); ++i) {
    const TensorType& t = c.operand(i);
    if (!accepts(types, t.dtype) || !t.encoding.plain())
      fail(ErrorCode::invalid_dtype, "operand {} is {}; expected {}", i, t.to_string(), describe(types));
  }
}

void require_same_dtype(const InferContext& c) {
  if (c.operand(0).dtype != c.operand(1).dtype)
    fail(ErrorCode::invalid_dtype, "the operands are {} and {}; expected one dtype (cast one of them)",
         c.operand(0).to_string(), c.operand(1).to_string());
}

template <typename Body>
void broadcast_pairs(EvalContext& c, Body body) {
  Tensor& out = c.outputs[0];
  auto sa = broadcast_strides(c.inputs[0].shape(), out.shape());
  auto sb = broadcast_strides(c.inputs[1].shape(), out.shape());
  int64_t i = 0;
  for_each_index(out.shape(),
                 [&](const std::vector<int64_t>& index) { body(i++, offset_of(index, sa), offset_of(index, sb)); });
}

}  // namespace

OpDef unary_op(std::string name, std::string doc, ElementTypes types, double (*fn)(double), std::vector<AttrSpec> attrs,
               int64_t (*int_fn)(int64_t)) {
  OpDef op;
  op.name = std::move(name);
  op.doc = std::move(doc);
  op.min_operands = op.max_operands = 1;
  op.attrs = std::move(attrs);
  op.is_elementwise = true;
  op.infer = [types](const InferContext& c) -> std::vector<TensorType> {
    require_plain(c, types);
    return {c.operand(0)};
  };
  op.reference = [fn, int_fn](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    bool through_int = int_fn != nullptr && !is_float(x.dtype());
    for (int64_t i = 0, n = out.num_elements(); i < n; ++i) {
      if (through_int) {
        out.set_int(i, int_fn(x.get_int(i)));
      } else {
        out.set(i, fn(x.get(i)));
      }
    }
  };
  return op;
}

OpDef unary_op_with(std::string name, std::string doc, ElementTypes types, std::vector<AttrSpec> attrs,
                    double (*fn)(double, const Attrs&)) {
  OpDef op = unary_op(std::move(name), std::move(doc), types, nullptr, std::move(attrs));
  op.reference = [fn](EvalContext& c) {
    for (int64_t i = 0, n = c.outputs[0].num_elements(); i < n; ++i)
      c.outputs[0].set(i, fn(c.inputs[0].get(i), c.attrs));
  };
  return op;
}

OpDef predicate_op(std::string name, std::string doc, ElementTypes types, bool (*fn)(double)) {
  OpDef op = unary_op(std::move(name), std::move(doc), types, nullptr);
  op.numerics = Numerics::exact;
  op.infer = [types](const InferContext& c) -> std::vector<TensorType> {
    require_plain(c, types);
    return {{DType::boolean, c.operand(0).shape}};
  };
  op.reference = [fn](EvalContext& c) {
    for (int64_t i = 0, n = c.outputs[0].num_elements(); i < n; ++i)
      c.outputs[0].set_int(i, fn(c.inputs[0].get(i)) ? 1 : 0);
  };
  return op;
}

OpDef binary_op(std::string name, std::string doc, ElementTypes types, double (*fn)(double, double),
                int64_t (*int_fn)(int64_t, int64_t), uint64_t (*uint_fn)(uint64_t, uint64_t)) {
  OpDef op;
  op.name = std::move(name);
  op.doc = std::move(doc);
  op.min_operands = op.max_operands = 2;
  op.is_elementwise = true;
  op.infer = [types](const InferContext& c) -> std::vector<TensorType> {
    require_plain(c, types);
    require_same_dtype(c);
    return {{c.operand(0).dtype, broadcast(c.operand(0).shape, c.operand(1).shape)}};
  };
  op.reference = [fn, int_fn, uint_fn](EvalContext& c) {
    const Tensor& a = c.inputs[0];
    const Tensor& b = c.inputs[1];
    Tensor& out = c.outputs[0];
    if (uint_fn != nullptr && out.dtype() == DType::u64) {
      broadcast_pairs(c, [&](int64_t i, int64_t x, int64_t y) {
        out.as<uint64_t>()[i] = uint_fn(a.as<uint64_t>()[x], b.as<uint64_t>()[y]);
      });
    } else if (int_fn != nullptr && !is_float(out.dtype())) {
      broadcast_pairs(c, [&](int64_t i, int64_t x, int64_t y) { out.set_int(i, int_fn(a.get_int(x), b.get_int(y))); });
    } else {
      broadcast_pairs(c, [&](int64_t i, int64_t x, int64_t y) { out.set(i, fn(a.get(x), b.get(y))); });
    }
  };
  return op;
}

OpDef compare_op(std::string name, std::string doc, bool (*fn)(double, double), bool (*int_fn)(int64_t, int64_t)) {
  OpDef op = binary_op(std::move(name), std::move(doc), ElementTypes::any, nullptr);
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_plain(c, ElementTypes::any);
    require_same_dtype(c);
    return {{DType::boolean, broadcast(c.operand(0).shape, c.operand(1).shape)}};
  };
  op.reference = [fn, int_fn](EvalContext& c) {
    const Tensor& a = c.inputs[0];
    const Tensor& b = c.inputs[1];
    bool floats = is_float(a.dtype());
    // Flipping the top bit maps the order of u64 to that of i64.
    uint64_t flip = a.dtype() == DType::u64 ? uint64_t{1} << 63 : 0;
    auto ordered = [flip](int64_t v) { return static_cast<int64_t>(static_cast<uint64_t>(v) ^ flip); };
    broadcast_pairs(c, [&](int64_t i, int64_t x, int64_t y) {
      c.outputs[0].set_int(
          i, (floats ? fn(a.get(x), b.get(y)) : int_fn(ordered(a.get_int(x)), ordered(b.get_int(y)))) ? 1 : 0);
    });
  };
  return op;
}

OpDef logical_op(std::string name, std::string doc, bool (*fn)(bool, bool)) {
  OpDef op = compare_op(std::move(name), std::move(doc), nullptr, nullptr);
  op.reference = [fn](EvalContext& c) {
    const Tensor& a = c.inputs[0];
    const Tensor& b = c.inputs[1];
    broadcast_pairs(
        c, [&](int64_t i, int64_t x, int64_t y) { c.outputs[0].set_int(i, fn(a.get(x) != 0, b.get(y) != 0) ? 1 : 0); });
  };
  return op;
}

Value in_f32(Value x, const std::function<Value(Value)>& fn) {
  DType dtype = x.dtype();
  if (!is_float(dtype) || size_of(dtype) >= size_of(DType::f32)) return fn(x);
  return cast(fn(cast(x, DType::f32)), dtype);
}

Value scalar(Builder& builder, DType dtype, double value) {
  return constant(builder, Tensor::scalar(dtype, value));
}
Value scalar_like(Value like, double value) {
  return scalar(*like.builder, like.dtype(), value);
}

}  // namespace accelerate::ops
