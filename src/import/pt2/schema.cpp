#include "import/pt2/schema.h"

#include <simdjson.h>

#include <array>
#include <limits>

#include "base/error.h"
#include "import/pt2/tree_paths.h"

namespace accelerate::import::pt2 {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr int64_t kMajorVersion = 8;
constexpr int kMaxDepth = 32;

/// Reads one file; remembers where it is for errors.
class Parser {
 public:
  explicit Parser(std::string_view what) : what_(what) {}

  template <typename... Args>
  [[noreturn]] void bad(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::invalid_model, "{}{}: {}", printable(what_, 400), where_.empty() ? "" : ", " + printable(where_),
         fmt::format(format, std::forward<Args>(args)...));
  }
  void at(std::string where) { where_ = std::move(where); }

  element parse(simdjson::dom::parser& parser, const std::string& json) const {
    if (json.size() > std::numeric_limits<uint32_t>::max()) bad("it is larger than 4 GiB");
    element root;
    if (const auto error = parser.parse(json).get(root))
      bad("it is no valid JSON ({})", simdjson::error_message(error));
    return root;
  }

  object as_object(element e, std::string_view field) const {
    object out;
    if (e.get(out)) bad("'{}' is no object", printable(field));
    return out;
  }
  array as_array(element e, std::string_view field) const {
    array out;
    if (e.get(out)) bad("'{}' is no list", printable(field));
    return out;
  }
  std::string as_string(element e, std::string_view field) const {
    std::string_view out;
    if (e.get(out)) bad("'{}' is no string", printable(field));
    return std::string(out);
  }
  int64_t as_integer(element e, std::string_view field) const {
    int64_t out = 0;
    if (e.get(out)) bad("'{}' is no integer of 64 bits", printable(field));
    return out;
  }
  bool as_boolean(element e, std::string_view field) const {
    bool out = false;
    if (e.get(out)) bad("'{}' is neither true nor false", printable(field));
    return out;
  }
  /// JSON has no infinity and no NaN: they are strings.
  double as_number(element e, std::string_view field) const {
    double out = 0;
    if (!e.get(out)) return out;
    std::string_view text;
    if (!e.get(text)) {
      if (text == "Infinity") return std::numeric_limits<double>::infinity();
      if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
      if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    }
    bad("'{}' is no number", printable(field));
  }

  /// Null and absent are one.
  std::optional<element> find(object o, std::string_view key) const {
    element out;
    if (o.at_key(key).get(out) || out.is_null()) return std::nullopt;
    return out;
  }
  element get(object o, std::string_view key) const {
    const auto out = find(o, key);
    if (!out) bad("the field '{}' is missing", key);
    return *out;
  }
  object get_object(object o, std::string_view key) const { return as_object(get(o, key), key); }
  array get_array(object o, std::string_view key) const { return as_array(get(o, key), key); }
  std::string get_string(object o, std::string_view key) const { return as_string(get(o, key), key); }
  int64_t get_integer(object o, std::string_view key) const { return as_integer(get(o, key), key); }

  /// The one member of a union that is set: {"as_tensor": {...}}.
  std::pair<std::string_view, element> one_of(element e, std::string_view field) const {
    const object o = as_object(e, field);
    if (o.size() != 1) bad("'{}' has {} members; expected one", printable(field), o.size());
    const auto member = *o.begin();
    return {member.key, member.value};
  }

  SymInt sym_int(element e) const {
    const auto [kind, value] = one_of(e, "size");
    SymInt out;
    if (kind == "as_int") {
      out.number = as_integer(value, kind);
      out.hint = out.number;
      return out;
    }
    if (kind != "as_expr") bad("a size is '{}'; expected as_int or as_expr", printable(kind));
    const object expression = as_object(value, kind);
    out.expression = get_string(expression, "expr_str");
    if (out.expression.empty()) bad("an expression of symbols is empty");
    if (const auto hint = find(expression, "hint")) {
      int64_t number = 0;
      const auto [hint_kind, hint_value] = one_of(*hint, "hint");
      if (hint_kind == "as_int" && !hint_value.get(number)) out.hint = number;
    }
    return out;
  }

  TensorMeta tensor_meta(element e) const {
    const object o = as_object(e, "tensor_meta");
    TensorMeta meta;
    meta.scalar_type = get_integer(o, "dtype");
    for (const element size : get_array(o, "sizes")) meta.sizes.push_back(sym_int(size));
    for (const element stride : get_array(o, "strides")) meta.strides.push_back(sym_int(stride));
    if (const auto offset = find(o, "storage_offset")) meta.storage_offset = sym_int(*offset);
    meta.layout = get_integer(o, "layout");
    return meta;
  }

  Argument argument(element e, int depth) {
    if (depth > kMaxDepth) bad("arguments nest deeper than {}", kMaxDepth);
    const auto [kind, value] = one_of(e, "arg");
    return argument_of(kind, value, depth);
  }

  std::shared_ptr<ExportedGraph> graph(element e, int depth) {
    if (depth > kMaxDepth) bad("graphs nest deeper than {}", kMaxDepth);
    const object o = as_object(e, "graph");
    auto out = std::make_shared<ExportedGraph>();
    for (const element input : get_array(o, "inputs")) out->inputs.push_back(argument(input, depth + 1));
    for (const element output : get_array(o, "outputs")) out->outputs.push_back(argument(output, depth + 1));
    size_t index = 0;
    for (const element n : get_array(o, "nodes")) {
      at(fmt::format("node {}", index++));
      out->nodes.push_back(node(as_object(n, "node"), depth));
    }
    at("");
    for (const auto [name, meta] : get_object(o, "tensor_values"))
      if (!out->tensors.emplace(name, tensor_meta(meta)).second)
        bad("the tensor '{}' is declared twice", printable(name));
    for (const auto [name, value] : get_object(o, "sym_int_values"))
      if (!out->sym_ints.emplace(name, sym_int(value)).second) bad("'{}' is declared twice", printable(name));
    return out;
  }

  ExportedNode node(object o, int depth) {
    ExportedNode out;
    out.target = get_string(o, "target");
    constexpr std::string_view kPrefix = "torch.ops.";
    if (out.target.starts_with(kPrefix)) out.target.erase(0, kPrefix.size());
    where_ += " (" + out.target + ")";
    for (const element input : get_array(o, "inputs")) {
      const object named = as_object(input, "input");
      out.inputs.push_back({get_string(named, "name"), argument(get(named, "arg"), depth + 1)});
    }
    for (const element output : get_array(o, "outputs")) out.outputs.push_back(argument(output, depth + 1));
    if (const auto metadata = find(o, "metadata")) {
      if (const auto stack = find(as_object(*metadata, "metadata"), "nn_module_stack"))
        out.module_path = innermost_module(as_string(*stack, "nn_module_stack"));
    }
    return out;
  }

 private:
  template <typename Fn>
  Argument list(element value, std::string_view kind, Fn item) {
    Argument out;
    out.kind = Argument::Kind::list;
    for (const element e : as_array(value, kind)) out.items.push_back(item(e));
    return out;
  }
  Argument named(Argument::Kind kind, element value, std::string_view field) const {
    Argument out;
    out.kind = kind;
    out.text = get_string(as_object(value, field), "name");
    return out;
  }
  Argument code(Argument::Kind kind, element value, std::string_view field) const {
    Argument out;
    out.kind = kind;
    out.integer = as_integer(value, field);
    return out;
  }

  Argument argument_of(std::string_view kind, element value, int depth) {
    using Kind = Argument::Kind;
    Argument out;
    const auto each = [&](std::string_view item_kind) {
      return list(value, kind, [&](element e) { return argument_of(item_kind, e, depth + 1); });
    };
    const auto each_argument = [&] { return list(value, kind, [&](element e) { return argument(e, depth + 1); }); };
    if (kind == "as_none") return out;
    if (kind == "as_tensor") return named(Kind::tensor, value, kind);
    if (kind == "as_tensors") return each("as_tensor");
    if (kind == "as_nested_tensors") return each("as_tensors");
    if (kind == "as_optional_tensor") return argument(value, depth + 1);
    if (kind == "as_optional_tensors") return each_argument();
    if (kind == "as_int") return code(Kind::integer, value, kind);
    if (kind == "as_ints") return each("as_int");
    if (kind == "as_int_lists") return each("as_ints");
    if (kind == "as_float") {
      out.kind = Kind::number;
      out.number = as_number(value, kind);
      return out;
    }
    if (kind == "as_floats") return each("as_float");
    if (kind == "as_float_lists") return each("as_floats");
    if (kind == "as_string" || kind == "as_operator") {
      out.kind = kind == "as_string" ? Kind::string : Kind::op;
      out.text = as_string(value, kind);
      return out;
    }
    if (kind == "as_strings") return each("as_string");
    if (kind == "as_bool") {
      out.kind = Kind::boolean;
      out.integer = as_boolean(value, kind) ? 1 : 0;
      return out;
    }
    if (kind == "as_bools") return each("as_bool");
    if (kind == "as_sym_int" || kind == "as_sym_bool" || kind == "as_sym_float") return symbolic(value, kind);
    if (kind == "as_sym_ints") return each("as_sym_int");
    if (kind == "as_sym_bools") return each("as_sym_bool");
    if (kind == "as_sym_floats") return each("as_sym_float");
    if (kind == "as_scalar_type") return code(Kind::scalar_type, value, kind);
    if (kind == "as_memory_format") return code(Kind::memory_format, value, kind);
    if (kind == "as_layout") return code(Kind::layout, value, kind);
    if (kind == "as_device") {
      out.kind = Kind::device;
      out.text = get_string(as_object(value, kind), "type");
      return out;
    }
    if (kind == "as_graph") {
      out = named(Kind::graph, value, kind);
      const std::string where = where_;
      out.graph = graph(get(as_object(value, kind), "graph"), depth + 1);
      where_ = where;
      return out;
    }
    if (kind == "as_custom_obj") return named(Kind::custom_object, value, kind);
    if (kind == "as_complex") {
      const object o = as_object(value, kind);
      out.kind = Kind::complex;
      out.number = as_number(get(o, "real"), "real");
      out.imaginary = as_number(get(o, "imag"), "imag");
      return out;
    }
    if (kind == "as_string_to_argument") {
      out.kind = Kind::map;
      for (const auto [key, item] : as_object(value, kind)) {
        out.keys.emplace_back(key);
        out.items.push_back(argument(item, depth + 1));
      }
      return out;
    }
    bad("an argument is of the unknown kind '{}'", printable(kind));
  }

  /// {"as_name": ...} or a number.
  Argument symbolic(element e, std::string_view field) {
    const auto [kind, value] = one_of(e, field);
    if (kind != "as_name") return argument_of(kind, value, 0);
    Argument out;
    out.kind = Argument::Kind::symbol;
    out.text = as_string(value, kind);
    return out;
  }

  /// "L__self__,,Model;L__self__encoder,encoder,Encoder" -> "encoder".
  static std::string innermost_module(const std::string& stack) {
    const size_t entry = stack.rfind(';') == std::string::npos ? 0 : stack.rfind(';') + 1;
    const size_t begin = stack.find(',', entry);
    if (begin == std::string::npos) return "";
    const size_t end = stack.find(',', begin + 1);
    std::string path = stack.substr(begin + 1, end == std::string::npos ? end : end - begin - 1);
    return path.size() > 256 || path.starts_with('_') ? "" : path;
  }

  std::string what_;
  std::string where_;
};

InputSpec input_spec(Parser& p, element e) {
  const auto [kind, value] = p.one_of(e, "input_spec");
  const object o = p.as_object(value, kind);
  InputSpec out;
  const auto name_of_arg = [&](Argument::Kind argument_kind) {
    out.value.kind = argument_kind;
    out.value.text = p.get_string(p.get_object(o, "arg"), "name");
  };
  if (kind == "user_input") {
    out.value = p.argument(p.get(o, "arg"), 0);
  } else if (kind == "parameter") {
    out.kind = InputSpec::Kind::parameter;
    name_of_arg(Argument::Kind::tensor);
    out.name = p.get_string(o, "parameter_name");
  } else if (kind == "buffer") {
    out.kind = InputSpec::Kind::buffer;
    name_of_arg(Argument::Kind::tensor);
    out.name = p.get_string(o, "buffer_name");
    if (const auto persistent = p.find(o, "persistent")) out.is_persistent = p.as_boolean(*persistent, "persistent");
  } else if (kind == "tensor_constant") {
    out.kind = InputSpec::Kind::tensor_constant;
    name_of_arg(Argument::Kind::tensor);
    out.name = p.get_string(o, "tensor_constant_name");
  } else if (kind == "constant_input") {
    out.kind = InputSpec::Kind::constant;
    out.name = p.get_string(o, "name");
    out.value = p.argument(p.get(o, "value"), 0);
  } else if (kind == "custom_obj") {
    out.kind = InputSpec::Kind::custom_object;
    name_of_arg(Argument::Kind::custom_object);
    out.name = p.get_string(o, "custom_obj_name");
  } else if (kind == "token") {
    out.kind = InputSpec::Kind::token;
    name_of_arg(Argument::Kind::none);
  } else {
    p.bad("an input is of the unknown kind '{}'", printable(kind));
  }
  return out;
}

OutputSpec output_spec(Parser& p, element e) {
  const auto [kind, value] = p.one_of(e, "output_spec");
  const object o = p.as_object(value, kind);
  OutputSpec out;
  if (kind == "user_output") {
    out.value = p.argument(p.get(o, "arg"), 0);
    return out;
  }
  out.kind = kind.ends_with("_mutation") ? OutputSpec::Kind::mutation : OutputSpec::Kind::other;
  out.value.kind = Argument::Kind::tensor;
  out.value.text = p.get_string(p.get_object(o, "arg"), "name");
  return out;
}

void read_paths(Parser& p, object graph_module, ExportedProgram& program) {
  const auto calls = p.find(graph_module, "module_call_graph");
  if (!calls) return;
  for (const element e : p.as_array(*calls, "module_call_graph")) {
    const object entry = p.as_object(e, "module_call_graph");
    const auto signature = p.find(entry, "signature");
    if (!p.get_string(entry, "fqn").empty() || !signature) continue;
    const object o = p.as_object(*signature, "signature");
    std::vector<std::string> argument_names;
    if (const auto names = p.find(o, "forward_arg_names"))
      for (const element name : p.as_array(*names, "forward_arg_names"))
        argument_names.push_back(p.as_string(name, "forward_arg_names"));
    program.input_paths = input_tree_paths(p.get_string(o, "in_spec"), argument_names);
    program.output_paths = output_tree_paths(p.get_string(o, "out_spec"));
    return;
  }
}

constexpr std::array<std::pair<int64_t, DType>, 16> kScalarTypes = {{{1, DType::u8},
                                                                     {2, DType::i8},
                                                                     {3, DType::i16},
                                                                     {4, DType::i32},
                                                                     {5, DType::i64},
                                                                     {6, DType::f16},
                                                                     {7, DType::f32},
                                                                     {8, DType::f64},
                                                                     {10, DType::f32},  // pairs, as complex64
                                                                     {12, DType::boolean},
                                                                     {13, DType::bf16},
                                                                     {28, DType::u16},
                                                                     {29, DType::f8e4m3},
                                                                     {30, DType::f8e5m2},
                                                                     {34, DType::u32},
                                                                     {35, DType::u64}}};

}  // namespace

ExportedProgram parse_exported_program(const std::string& json, std::string_view what) {
  Parser p(what);
  simdjson::dom::parser parser;
  const object root = p.as_object(p.parse(parser, json), "the file");
  const object version = p.get_object(root, "schema_version");
  const int64_t major = p.get_integer(version, "major");
  if (major != kMajorVersion) {
    fail(ErrorCode::unsupported_format, "{} has the schema version {}.{} of torch.export; expected {}.x{}",
         printable(what, 400), major, p.get_integer(version, "minor"), kMajorVersion,
         major > kMajorVersion ? ": it comes from a newer PyTorch than this program knows; capture the model with an "
                                 "older one, or update this program"
                               : ": it comes from an old PyTorch; save the model again with a newer one");
  }
  ExportedProgram out;
  if (const auto torch_version = p.find(root, "torch_version"))
    out.torch_version = p.as_string(*torch_version, "torch_version");
  if (const auto ranges = p.find(root, "range_constraints")) {
    for (const auto [name, value] : p.as_object(*ranges, "range_constraints")) {
      const object range = p.as_object(value, name);
      RangeConstraint& constraint = out.ranges[std::string(name)];
      if (const auto min = p.find(range, "min_val")) constraint.min = p.as_integer(*min, "min_val");
      if (const auto max = p.find(range, "max_val")) constraint.max = p.as_integer(*max, "max_val");
    }
  }
  const object graph_module = p.get_object(root, "graph_module");
  out.graph = std::move(*p.graph(p.get(graph_module, "graph"), 0));
  const object signature = p.get_object(graph_module, "signature");
  for (const element e : p.get_array(signature, "input_specs")) out.inputs.push_back(input_spec(p, e));
  for (const element e : p.get_array(signature, "output_specs")) out.outputs.push_back(output_spec(p, e));
  read_paths(p, graph_module, out);
  return out;
}

std::map<std::string, Payload> parse_payloads(const std::string& json, std::string_view what) {
  Parser p(what);
  simdjson::dom::parser parser;
  const object root = p.as_object(p.parse(parser, json), "the file");
  std::map<std::string, Payload> out;
  for (const auto [name, value] : p.get_object(root, "config")) {
    p.at(std::string(name));
    const object o = p.as_object(value, name);
    Payload payload;
    payload.path = p.get_string(o, "path_name");
    if (const auto pickle = p.find(o, "use_pickle")) payload.is_pickle = p.as_boolean(*pickle, "use_pickle");
    if (const auto meta = p.find(o, "tensor_meta")) payload.meta = p.tensor_meta(*meta);
    if (!out.emplace(name, std::move(payload)).second) p.bad("it is listed twice");
  }
  return out;
}

DType dtype_of(int64_t scalar_type) {
  for (const auto& [code, dtype] : kScalarTypes)
    if (code == scalar_type) return dtype;
  fail(ErrorCode::unsupported_model, "a tensor has torch's scalar type {}, which has no dtype here", scalar_type);
}

bool is_complex_code(int64_t scalar_type) {
  return scalar_type == 9 || scalar_type == 10 || scalar_type == 11;
}

}  // namespace accelerate::import::pt2
