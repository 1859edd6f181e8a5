#include <algorithm>
#include <unordered_set>

#include "accelerate/ops.h"
#include "import/pt2/call.h"

namespace accelerate::import::pt2 {
namespace {

/// Checks that capture left in: what they state is checked by shapes here, or not at all.
bool is_assertion(std::string_view target) {
  constexpr std::string_view kPrefixes[] = {"aten._assert_", "aten.sym_constrain_range", "aten._print.",
                                            "aten._functional_assert", "aten._functional_sym_constrain"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return target.starts_with(prefix); });
}

void collect_names(const Argument& argument, std::unordered_set<std::string>& out) {
  using Kind = Argument::Kind;
  if (argument.kind == Kind::tensor || argument.kind == Kind::symbol) out.insert(argument.text);
  for (const Argument& item : argument.items) collect_names(item, out);
}

bool any_name(const Argument& argument, const std::unordered_set<std::string>& names) {
  using Kind = Argument::Kind;
  if ((argument.kind == Kind::tensor || argument.kind == Kind::symbol) && names.contains(argument.text)) return true;
  return std::any_of(argument.items.begin(), argument.items.end(),
                     [&](const Argument& item) { return any_name(item, names); });
}

/// "aten.add_.Tensor": writes to its first argument. Dunder names ("aten.__and__.Tensor") do not.
bool is_in_place(std::string_view target) {
  const size_t dot = target.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || target[dot - 1] != '_') return false;
  const size_t begin = target.rfind('.', dot - 1) + 1;
  const std::string_view name = target.substr(begin, dot - begin);
  return !(name.starts_with("__") && name.ends_with("__")) || name.starts_with("__i");
}

/// The functional op of an in-place one: "aten.add.Tensor"; "aten.__ior__.Tensor" is "aten.__or__.Tensor".
std::string functional_target(const std::string& target) {
  std::string out = target;
  if (const size_t dunder = out.find(".__i"); dunder != std::string::npos) {
    out.erase(dunder + 3, 1);
    return out;
  }
  out.erase(out.rfind('.') - 1, 1);
  return out;
}

std::string describe(const Argument& argument) {
  using Kind = Argument::Kind;
  switch (argument.kind) {
    case Kind::none: return "None";
    case Kind::tensor: return "tensor";
    case Kind::symbol: return "symbol";
    case Kind::integer: return std::to_string(argument.integer);
    case Kind::number: return fmt::format("{}", argument.number);
    case Kind::boolean: return argument.integer != 0 ? "True" : "False";
    case Kind::string: return "'" + printable(argument.text, 40) + "'";
    case Kind::scalar_type: return fmt::format("dtype {}", argument.integer);
    case Kind::graph: return "graph";
    case Kind::list: {
      std::string out = "[";
      for (size_t i = 0; i < argument.items.size() && i < 8; ++i)
        out += (i == 0 ? "" : ", ") + describe(argument.items[i]);
      return out + (argument.items.size() > 8 ? ", ...]" : "]");
    }
    default: return "value";
  }
}

/// The nodes that the outputs depend on.
std::vector<bool> live_nodes(const ExportedGraph& graph) {
  std::vector<bool> live(graph.nodes.size(), false);
  std::unordered_set<std::string> names;
  for (const Argument& output : graph.outputs) collect_names(output, names);
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const ExportedNode& node = graph.nodes[i];
    if (is_assertion(node.target)) continue;
    bool used = std::any_of(node.outputs.begin(), node.outputs.end(),
                            [&](const Argument& output) { return any_name(output, names); });
    if (!used && is_in_place(node.target) && !node.inputs.empty()) used = any_name(node.inputs[0].value, names);
    if (!used) continue;
    live[i] = true;
    for (const NamedArgument& input : node.inputs) collect_names(input.value, names);
  }
  return live;
}

void collect_unknown(const ExportedGraph& graph, Conversion& conversion) {
  const auto live = live_nodes(graph);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!live[i]) continue;
    const ExportedNode& node = graph.nodes[i];
    for (const NamedArgument& input : node.inputs)
      if (input.value.graph != nullptr) collect_unknown(*input.value.graph, conversion);
    const std::string target = is_in_place(node.target) ? functional_target(node.target) : node.target;
    if (find_mapping(target) != nullptr) continue;
    Conversion::Unknown& unknown = conversion.unknown[node.target];
    if (unknown.count++ != 0) continue;
    unknown.module_path = node.module_path;
    for (const NamedArgument& input : node.inputs)
      unknown.schema +=
          fmt::format("{}{}={}", unknown.schema.empty() ? "" : ", ", printable(input.name), describe(input.value));
  }
}

}  // namespace

void check_targets(const ExportedGraph& graph, Conversion& conversion) {
  collect_unknown(graph, conversion);
  if (conversion.unknown.empty()) return;
  std::string list;
  for (const auto& [target, unknown] : conversion.unknown) {
    list += fmt::format("\n  {}({}), {} time{}{}", printable(target), unknown.schema, unknown.count,
                        unknown.count == 1 ? "" : "s",
                        unknown.module_path.empty() ? "" : ", first in " + printable(unknown.module_path));
  }
  fail(ErrorCode::unsupported_op, "the program uses {} op{} that cannot be imported:{}", conversion.unknown.size(),
       conversion.unknown.size() == 1 ? "" : "s", list);
}

SymbolLookup Conversion::lookup() const {
  return [this](std::string_view name) -> std::optional<Dim> {
    const auto found = symbols.find(std::string(name));
    if (found == symbols.end()) return std::nullopt;
    return found->second;
  };
}

std::optional<Shape> Conversion::declared_shape(const TensorMeta& meta) const {
  Shape shape;
  for (const SymInt& size : meta.sizes) {
    if (size.expression.empty()) {
      if (size.number < 0) fail(ErrorCode::invalid_model, "a tensor declares the negative extent {}", size.number);
      shape.emplace_back(size.number);
      continue;
    }
    const auto value = parse_sym_expr(size.expression, lookup());
    if (!value || !value->is_whole()) return std::nullopt;
    shape.push_back(value->numerator);
  }
  if (is_complex_code(meta.scalar_type)) shape.emplace_back(2);
  return shape;
}

std::optional<int64_t> Conversion::hint(const Dim& dim) const {
  if (const auto constant = dim.constant()) return constant;
  std::vector<std::string> names;
  dim.collect_symbols(names);
  for (const std::string& name : names)
    if (!hints.contains(name)) return std::nullopt;
  return dim.evaluate(hints);
}

Dim Conversion::fresh_dim() {
  while (true) {
    std::string name = fmt::format("v{}", num_fresh_dims++);
    if (symbols.contains(name)) continue;
    const Dim dim = Dim::unbacked(name);
    symbols.emplace(std::move(name), dim);
    return dim;
  }
}

Dim Conversion::data_dim(const SymInt* declared) {
  if (declared == nullptr) return fresh_dim();
  if (declared->expression.empty()) return declared->number;
  std::string unknown;
  const auto value = parse_sym_expr(declared->expression, [&](std::string_view name) -> std::optional<Dim> {
    if (const auto known = lookup()(name)) return known;
    if (unknown.empty()) unknown = name;
    return Dim::unbacked(name);
  });
  if (!value || !value->is_whole()) return fresh_dim();
  if (unknown.empty()) return value->numerator;
  const Dim dim = Dim::unbacked(unknown);
  if (value->numerator != dim) return fresh_dim();
  symbols.emplace(unknown, dim);
  return dim;
}

Dim Conversion::dim_of(Scalar& scalar) {
  if (scalar.exact) {
    if (!scalar.exact->is_whole())
      fail(ErrorCode::unsupported_model, "an extent is {}/{}; expected a whole number",
           scalar.exact->numerator.to_string(), scalar.exact->denominator.to_string());
    return scalar.exact->numerator;
  }
  if (!scalar.value) {
    if (scalar.kind == Scalar::Kind::number && scalar.number == 0) return 0;
    fail(ErrorCode::unsupported_model, "the number {} stands where a whole number is expected", scalar.number);
  }
  Dim dim;
  if (scalar.symbol.empty()) {
    dim = fresh_dim();
  } else {
    dim = Dim::unbacked(scalar.symbol);
    symbols.emplace(scalar.symbol, dim);
  }
  ops::bind_dim(to_dtype(scalar.value, DType::i64), dim);
  scalar.exact = Ratio(dim);
  return dim;
}

Item& Scope::find(const std::string& name) {
  const auto found = items_.find(name);
  if (found != items_.end()) return found->second;
  const auto lazy = lazy_.find(name);
  if (lazy == lazy_.end()) fail(ErrorCode::invalid_model, "the value '{}' is used and never defined", printable(name));
  return items_[name] = lazy->second();
}

Item Scope::evaluate(const Argument& argument) {
  using Kind = Argument::Kind;
  switch (argument.kind) {
    case Kind::none: return {};
    case Kind::tensor:
    case Kind::symbol: return find(argument.text);
    case Kind::integer: return Scalar::of(Ratio(Dim(argument.integer)));
    case Kind::boolean: return Scalar::of_boolean(argument.integer != 0);
    case Kind::number: return Scalar::of_number(argument.number);
    case Kind::list: {
      std::vector<Item> items;
      for (const Argument& item : argument.items) items.push_back(evaluate(item));
      return items;
    }
    case Kind::string: {
      Item out;
      out.content = argument.text;
      return out;
    }
    case Kind::complex:
      fail(ErrorCode::unsupported_model, "a complex number stands where a tensor or a real number is expected");
    case Kind::custom_object:
      fail(ErrorCode::unsupported_model, "the program uses a custom object ('{}'), which is a pickle and never read",
           printable(argument.text));
    default: fail(ErrorCode::invalid_model, "an argument is of a kind that has no value");
  }
}

void Scope::run() {
  const auto live = live_nodes(exported);
  for (size_t i = 0; i < exported.nodes.size(); ++i) {
    if (!live[i]) continue;
    const ExportedNode& node = exported.nodes[i];
    graph.set_location(node.module_path);
    try {
      if (!convert_symbolically(node)) convert(node);
    } catch (Error& e) {
      const Argument* output = node.outputs.empty() ? nullptr : &node.outputs[0];
      throw std::move(e.in(fmt::format("{} of node {} ({}){}", printable(node.target), i,
                                       output == nullptr ? "" : printable(output->text),
                                       node.module_path.empty() ? "" : " in " + printable(node.module_path))));
    }
  }
  graph.set_location("");
}

std::vector<Item> Scope::results() {
  std::vector<Item> out;
  for (const Argument& output : exported.outputs) out.push_back(evaluate(output));
  return out;
}

bool Scope::convert_symbolically(const ExportedNode& node) {
  if (node.outputs.size() != 1 || node.outputs[0].kind != Argument::Kind::symbol) return false;
  const std::string& name = node.outputs[0].text;
  const auto found = exported.sym_ints.find(name);
  if (found == exported.sym_ints.end()) return false;
  Ratio value(Dim(found->second.number));
  if (!found->second.expression.empty()) {
    const auto parsed = parse_sym_expr(found->second.expression, conversion.lookup());
    if (!parsed || !parsed->is_whole()) return false;
    value = *parsed;
  }
  bind(name, Scalar::of(std::move(value)));
  return true;
}

void Scope::convert(const ExportedNode& node) {
  const bool in_place = is_in_place(node.target);
  const Mapping* mapping = find_mapping(in_place ? functional_target(node.target) : node.target);
  if (mapping == nullptr) fail(ErrorCode::internal, "no conversion");  // check_targets came before
  Call call(*this, node);
  // Complex operands.
  std::map<std::string, TensorItem> complex;
  const std::function<void(const Argument&)> look = [&](const Argument& argument) {
    if (argument.kind == Argument::Kind::tensor) {
      const Item& item = find(argument.text);
      if (item.tensor() != nullptr && item.tensor()->is_complex) complex.emplace(argument.text, *item.tensor());
    }
    for (const Argument& item : argument.items) look(item);
  };
  for (const NamedArgument& input : node.inputs) look(input.value);
  Item result;
  if (!complex.empty() && mapping->complex == Mapping::Complex::each_part) {
    std::vector<Value> parts;
    for (int64_t part = 0; part < 2; ++part) {
      std::map<std::string, Item> with;
      for (const auto& [name, pairs] : complex) with.emplace(name, Item(ops::select(pairs.value, -1, part)));
      call.substitute(std::move(with));
      const Item converted = mapping->convert(call);
      if (converted.tensor() == nullptr)
        fail(ErrorCode::unsupported_model, "{} of a complex tensor gives several results", printable(node.target));
      parts.push_back(converted.tensor()->value);
    }
    result = Item::complex(ops::stack(parts, -1));
  } else {
    result = mapping->convert(call);
  }
  if (in_place && !node.inputs.empty() && node.inputs[0].value.kind == Argument::Kind::tensor) {
    bind_outputs(node, result);
    bind(node.inputs[0].value.text, find(node.outputs.at(0).text));
    return;
  }
  bind_outputs(node, std::move(result));
}

void Scope::bind_outputs(const ExportedNode& node, Item result) {
  if (node.outputs.size() == 1) {
    const auto* list = result.list();
    if (node.outputs[0].kind == Argument::Kind::tensor && list != nullptr && !list->empty()) {
      bind_output(node.outputs[0], Item(list->front()));
    } else {
      bind_output(node.outputs[0], std::move(result));
    }
    return;
  }
  if (node.outputs.empty()) return;
  const auto* list = result.list();
  if (list == nullptr || list->size() < node.outputs.size())
    fail(ErrorCode::invalid_model, "{} results are declared; the op gives {}", node.outputs.size(),
         list == nullptr ? 1 : list->size());
  for (size_t i = 0; i < node.outputs.size(); ++i) bind_output(node.outputs[i], (*list)[i]);
}

void Scope::bind_output(const Argument& output, Item item) {
  using Kind = Argument::Kind;
  if (output.kind == Kind::none) return;
  if (output.kind == Kind::list) {
    const auto* list = item.list();
    if (list == nullptr || list->size() != output.items.size())
      fail(ErrorCode::invalid_model, "a list of {} results is declared; the op gives {}", output.items.size(),
           list == nullptr ? 1 : list->size());
    for (size_t i = 0; i < list->size(); ++i) bind_output(output.items[i], (*list)[i]);
    return;
  }
  if (output.kind == Kind::symbol) {
    if (item.scalar() == nullptr)
      fail(ErrorCode::invalid_model, "'{}' is declared as a number; the op gives none", printable(output.text));
    bind(output.text, std::move(item));
    return;
  }
  if (output.kind != Kind::tensor) fail(ErrorCode::invalid_model, "a result is of a kind that no op gives");
  if (item.is_none()) return;  // a result that inference has no use for, such as a reserve for gradients
  const TensorItem* t = item.tensor();
  if (t == nullptr)
    fail(ErrorCode::invalid_model, "'{}' is declared as a tensor; the op gives none", printable(output.text));
  const auto meta = exported.tensors.find(output.text);
  if (meta == exported.tensors.end())
    fail(ErrorCode::invalid_model, "the tensor '{}' is not declared", printable(output.text));
  Value value = t->value;
  const DType declared_dtype = dtype_of(meta->second.scalar_type);
  if (value.dtype() != declared_dtype || t->is_complex != is_complex_code(meta->second.scalar_type))
    fail(ErrorCode::invalid_model, "'{}' is declared as {}{}; its operands give {}{}", printable(output.text),
         is_complex_code(meta->second.scalar_type) ? "complex " : "", name_of(declared_dtype),
         t->is_complex ? "complex " : "", name_of(value.dtype()));
  if (auto shape = conversion.declared_shape(meta->second)) {
    bool fits = shape->size() == value.shape().size();
    for (size_t i = 0; fits && i < shape->size(); ++i) {
      const Dim& ours = value.shape()[i];
      const Dim& theirs = (*shape)[i];
      fits = (ours - theirs).constant().value_or(0) == 0;
    }
    if (!fits)
      fail(ErrorCode::invalid_model, "'{}' is declared with the shape {}; its operands give {}", printable(output.text),
           to_string(*shape), to_string(value.shape()));
    for (size_t i = 0; i < shape->size(); ++i)
      if (contradict(value.shape()[i], (*shape)[i])) (*shape)[i] = value.shape()[i];
    value = with_shape(value, *shape);
  }
  bind(output.text, TensorItem{value, t->is_complex});
}

}  // namespace accelerate::import::pt2
