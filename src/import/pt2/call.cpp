#include "import/pt2/call.h"

#include <algorithm>
#include <numeric>

namespace accelerate::import::pt2 {

std::string_view Call::overload() const {
  const size_t dot = node_.target.rfind('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(node_.target).substr(dot + 1);
}

const Argument* Call::find(std::string_view name) const {
  for (const NamedArgument& argument : node_.inputs)
    if (argument.name == name) return argument.value.kind == Argument::Kind::none ? nullptr : &argument.value;
  return nullptr;
}

const Argument& Call::get(std::string_view name) const {
  const Argument* argument = find(name);
  if (argument == nullptr) fail(ErrorCode::invalid_model, "the argument '{}' is missing", name);
  return *argument;
}

bool Call::given(std::string_view name) const {
  return find(name) != nullptr;
}

Item Call::evaluate(const Argument& argument) {
  if (argument.kind == Argument::Kind::tensor) {
    const auto substitute = substitutes_.find(argument.text);
    if (substitute != substitutes_.end()) return substitute->second;
  }
  if (argument.kind == Argument::Kind::list) {
    std::vector<Item> items;
    for (const Argument& item : argument.items) items.push_back(evaluate(item));
    return items;
  }
  return scope_.evaluate(argument);
}

Item Call::item(std::string_view name) {
  const Argument* argument = find(name);
  return argument == nullptr ? Item() : evaluate(*argument);
}

TensorItem Call::any_tensor(std::string_view name) {
  const Item value = evaluate(get(name));
  if (value.tensor() != nullptr) return *value.tensor();
  // A number where a tensor is expected: PyTorch wraps it.
  if (const Scalar* s = value.scalar()) return {scalar_tensor(graph(), s->dtype(), *s)};
  fail(ErrorCode::invalid_model, "the argument '{}' is no tensor", name);
}

Value Call::tensor(std::string_view name) {
  const TensorItem t = any_tensor(name);
  if (t.is_complex) refuse("the argument '{}' of {} is complex, which this op does not support here", name, target());
  return t.value;
}

Value Call::optional_tensor(std::string_view name) {
  return given(name) ? tensor(name) : Value();
}

std::vector<Value> Call::tensors(std::string_view name) {
  std::vector<Value> out = optional_tensors(name);
  for (const Value& v : out)
    if (!v) fail(ErrorCode::invalid_model, "the list '{}' holds None", name);
  return out;
}

std::vector<Value> Call::optional_tensors(std::string_view name) {
  const Item value = evaluate(get(name));
  if (value.list() == nullptr) fail(ErrorCode::invalid_model, "the argument '{}' is no list", name);
  std::vector<Value> out;
  for (const Item& i : *value.list()) {
    if (i.is_none()) {
      out.emplace_back();
      continue;
    }
    const TensorItem* t = i.tensor();
    if (t == nullptr) fail(ErrorCode::invalid_model, "the list '{}' holds something that is no tensor", name);
    if (t->is_complex) refuse("the list '{}' of {} holds a complex tensor", name, target());
    out.push_back(t->value);
  }
  return out;
}

Operand Call::operand(std::string_view name) {
  const Item value = evaluate(get(name));
  if (const Scalar* s = value.scalar()) return {{}, *s};
  return {tensor(name), {}};
}

Scalar Call::scalar(std::string_view name) {
  const Item value = evaluate(get(name));
  if (const Scalar* s = value.scalar()) return *s;
  if (const TensorItem* t = value.tensor(); t != nullptr && t->value.rank() == 0 && !t->is_complex) {
    Scalar out;
    out.kind = is_float(t->value.dtype())           ? Scalar::Kind::number
               : t->value.dtype() == DType::boolean ? Scalar::Kind::boolean
                                                    : Scalar::Kind::integer;
    out.value = t->value;
    return out;
  }
  fail(ErrorCode::invalid_model, "the argument '{}' is no number", name);
}

Dim Call::dim(std::string_view name, std::optional<Dim> fallback) {
  if (!given(name) && fallback) return *fallback;
  // The scope's own copy, so that a dim that is bound now stays bound.
  const Argument& argument = get(name);
  if (argument.kind == Argument::Kind::symbol) {
    Item& bound = scope_.find(argument.text);
    if (auto* s = std::get_if<Scalar>(&bound.content)) return conversion().dim_of(*s);
  }
  Scalar s = scalar(name);
  return conversion().dim_of(s);
}

Shape Call::dims(std::string_view name) {
  const Argument& argument = get(name);
  if (argument.kind != Argument::Kind::list) return {dim(name)};
  Shape out;
  for (const Argument& a : argument.items) {
    if (a.kind == Argument::Kind::symbol) {
      Item& bound = scope_.find(a.text);
      if (auto* s = std::get_if<Scalar>(&bound.content)) {
        out.push_back(conversion().dim_of(*s));
        continue;
      }
    }
    const Item value = evaluate(a);
    if (value.scalar() == nullptr)
      fail(ErrorCode::invalid_model, "the list '{}' holds something that is no number", name);
    Scalar s = *value.scalar();
    out.push_back(conversion().dim_of(s));
  }
  return out;
}

std::optional<Shape> Call::optional_dims(std::string_view name) {
  if (!given(name)) return std::nullopt;
  return dims(name);
}

int64_t Call::integer(std::string_view name, std::optional<int64_t> fallback) {
  if (!given(name) && fallback) return *fallback;
  return dim(name).as_constant(fmt::format("the argument '{}' of {}", name, target()));
}

std::vector<int64_t> Call::integers(std::string_view name, std::optional<std::vector<int64_t>> fallback) {
  if (!given(name) && fallback) return *fallback;
  std::vector<int64_t> out;
  for (const Dim& d : dims(name)) out.push_back(d.as_constant(fmt::format("the argument '{}' of {}", name, target())));
  return out;
}

double Call::number(std::string_view name, std::optional<double> fallback) {
  if (!given(name) && fallback) return *fallback;
  const auto constant = scalar(name).constant();
  if (!constant) refuse("the argument '{}' of {} is not known before the program runs", name, target());
  return *constant;
}

std::vector<double> Call::numbers(std::string_view name) {
  const Item value = evaluate(get(name));
  if (value.list() == nullptr) return {number(name)};
  std::vector<double> out;
  for (const Item& i : *value.list()) {
    const auto constant = i.scalar() == nullptr ? std::nullopt : i.scalar()->constant();
    if (!constant) refuse("the list '{}' of {} is not known before the program runs", name, target());
    out.push_back(*constant);
  }
  return out;
}

bool Call::boolean(std::string_view name, bool fallback) {
  if (!given(name)) return fallback;
  const auto constant = scalar(name).constant();
  if (!constant) refuse("the argument '{}' of {} is not known before the program runs", name, target());
  return *constant != 0;
}

std::string Call::string(std::string_view name, std::string_view fallback) {
  const Argument* argument = find(name);
  if (argument == nullptr) return std::string(fallback);
  if (argument->kind != Argument::Kind::string) fail(ErrorCode::invalid_model, "the argument '{}' is no string", name);
  return argument->text;
}

std::optional<DType> Call::dtype(std::string_view name) {
  const Argument* argument = find(name);
  if (argument == nullptr) return std::nullopt;
  if (argument->kind != Argument::Kind::scalar_type)
    fail(ErrorCode::invalid_model, "the argument '{}' is no scalar type", name);
  return dtype_of(argument->integer);
}

bool Call::is_complex_dtype(std::string_view name) {
  const Argument* argument = find(name);
  return argument != nullptr && argument->kind == Argument::Kind::scalar_type && is_complex_code(argument->integer);
}

const TensorMeta* Call::declared(size_t i) const {
  const std::vector<Argument>* outputs = &node_.outputs;
  if (outputs->size() == 1 && outputs->front().kind == Argument::Kind::list) outputs = &outputs->front().items;
  if (i >= outputs->size() || (*outputs)[i].kind != Argument::Kind::tensor) return nullptr;
  const auto found = scope_.exported.tensors.find((*outputs)[i].text);
  return found == scope_.exported.tensors.end() ? nullptr : &found->second;
}

std::optional<Shape> Call::declared_shape(size_t i) const {
  const TensorMeta* meta = declared(i);
  if (meta == nullptr) return std::nullopt;
  return scope_.conversion.declared_shape(*meta);
}

std::optional<DType> Call::declared_dtype(size_t i) const {
  const TensorMeta* meta = declared(i);
  if (meta == nullptr) return std::nullopt;
  return dtype_of(meta->scalar_type);
}

int64_t Call::axis(std::string_view name, int rank, std::optional<int64_t> fallback) {
  return front_axis(integer(name, fallback), rank);
}

std::vector<int64_t> Call::axes(std::string_view name, int rank) {
  std::vector<int64_t> out = integers(name, std::vector<int64_t>{});
  if (rank == 0) return {};
  if (out.empty()) {
    out.resize(static_cast<size_t>(rank));
    std::iota(out.begin(), out.end(), int64_t{0});
  }
  for (int64_t& a : out) a = front_axis(a, rank);
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end())
    fail(ErrorCode::invalid_model, "the argument '{}' names an axis twice", name);
  return out;
}

}  // namespace accelerate::import::pt2
