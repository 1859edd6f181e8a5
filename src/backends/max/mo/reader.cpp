#include "backends/max/mo/reader.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>

#include "backends/max/mo/text_line.h"
#include "base/error.h"
#include "ops/registry.h"

namespace accelerate::max_engine {
namespace {

/// Operations that one op of ours is, without attributes.
const std::map<std::string, std::string, std::less<>>& plain_ops() {
  static const std::map<std::string, std::string, std::less<>> table = [] {
    std::map<std::string, std::string, std::less<>> out;
    for (const char* name : {"exp", "log", "log1p", "sqrt", "rsqrt", "tanh", "sigmoid", "erf", "silu", "sin", "cos",
                             "atanh", "floor", "ceil", "round", "trunc", "abs", "is_nan", "is_inf"})
      out[std::string("rmo.mo.") + name] = name;
    out["rmo.mo.negative"] = "neg";
    out["rmo.mo.gelu_quick"] = "quick_gelu";
    out["rmo.mo.not"] = "logical_not";
    for (const char* name : {"add", "sub", "mul", "pow", "equal", "not_equal", "greater", "greater_equal", "matmul"})
      out[std::string("rmo.") + name] = name;
    out["rmo.and"] = "logical_and";
    out["rmo.or"] = "logical_or";
    out["rmo.xor"] = "logical_xor";
    out["rmo.select"] = "where";
    return out;
  }();
  return table;
}

const std::map<std::string, std::string, std::less<>> kReductions = {{"rmo.mo.reduce.add", "reduce_sum"},
                                                                     {"rmo.mo.reduce.mul", "reduce_prod"},
                                                                     {"rmo.mo.reduce.mean", "reduce_mean"},
                                                                     {"rmo.mo.reduce.max", "reduce_max"},
                                                                     {"rmo.mo.reduce.min", "reduce_min"}};

class Reader {
 public:
  explicit Reader(std::string_view text) {
    size_t number = 0;
    while (!text.empty()) {
      size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      ++number;
      if (line.empty() || line.starts_with("//") || line.starts_with("}")) continue;
      if (line.starts_with("mo.graph ")) {
        header_ = line;
        header_line_.number = number;
      } else {
        lines_.push_back(parse_line(line, number));
      }
    }
    if (header_.empty()) header_line_.bad("mo.graph");
  }

  Graph run() {
    read_header();
    define_symbols();
    for (size_t i = 0; i < arguments_.size(); ++i) {
      TensorType type = arguments_[i].type;
      type.shape = resolved(type.shape);
      if (!is_carrier(arguments_[i])) values_[arguments_[i].name].value = graph_.add_input(argument_names_[i], type);
    }
    for (size_t i = 0; i < arguments_.size(); ++i) {
      if (!is_carrier(arguments_[i])) continue;
      const Shape& shape = arguments_[i].type.shape;
      bool defined = std::all_of(shape.begin(), shape.end(),
                                 [&](const Dim& d) { return d.is_constant() || definitions_.contains(d.to_string()); });
      if (!defined) graph_.add_input(argument_names_[i], {DType::u8, resolved(shape)});
    }
    bool ended = false;
    for (const TextLine& line : lines_) {
      if (ended) line.bad("the end behind mo.output");
      if (line.name == "mo.output") {
        for (size_t i = 0; i < line.operands.size(); ++i)
          graph_.output(entry(line, i).value, i < result_names_.size() ? result_names_[i] : "");
        ended = true;
        continue;
      }
      try {
        read_line(line);
      } catch (Error& error) {
        error.in(fmt::format("line {} ({})", line.number, line.name));
        throw;
      }
    }
    if (!ended) header_line_.bad("mo.output at the end");
    return Patch(graph_).apply();  // without what only guards
  }

 private:
  struct Argument {
    std::string name;
    TensorType type;
  };
  /// What a name of the text stands for.
  struct Entry {
    Value value;
    std::optional<Tensor> constant;
    std::optional<Shape> extents;  // a tensor of extents: only where other operations want one
    std::string transposed;        // the name that it is a transpose of
    std::vector<int64_t> permutation;
  };

  static bool is_carrier(const Argument& a) {
    return a.name.starts_with("%c") && a.type.dtype == DType::u8 && !a.type.shape.empty() &&
           a.type.shape.back() == Dim(0);
  }

  void read_header() {
    size_t open = header_.find('(');
    size_t attributes = header_.find(" attributes {");
    size_t arrow = header_.rfind(" -> ", attributes);
    if (open == std::string_view::npos || attributes == std::string_view::npos || arrow == std::string_view::npos ||
        arrow < open + 1)
      header_line_.bad("mo.graph @NAME(arguments) -> types attributes {...}");
    // The parenthesis that ends the arguments stands before the arrow.
    for (std::string argument : split_list(header_.substr(open + 1, arrow - open - 2))) {
      size_t colon = argument.find(": ");
      if (colon == std::string::npos || !argument.ends_with(" loc(unknown)"))
        header_line_.bad("%NAME: TYPE loc(unknown)");
      argument.resize(argument.size() - std::string_view(" loc(unknown)").size());
      arguments_.push_back({argument.substr(0, colon), parse_type(argument.substr(colon + 2), header_line_)});
    }
    argument_names_ = quoted_list("argument_names = [");
    result_names_ = quoted_list("result_names = [");
    if (argument_names_.size() != arguments_.size()) header_line_.bad("as many argument_names as arguments");
  }

  std::vector<std::string> quoted_list(std::string_view key) const {
    size_t at = header_.find(key);
    if (at == std::string_view::npos) header_line_.bad(key);
    size_t begin = at + key.size();
    size_t end = header_.find(']', begin);
    if (end == std::string_view::npos) header_line_.bad("]");
    std::vector<std::string> out;
    for (const std::string& part : split_list(header_.substr(begin, end - begin))) {
      if (part.size() < 2 || part.front() != '"' || part.back() != '"') header_line_.bad("names in quotes");
      out.push_back(part.substr(1, part.size() - 2));
    }
    return out;
  }

  // --- symbols that the operations define ---

  void define(const Dim& symbol, const Dim& meaning) {
    auto name = symbol.as_symbol();
    if (!name || symbol == meaning || definitions_.contains(*name)) return;
    for (const Argument& a : arguments_)
      if (!is_carrier(a) && std::find(a.type.shape.begin(), a.type.shape.end(), symbol) != a.type.shape.end()) return;
    std::vector<std::string> used;
    meaning.collect_symbols(used);
    if (std::find(used.begin(), used.end(), *name) == used.end()) definitions_[*name] = meaning;
  }

  /// Tensors of extents by name, before any value is made.
  void define_symbols() {
    std::unordered_map<std::string, Shape> known;
    std::unordered_map<std::string, const TextLine*> windows;
    auto ints = [&](const TextLine& line, size_t i) -> const Shape* {
      auto it = i < line.operands.size() ? known.find(line.operands[i]) : known.end();
      return it == known.end() ? nullptr : &it->second;
    };
    for (const TextLine& line : lines_) {
      if (line.name == "rmo.shape_to_tensor") known[line.result] = parse_ape(line.attribute("shape"), line);
      if (line.name == "mo.constant") {
        Tensor value = parse_array(line.attribute("value"), line);
        if (value.dtype() != DType::i64 || value.rank() != 1) continue;
        Shape& list = known[line.result];
        for (int64_t i = 0; i < value.num_elements(); ++i) list.emplace_back(value.get_int(i));
      }
      if (line.operand_types.empty()) continue;
      Shape from = parse_type(line.operand_types[0], line).shape;
      Shape to = parse_type(line.result_type, line).shape;
      const Shape* first = ints(line, 1);
      if (line.name == "rmo.rebind_tensor_shape" && from.size() == to.size()) {
        auto window = windows.find(line.operands.at(0));
        if (window != windows.end()) from = positions(*window->second);
        for (size_t i = 0; i < std::min(from.size(), to.size()); ++i) define(to[i], from[i]);
      } else if (has_windows(line)) {
        windows[line.result] = &line;
      } else if (line.name == "mo.slice" && first != nullptr && ints(line, 2) != nullptr && ints(line, 3) != nullptr &&
                 first->size() == to.size()) {
        for (size_t i = 0; i < to.size(); ++i)
          define(to[i], ceildiv((*ints(line, 2))[i] - (*first)[i], (*ints(line, 3))[i]));
      } else if (line.name.starts_with("mo.pad.") && first != nullptr && first->size() == 2 * to.size()) {
        for (size_t i = 0; i < to.size(); ++i) define(to[i], from[i] + (*first)[2 * i] + (*first)[2 * i + 1]);
      } else if (line.name == "mo.tile" && first != nullptr && first->size() == to.size()) {
        for (size_t i = 0; i < to.size(); ++i) define(to[i], from[i] * (*first)[i]);
      } else if (line.name == "mo.reshape") {
        define_by_elements(from, to);
      }
    }
  }

  static bool has_windows(const TextLine& line) {
    return line.name == "rmo.conv" || line.name == "rmo.max_pool" || line.name == "rmo.avg_pool";
  }

  /// The extents of the result of windows, as our ops write them: MAX writes the same numbers otherwise.
  static Shape positions(const TextLine& line) {
    Shape out = parse_type(line.operand_types[0], line).shape;
    Shape paddings = parse_ape(line.attribute("paddings"), line);
    Shape strides = parse_ape(line.attribute("strides"), line);
    Shape dilations = parse_ape(line.attribute("dilations"), line);
    Shape kernel = line.name == "rmo.conv" ? parse_type(line.operand_types.at(1), line).shape
                                           : parse_ape(line.attribute("filter_shape"), line);
    size_t axes = strides.size();
    if (out.size() != axes + 2 || paddings.size() != 2 * axes || dilations.size() != axes || kernel.size() < axes)
      line.bad("a stride, a dilation and two paddings for each axis");
    for (size_t i = 0; i < axes; ++i) {
      Dim room = out[i + 1] + paddings[2 * i] + paddings[2 * i + 1] - dilations[i] * (kernel[i] - 1) - 1;
      out[i + 1] = floordiv(room, strides[i]) + 1;
    }
    out.back() = line.name == "rmo.conv" ? kernel.back() : out.back();
    return out;
  }

  /// The one symbol of `to` that `from` does not have: what makes the numbers of elements equal.
  void define_by_elements(const Shape& from, const Shape& to) {
    std::optional<Dim> unknown;
    Dim known = 1;
    for (const Dim& d : to) {
      bool named = d.is_constant() || std::find(from.begin(), from.end(), d) != from.end();
      if (!named && unknown) return;
      if (named) {
        known = known * d;
      } else {
        unknown = d;
      }
    }
    if (unknown) define(*unknown, floordiv(num_elements(from), known));
  }

  Dim resolved(Dim dim) const {
    constexpr int kDepth = 32;
    for (int i = 0; i < kDepth; ++i) {
      Dim next = dim.substitute([&](const std::string& name) -> std::optional<Dim> {
        auto it = definitions_.find(name);
        if (it == definitions_.end()) return std::nullopt;
        return it->second;
      });
      if (next == dim) return dim;
      dim = next;
    }
    return dim;
  }
  Shape resolved(const Shape& shape) const {
    Shape out;
    for (const Dim& d : shape) out.push_back(resolved(d));
    return out;
  }

  // --- operations ---

  const Entry& entry(const TextLine& line, size_t i) const {
    if (i >= line.operands.size()) line.bad(fmt::format("{} operands", i + 1));
    auto it = values_.find(line.operands[i]);
    if (it == values_.end()) line.bad("a value that stands above, not " + printable(line.operands[i]));
    return it->second;
  }
  Value value(const TextLine& line, size_t i) const {
    const Entry& e = entry(line, i);
    if (!e.value) line.bad(printable(line.operands[i]) + " to be a value");
    return e.value;
  }
  const Tensor& constant(const TextLine& line, size_t i) const {
    const Entry& e = entry(line, i);
    if (!e.constant) line.bad(printable(line.operands[i]) + " to be a constant");
    return *e.constant;
  }
  /// Extents that operand i holds.
  Shape extents(const TextLine& line, size_t i) const {
    const Entry& e = entry(line, i);
    if (e.extents) return resolved(*e.extents);
    Shape out;
    const Tensor& list = constant(line, i);
    for (int64_t k = 0; k < list.num_elements(); ++k) out.emplace_back(list.get_int(k));
    return out;
  }
  std::vector<int64_t> integers(const TextLine& line, size_t i) const {
    const Tensor& list = constant(line, i);
    std::vector<int64_t> out;
    for (int64_t k = 0; k < list.num_elements(); ++k) out.push_back(list.get_int(k));
    return out;
  }

  Value add(std::string_view op, std::initializer_list<Value> operands, Attrs attrs = {}) {
    Attrs complete = std::move(attrs);
    if (operands.size() == 0) return graph_.add(ops::registry().get(op), {}, complete).at(0);
    return graph_.add1(ops::registry().get(op), operands, complete);
  }

  void read_line(const TextLine& line) {
    Entry out;
    TensorType declared = parse_type(line.result_type, line);
    declared.shape = resolved(declared.shape);
    if (line.name == "mo.constant") {
      out.constant = parse_array(line.attribute("value"), line);
      out.value = add("constant", {}, {{"value", *out.constant}});
    } else if (line.name == "rmo.shape_to_tensor") {
      out.extents = parse_ape(line.attribute("shape"), line);
    } else if (line.name == "rmo.rebind_tensor_shape") {
      out = entry(line, 0);
    } else if (line.name == "rmo.mo.transpose") {
      out.permutation = integers(line, 1);
      out.transposed = line.operands[0];
      out.value = add("transpose", {value(line, 0)}, {{"permutation", out.permutation}});
    } else {
      out.value = operation(line, declared);
    }
    if (out.value && !has_windows(line)) {
      const TensorType& made = out.value.type();
      if (made.dtype != declared.dtype || made.shape != declared.shape)
        line.bad(fmt::format("the result {}, not {}", made.to_string(), declared.to_string()));
    }
    values_[line.result] = std::move(out);
  }

  /// The softmax that `where` guards, if it is one: where(is_nan(reduce_sum(y)), reduce_sum(y), y).
  std::optional<Value> guarded_softmax(const TextLine& line) const {
    if (line.name != "rmo.select") return std::nullopt;
    Value y = value(line, 2);
    Value sum = value(line, 1);
    const Node* softmax = graph_.producer(y.id);
    const Node* nan = graph_.producer(value(line, 0).id);
    const Node* added = graph_.producer(sum.id);
    bool fits = softmax != nullptr && (softmax->op->name == "softmax" || softmax->op->name == "log_softmax") &&
                nan != nullptr && nan->op->name == "is_nan" && nan->operands[0] == sum.id && added != nullptr &&
                added->op->name == "reduce_sum" && added->operands[0] == y.id;
    return fits ? std::optional<Value>(y) : std::nullopt;
  }

  Value operation(const TextLine& line, const TensorType& declared) {
    const std::string& name = line.name;
    if (auto softmax = guarded_softmax(line)) return *softmax;
    if (auto it = plain_ops().find(name); it != plain_ops().end()) {
      std::vector<Value> operands;
      for (size_t i = 0; i < line.operands.size(); ++i) operands.push_back(value(line, i));
      return graph_.add(ops::registry().get(it->second), operands).at(0);
    }
    if (auto it = kReductions.find(name); it != kReductions.end()) {
      Value x = value(line, 0);
      bool extreme = name.ends_with(".max") || name.ends_with(".min");
      if (extreme && is_float(x.dtype())) no_op(line);
      return add(it->second, {x}, {{"axes", std::vector<int64_t>{line.integer("axis")}}, {"keepdims", true}});
    }
    if (name == "mo.constant.external") {
      std::string quoted = line.attribute("name");
      if (quoted.size() < 2) line.bad("a name in quotes");
      return add("weight", {},
                 {{"name", quoted.substr(1, quoted.size() - 2)}, {"dtype", declared.dtype}, {"shape", declared.shape}});
    }
    if (name == "mo.cast") return add("cast", {value(line, 0)}, {{"dtype", declared.dtype}});
    if (name == "rmo.mo.gelu" || name == "rmo.mo.gelu_tanh")
      return add("gelu", {value(line, 0)}, {{"approximate", std::string(name == "rmo.mo.gelu" ? "none" : "tanh")}});
    if (name == "rmo.max" || name == "rmo.min") {
      if (is_float(declared.dtype)) no_op(line);
      return add(name == "rmo.max" ? "maximum" : "minimum", {value(line, 0), value(line, 1)});
    }
    if (name == "rmo.div") {
      if (!is_float(declared.dtype)) no_op(line);
      return add("div", {value(line, 0), value(line, 1)});
    }
    if (name == "rmo.mo.reduce.softmax" || name == "rmo.mo.reduce.logsoftmax")
      return add(name.ends_with("logsoftmax") ? "log_softmax" : "softmax", {value(line, 0)},
                 {{"axis", line.integer("axis")}});
    if (name == "rmo.mo.cumsum")
      return add("cumsum", {value(line, 0)},
                 {{"axis", line.integer("axis")},
                  {"exclusive", line.integer("exclusive") != 0},
                  {"reverse", line.integer("reverse") != 0}});
    if (name == "mo.reduce.layer_norm")
      return add("layer_norm", {value(line, 0), value(line, 1), value(line, 2)}, {{"eps", constant(line, 3).get(0)}});
    if (name == "mo.reduce.rms_norm")
      return add("rms_norm", {value(line, 0), value(line, 1)}, {{"eps", constant(line, 2).get(0)}});
    if (name == "mo.reduce.group_norm")
      return add("group_norm", {value(line, 0), value(line, 1), value(line, 2)},
                 {{"groups", constant(line, 4).get_int(0)}, {"eps", constant(line, 3).get(0)}});
    if (name == "rmo.conv") return convolution(line);
    return movement(line, declared);
  }

  Value movement(const TextLine& line, const TensorType& declared) {
    const std::string& name = line.name;
    if (name == "mo.reshape") {
      // The value of an extent, as a number of the graph.
      if (entry(line, 0).extents) return add("dim_value", {}, {{"dim", resolved(*entry(line, 0).extents)}});
      return add("reshape", {value(line, 0)}, {{"shape", declared.shape}});
    }
    if (name == "mo.broadcast_to") return add("expand", {value(line, 0)}, {{"shape", declared.shape}});
    if (name == "rmo.concat") {
      std::vector<Value> operands;
      for (size_t i = 0; i < line.operands.size(); ++i) operands.push_back(value(line, i));
      return graph_.add(ops::registry().get("concat"), operands, {{"axis", line.integer("axis")}}).at(0);
    }
    if (name == "mo.slice") return slice(line);
    if (name == "mo.pad.constant" || name == "mo.pad.reflect" || name == "mo.pad.repeat") {
      Shape both = extents(line, 1);
      Shape begin;
      Shape end;
      for (size_t i = 0; i + 1 < both.size(); i += 2) {
        begin.push_back(both[i]);
        end.push_back(both[i + 1]);
      }
      std::string mode = name == "mo.pad.constant" ? "constant" : name == "mo.pad.reflect" ? "reflect" : "replicate";
      return add("pad", {value(line, 0)},
                 {{"begin", begin},
                  {"end", end},
                  {"mode", mode},
                  {"value", mode == "constant" ? constant(line, 2).get(0) : 0.0}});
    }
    if (name == "mo.tile") return add("tile", {value(line, 0)}, {{"repeats", extents(line, 1)}});
    if (name == "mo.range") return add("iota", {}, {{"dtype", declared.dtype}, {"length", declared.shape}});
    if (name == "rmo.mo.gather")
      return add("gather", {value(line, 0), value(line, 1)}, {{"axis", line.integer("axis")}});
    if (name == "rmo.mo.gather_nd")
      return add("gather_nd", {value(line, 0), value(line, 1)}, {{"batch_dims", line.integer("batchDims")}});
    no_op(line);
  }

  /// The one axis that is not taken whole, or the first.
  Value slice(const TextLine& line) {
    Value x = value(line, 0);
    Shape starts = extents(line, 1);
    Shape ends = extents(line, 2);
    std::vector<int64_t> steps = integers(line, 3);
    if (starts.size() != x.shape().size() || ends.size() != starts.size() || steps.size() != starts.size())
      line.bad("a start, an end and a step for each axis");
    size_t axis = 0;
    for (size_t i = 0; i < starts.size(); ++i)
      if (!(starts[i] == Dim(0)) || !(ends[i] == x.shape()[i]) || steps[i] != 1) axis = i;
    return add("slice", {x},
               {{"axis", static_cast<int64_t>(axis)},
                {"start", Shape{starts[axis]}},
                {"end", Shape{ends[axis]}},
                {"step", steps[axis]}});
  }

  Value convolution(const TextLine& line) {
    const Entry& filter = entry(line, 1);
    auto source = values_.find(filter.transposed);
    bool from_weight = source != values_.end() && (filter.permutation == std::vector<int64_t>{2, 3, 1, 0} ||
                                                   filter.permutation == std::vector<int64_t>{2, 3, 4, 1, 0});
    if (!from_weight) no_op(line);
    auto numbers = [&](const char* key) {
      std::vector<int64_t> out;
      for (const Dim& d : parse_ape(line.attribute(key), line)) out.push_back(d.as_constant(key));
      return out;
    };
    std::vector<int64_t> begin;
    std::vector<int64_t> end;
    auto paddings = numbers("paddings");
    for (size_t i = 0; i + 1 < paddings.size(); i += 2) {
      begin.push_back(paddings[i]);
      end.push_back(paddings[i + 1]);
    }
    return add("conv", {value(line, 0), source->second.value},
               {{"strides", numbers("strides")},
                {"padding_begin", begin},
                {"padding_end", end},
                {"dilations", numbers("dilations")},
                {"groups", line.integer("num_groups")},
                {"layout", std::string("NHWC")}});
  }

  [[noreturn]] static void no_op(const TextLine& line) {
    fail(ErrorCode::unsupported_op, "MAX text, line {}: {} ({}) is no single op of this program", line.number,
         line.name, line.result_type);
  }

  std::string_view header_;
  TextLine header_line_;
  std::vector<TextLine> lines_;
  std::vector<Argument> arguments_;
  std::vector<std::string> argument_names_;
  std::vector<std::string> result_names_;
  std::map<std::string, Dim> definitions_;
  std::unordered_map<std::string, Entry> values_;
  Graph graph_{"region"};
};

}  // namespace

Graph read_mo(std::string_view text) {
  return Reader(text).run();
}

}  // namespace accelerate::max_engine
