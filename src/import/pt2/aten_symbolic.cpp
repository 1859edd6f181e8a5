// Symbolic integers, booleans and numbers: Python's operators on them, extents of tensors, tensors read as numbers.
#include <cmath>

#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

using Kind = Scalar::Kind;

/// The i-th argument, whatever its name.
Scalar argument(Call& c, size_t i) {
  if (i >= c.node().inputs.size()) fail(ErrorCode::invalid_model, "{} lacks an argument", c.target());
  return c.scalar(c.node().inputs[i].name);
}

/// An unbacked integer as a dim where torch knows that it is an extent: its range begins at 0 or above.
void settle(Call& c, Scalar& s) {
  if (s.exact || !s.value || s.kind != Kind::integer || s.symbol.empty()) return;
  const auto range = c.conversion().ranges.find(s.symbol);
  if (range != c.conversion().ranges.end() && range->second.min && *range->second.min >= 0) c.conversion().dim_of(s);
}

Kind joint_kind(const Scalar& a, const Scalar& b) {
  if (a.kind == Kind::number || b.kind == Kind::number) return Kind::number;
  return Kind::integer;
}

DType wide_dtype(Kind kind) {
  return kind == Kind::number ? DType::f64 : DType::i64;
}

Scalar of_value(Value value, Kind kind) {
  Scalar out;
  out.kind = kind;
  out.value = value;
  return out;
}

using ExactFn = Ratio (*)(const Ratio&, const Ratio&);
using ValueFn = Value (*)(Value, Value);

/// Exact where both are known; numbers with no exact form and data go through tensors of one element.
Item compute(Call& c, ExactFn exact, ValueFn fn, std::optional<Kind> result) {
  Scalar a = argument(c, 0);
  Scalar b = argument(c, 1);
  settle(c, a);
  settle(c, b);
  const Kind kind = result.value_or(joint_kind(a, b));
  if (a.exact && b.exact) return Scalar::of(exact(*a.exact, *b.exact), kind);
  const DType dtype = wide_dtype(result == Kind::number ? Kind::number : joint_kind(a, b));
  return of_value(fn(scalar_tensor(c.graph(), dtype, a), scalar_tensor(c.graph(), dtype, b)), kind);
}

Item add(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return a + b; }, ops::add, std::nullopt);
}
Item subtract(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return a - b; }, ops::sub, std::nullopt);
}
Item multiply(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return a * b; }, ops::mul, std::nullopt);
}
Item true_divide(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return a / b; }, ops::div, Kind::number);
}
Item floor_divide(Call& c) {
  return compute(
      c, [](const Ratio& a, const Ratio& b) { return Ratio(floor(a / b)); }, ops::floor_divide, std::nullopt);
}
Item modulo(Call& c) {
  return compute(
      c,
      [](const Ratio& a, const Ratio& b) {
        if (a.is_whole() && b.is_whole()) return Ratio(mod(a.numerator, b.numerator));
        return a - b * Ratio(floor(a / b));
      },
      ops::remainder, std::nullopt);
}
Item maximum(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return max(a, b); }, ops::maximum, std::nullopt);
}
Item minimum(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return min(a, b); }, ops::minimum, std::nullopt);
}
Item is_equal(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return Ratio(equal(a, b)); }, ops::equal, Kind::boolean);
}
Item is_not_equal(Call& c) {
  return compute(
      c, [](const Ratio& a, const Ratio& b) { return Ratio(Dim(1) - equal(a, b)); }, ops::not_equal, Kind::boolean);
}
Item is_less(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return Ratio(greater(b, a)); }, ops::less, Kind::boolean);
}
Item is_less_equal(Call& c) {
  return compute(
      c, [](const Ratio& a, const Ratio& b) { return Ratio(greater_equal(b, a)); }, ops::less_equal, Kind::boolean);
}
Item is_greater(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return Ratio(greater(a, b)); }, ops::greater, Kind::boolean);
}
Item is_greater_equal(Call& c) {
  return compute(
      c, [](const Ratio& a, const Ratio& b) { return Ratio(greater_equal(a, b)); }, ops::greater_equal, Kind::boolean);
}
Item both(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return a * b; }, ops::bitwise_and, Kind::boolean);
}
Item either(Call& c) {
  return compute(c, [](const Ratio& a, const Ratio& b) { return max(a, b); }, ops::bitwise_or, Kind::boolean);
}

Item power_of(Call& c) {
  const Scalar a = argument(c, 0);
  const Scalar b = argument(c, 1);
  const auto exponent = b.constant();
  if (a.exact && exponent && *exponent == std::floor(*exponent) && std::abs(*exponent) <= 16) {
    const auto n = static_cast<int64_t>(*exponent);
    const Ratio out = n >= 0 ? power(*a.exact, n) : Ratio(Dim(1)) / power(*a.exact, -n);
    return Scalar::of(out, n >= 0 ? joint_kind(a, b) : Kind::number);
  }
  return of_value(ops::pow(scalar_tensor(c.graph(), DType::f64, a), scalar_tensor(c.graph(), DType::f64, b)),
                  Kind::number);
}

Item negate(Call& c) {
  const Scalar a = argument(c, 0);
  if (a.exact) return Scalar::of(Ratio(Dim(-1)) * *a.exact, a.kind);
  return of_value(ops::neg(scalar_tensor(c.graph(), wide_dtype(a.kind), a)), a.kind);
}

Item negate_logically(Call& c) {
  const Scalar a = argument(c, 0);
  if (a.exact) return Scalar::of(Ratio(Dim(1)) - *a.exact, Kind::boolean);
  return of_value(ops::logical_not(scalar_tensor(c.graph(), DType::boolean, a)), Kind::boolean);
}

Item choose_one(Call& c) {
  const Scalar condition = argument(c, 0);
  const Scalar a = argument(c, 1);
  const Scalar b = argument(c, 2);
  const Kind kind = a.kind == b.kind ? a.kind : joint_kind(a, b);
  if (condition.exact && condition.exact->is_whole()) {
    if (const auto known = condition.exact->numerator.constant()) return *known != 0 ? a : b;
    if (a.exact && b.exact) return Scalar::of(choose(condition.exact->numerator, *a.exact, *b.exact), kind);
  }
  const DType dtype = kind == Kind::boolean ? DType::boolean : wide_dtype(kind);
  return of_value(ops::where(scalar_tensor(c.graph(), DType::boolean, condition), scalar_tensor(c.graph(), dtype, a),
                             scalar_tensor(c.graph(), dtype, b)),
                  kind);
}

Item as_number(Call& c) {
  Scalar a = argument(c, 0);
  if (a.exact) return Scalar::of(*a.exact, Kind::number);
  if (!a.value) return a;
  return of_value(to_dtype(a.value, DType::f64), Kind::number);
}

/// To a whole number by a rule of rounding.
Item whole(Call& c, Dim (*exact)(const Ratio&), Value (*fn)(Value), double (*of_number)(double)) {
  const Scalar a = argument(c, 0);
  if (a.exact) return Scalar::of(Ratio(exact(*a.exact)), Kind::integer);
  if (!a.value) return Scalar::of(Ratio(Dim(static_cast<int64_t>(of_number(a.number)))), Kind::integer);
  if (a.kind != Kind::number) return of_value(to_dtype(a.value, DType::i64), Kind::integer);
  return of_value(to_dtype(fn(to_dtype(a.value, DType::f64)), DType::i64), Kind::integer);
}

Dim truncated(const Ratio& r) {
  if (r.is_whole()) return r.numerator;
  if (const auto above = r.numerator.constant(); above && *above < 0) return ceil(r);
  return floor(r);
}

Item floor_of(Call& c) {
  return whole(c, floor, ops::floor, std::floor);
}
Item ceil_of(Call& c) {
  return whole(c, ceil, ops::ceil, std::ceil);
}
Item truncate(Call& c) {
  return whole(c, truncated, ops::trunc, std::trunc);
}

/// Halves to the even number.
Item round_of(Call& c) {
  const auto exact = [](const Ratio& r) -> Dim {
    if (r.is_whole()) return r.numerator;
    const Dim up = floor(r + Ratio(1, 2));
    // Exactly between two numbers, and the upper one is odd: the lower one.
    const Dim between = equal(Ratio(up) - r, Ratio(1, 2));
    return up - between * mod(up, 2);
  };
  return whole(c, exact, ops::round, std::nearbyint);
}

Item square_root(Call& c) {
  const Scalar a = argument(c, 0);
  if (const auto number = a.constant()) return Scalar::of_number(std::sqrt(*number));
  return of_value(ops::sqrt(scalar_tensor(c.graph(), DType::f64, a)), Kind::number);
}

Item sum_of(Call& c) {
  const Item list = c.item(c.node().inputs.at(0).name);
  if (list.list() == nullptr) fail(ErrorCode::invalid_model, "a sum of something that is no list");
  Ratio total(Dim(0));
  for (const Item& i : *list.list()) {
    if (i.scalar() == nullptr) fail(ErrorCode::invalid_model, "a sum of something that is no number");
    Scalar s = *i.scalar();
    if (!s.exact) c.conversion().dim_of(s);
    total = total + *s.exact;
  }
  return Scalar::of(total);
}

Shape real_shape(const TensorItem& x) {
  Shape shape = x.value.shape();
  if (x.is_complex) shape.pop_back();
  return shape;
}

Item size_of_axis(Call& c) {
  const Shape shape = real_shape(c.any_tensor("self"));
  return Scalar::of(Ratio(shape.at(static_cast<size_t>(c.axis("dim", static_cast<int>(shape.size()))))));
}

Item num_elements_of(Call& c) {
  return Scalar::of(Ratio(num_elements(real_shape(c.any_tensor("self")))));
}

/// As if row-major, which all tensors are here.
Item stride_of_axis(Call& c) {
  const Shape shape = real_shape(c.any_tensor("self"));
  const auto axis = static_cast<size_t>(c.axis("dim", static_cast<int>(shape.size())));
  return Scalar::of(Ratio(num_elements(Shape(shape.begin() + static_cast<int64_t>(axis) + 1, shape.end()))));
}

/// What a tensor of one element is known to be, if it comes from constants and extents alone.
std::optional<Ratio> known_value(const Value& x, int depth = 0) {
  const Node* node = x.builder->producer(x.id);
  if (node == nullptr || depth > 16 || num_elements(x.shape()) != Dim(1)) return std::nullopt;
  const auto operand = [&](size_t i) { return known_value({x.builder, node->operands.at(i)}, depth + 1); };
  const std::string& op = node->op->name;
  if (op == "constant") {
    const Tensor& t = node->attrs.tensor("value");
    if (is_float(t.dtype())) return ratio_of(t.get(0));
    return Ratio(Dim(t.get_int(0)));
  }
  if (op == "full") return ratio_of(node->attrs.number("value"));
  if (op == "dim_value") return Ratio(node->attrs.dims("dim").at(0));
  if (op == "reshape" || op == "expand") return operand(0);
  if (op == "cast") {
    const auto value = operand(0);
    if (!value || (is_integer(x.dtype()) && !value->is_whole())) return std::nullopt;
    return x.dtype() == DType::boolean ? std::nullopt : value;
  }
  if (node->operands.size() != 2) return std::nullopt;
  const auto a = operand(0);
  const auto b = operand(1);
  if (!a || !b) return std::nullopt;
  if (op == "add") return *a + *b;
  if (op == "sub") return *a - *b;
  if (op == "mul") return *a * *b;
  if (op == "maximum") return max(*a, *b);
  if (op == "minimum") return min(*a, *b);
  if (op == "floor_divide" && is_integer(x.dtype())) return Ratio(floor(*a / *b));
  return std::nullopt;
}

/// The one element of a tensor as a Python number.
Item item_of(Call& c) {
  Value x = c.tensor("self");
  Scalar out;
  out.kind = is_float(x.dtype()) ? Kind::number : x.dtype() == DType::boolean ? Kind::boolean : Kind::integer;
  if (x.rank() > 0) x = ops::reshape(x, {});
  if (const auto known = known_value(x)) {
    out.exact = known;
    return out;
  }
  out.value = x;
  const Argument* result = c.node().outputs.empty() ? nullptr : &c.node().outputs[0];
  if (result != nullptr && result->kind == Argument::Kind::symbol && out.kind == Kind::integer) {
    const auto declared = c.scope().exported.sym_ints.find(result->text);
    if (declared != c.scope().exported.sym_ints.end() && !declared->second.expression.empty()) {
      std::string symbol;
      const auto value = parse_sym_expr(declared->second.expression, [&](std::string_view name) -> std::optional<Dim> {
        symbol = name;
        return Dim::unbacked(name);
      });
      if (value && value->is_whole() && value->numerator == Dim::unbacked(symbol)) out.symbol = symbol;
    }
  }
  return out;
}

/// An element of a list that an op gave.
Item element(Call& c) {
  const Item list = c.item(c.node().inputs.at(0).name);
  const auto index = argument(c, 1).constant();
  if (list.list() == nullptr || !index) fail(ErrorCode::invalid_model, "an element of something that is no list");
  const auto size = static_cast<int64_t>(list.list()->size());
  const auto at = static_cast<int64_t>(*index) + (*index < 0 ? size : 0);
  if (at < 0 || at >= size) fail(ErrorCode::invalid_model, "element {} of a list of {}", at, size);
  return (*list.list())[static_cast<size_t>(at)];
}

constexpr auto kHandled = Mapping::Complex::handled;

constexpr Mapping kMappings[] = {
    {"_operator.add", add},
    {"_operator.sub", subtract},
    {"_operator.mul", multiply},
    {"_operator.truediv", true_divide},
    {"_operator.floordiv", floor_divide},
    {"_operator.mod", modulo},
    {"_operator.pow", power_of},
    {"_operator.neg", negate},
    {"_operator.pos", [](Call& c) -> Item { return argument(c, 0); }},
    {"_operator.eq", is_equal},
    {"_operator.ne", is_not_equal},
    {"_operator.lt", is_less},
    {"_operator.le", is_less_equal},
    {"_operator.gt", is_greater},
    {"_operator.ge", is_greater_equal},
    {"_operator.and_", both},
    {"_operator.or_", either},
    {"_operator.not_", negate_logically},
    {"_operator.getitem", element, kHandled},
    {"math.floor", floor_of},
    {"math.ceil", ceil_of},
    {"math.trunc", truncate},
    {"builtins.round", round_of},
    {"_builtins.round", round_of},
    {"torch.sym_int", truncate},
    {"torch.sym_float", as_number},
    {"torch.sym_max", maximum},
    {"torch.sym_min", minimum},
    {"torch.sym_not", negate_logically},
    {"torch.sym_ite", choose_one},
    {"torch.sym_sum", sum_of},
    {"torch.sym_sqrt", square_root},
    {"torch._sym_sqrt", square_root},
    {"aten.sym_size.int", size_of_axis, kHandled},
    {"aten.sym_numel.default", num_elements_of, kHandled},
    {"aten.sym_stride.int", stride_of_axis, kHandled},
    {"aten.sym_storage_offset.default", [](Call&) -> Item { return Scalar::of(Ratio(Dim(0))); }},
    {"aten.item.default", item_of},
    {"aten._local_scalar_dense.default", item_of},
    {"aten.is_nonzero.default",
     [](Call& c) -> Item {
       Scalar out;
       out.kind = Kind::boolean;
       out.value = ops::reshape(to_dtype(c.tensor("self"), DType::boolean), {});
       return out;
     }},
};

}  // namespace

std::span<const Mapping> symbolic_mappings() {
  return kMappings;
}

}  // namespace accelerate::import::pt2
