// The text form of programs and graphs: printer, parser and identity hash.
//
//   program "bert" {
//     meta "task" = "fill-mask"
//     graph "main" (%input_ids: i64[batch, sequence]) {
//       %0 = weight() {name = "embeddings.weight", shape = dims[30522, 384], ...} : f32[30522, 384]
//       %1 = embedding(%0, %input_ids) : f32[batch, sequence, 384]
//       return "last_hidden_state" = %1
//     }
//   }
//
// Interior values are numbered in order; an op version above 1 follows the name as "@2"; regions follow the
// attributes as "regions { graph ... }"; a location follows the types as "loc "..."".
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/hash.h"
#include "graph/graph.h"

namespace accelerate {
namespace {

// --- printing ---

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  auto [end, status] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string out(buffer, end);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

template <typename List, typename Print>
std::string list_text(std::string_view tag, const List& list, Print print_one) {
  std::string out(tag);
  out += "[";
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ", ";
    first = false;
    out += print_one(item);
  }
  return out + "]";
}

std::string attr_text(const Attr& attr) {
  switch (kind_of(attr)) {
    case AttrKind::boolean: return std::get<bool>(attr) ? "true" : "false";
    case AttrKind::integer: return std::to_string(std::get<int64_t>(attr));
    case AttrKind::number: return number_text(std::get<double>(attr));
    case AttrKind::string: return quoted(std::get<std::string>(attr));
    case AttrKind::dtype: return std::string(name_of(std::get<DType>(attr)));
    case AttrKind::integers:
      return list_text("ints", std::get<std::vector<int64_t>>(attr), [](int64_t v) { return std::to_string(v); });
    case AttrKind::numbers: return list_text("floats", std::get<std::vector<double>>(attr), number_text);
    case AttrKind::strings: return list_text("strings", std::get<std::vector<std::string>>(attr), quoted);
    case AttrKind::dims: return list_text("dims", std::get<Shape>(attr), [](const Dim& d) { return d.to_string(); });
    case AttrKind::tensor: {
      const auto& t = std::get<Tensor>(attr);
      std::string out = "tensor " + t.type().to_string() + " 0x";
      const auto* bytes = static_cast<const unsigned char*>(t.data());
      static constexpr char kDigits[] = "0123456789abcdef";
      for (size_t i = 0; i < t.size_bytes(); ++i) {
        out += kDigits[bytes[i] >> 4];
        out += kDigits[bytes[i] & 15];
      }
      return out;
    }
  }
  return "";
}

struct PrintOptions {
  bool locations = true;
  bool graph_names = true;
};

void print_graph(std::string& out, const Graph& graph, std::string_view name, const std::string& indent,
                 const PrintOptions& options) {
  std::vector<std::string> names(graph.num_values());
  out += indent + "graph " + quoted(name) + " (";
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    ValueId id = graph.inputs()[i];
    names[id] = "%" + graph.input_name(i);
    out += (i == 0 ? "" : ", ") + names[id] + ": " + graph.type_of(id).to_string();
  }
  out += ") {\n";
  size_t next = 0;
  for (const Node& node : graph.nodes()) {
    out += indent + "  ";
    for (size_t r = 0; r < node.results.size(); ++r) {
      names[node.results[r]] = "%" + std::to_string(next++);
      out += (r == 0 ? "" : ", ") + names[node.results[r]];
    }
    out += (node.results.empty() ? "" : " = ") + node.op->name;
    if (node.op->version != 1) out += "@" + std::to_string(node.op->version);
    out += "(";
    for (size_t i = 0; i < node.operands.size(); ++i) out += (i == 0 ? "" : ", ") + names[node.operands[i]];
    out += ")";
    if (!node.attrs.map().empty()) {
      out += " {";
      bool first = true;
      for (const auto& [key, value] : node.attrs.map()) {
        out += (first ? "" : ", ") + key + " = " + attr_text(value);
        first = false;
      }
      out += "}";
    }
    if (!node.regions.empty()) {
      out += " regions {\n";
      for (const auto& region : node.regions) print_graph(out, *region, region->name(), indent + "    ", options);
      out += indent + "  }";
    }
    if (!node.results.empty()) out += " : ";
    for (size_t r = 0; r < node.results.size(); ++r)
      out += (r == 0 ? "" : ", ") + graph.type_of(node.results[r]).to_string();
    if (options.locations && !node.location.empty()) out += " loc " + quoted(node.location);
    out += "\n";
  }
  out += indent + "  return ";
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const auto& output = graph.outputs()[i];
    out += (i == 0 ? "" : ", ") + quoted(output.name) + " = " + names[output.value];
  }
  out += "\n" + indent + "}\n";
}

// --- parsing ---

class Parser {
 public:
  Parser(std::string_view text, const OpRegistry& registry) : text_(text), registry_(registry) {}

  Program program() {
    Program out;
    word("program");
    out.name = string();
    expect('{');
    while (!accept('}')) {
      if (peek_word() == "meta") {
        word("meta");
        std::string key = string();
        expect('=');
        std::string value = string();
        if (!out.metadata.emplace(std::move(key), std::move(value)).second) bad("metadata keys that differ");
      } else {
        std::string role;
        Graph g = graph(role, 0);
        if (!out.graphs.emplace(role, std::move(g)).second) bad("roles that differ");
      }
    }
    end();
    return out;
  }

  Graph lone_graph() {
    std::string name;
    Graph out = graph(name, 0);
    end();
    return out;
  }

  [[noreturn]] void bad(std::string_view expected) const {
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < std::min(position_, text_.size()); ++i) {
      if (text_[i] == '\n') {
        ++line;
        column = 1;
      } else {
        ++column;
      }
    }
    fail(ErrorCode::invalid_graph, "graph text, line {}, column {}: expected {}, found \"{}\"", line, column, expected,
         printable(text_.substr(std::min(position_, text_.size()), 24)));
  }

 private:
  void skip() {
    while (position_ < text_.size()) {
      char c = text_[position_];
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        ++position_;
      } else if (c == '/' && position_ + 1 < text_.size() && text_[position_ + 1] == '/') {
        while (position_ < text_.size() && text_[position_] != '\n') ++position_;
      } else {
        return;
      }
    }
  }
  bool accept(char c) {
    skip();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad(fmt::format("'{}'", c));
  }
  void end() {
    skip();
    if (position_ != text_.size()) bad("the end");
  }
  static bool word_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  }
  std::string_view peek_word() {
    skip();
    size_t e = position_;
    while (e < text_.size() && word_char(text_[e])) ++e;
    return text_.substr(position_, e - position_);
  }
  std::string_view any_word(std::string_view expected) {
    auto w = peek_word();
    if (w.empty()) bad(expected);
    position_ += w.size();
    return w;
  }
  void word(std::string_view w) {
    if (peek_word() != w) bad(fmt::format("\"{}\"", w));
    position_ += w.size();
  }
  static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  }
  std::string string() {
    expect('"');
    std::string out;
    while (true) {
      if (position_ >= text_.size()) bad("a closing '\"'");
      char c = text_[position_++];
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      if (position_ >= text_.size()) bad("an escape");
      char e = text_[position_++];
      if (e == '"' || e == '\\') {
        out += e;
      } else if (e == 'x' && position_ + 2 <= text_.size() && hex_digit(text_[position_]) >= 0 &&
                 hex_digit(text_[position_ + 1]) >= 0) {
        out += static_cast<char>(hex_digit(text_[position_]) * 16 + hex_digit(text_[position_ + 1]));
        position_ += 2;
      } else {
        bad("one of the escapes \\\" \\\\ \\xHH");
      }
    }
  }
  /// A number's characters, as an integer or a double attribute.
  std::string_view number_chars() {
    skip();
    size_t e = position_;
    while (e < text_.size() && (word_char(text_[e]) || text_[e] == '-' || text_[e] == '+')) ++e;
    auto out = text_.substr(position_, e - position_);
    if (out.empty()) bad("a number");
    position_ = e;
    return out;
  }
  int64_t integer() {
    auto chars = number_chars();
    int64_t value = 0;
    auto [e, status] = std::from_chars(chars.data(), chars.data() + chars.size(), value);
    if (status != std::errc() || e != chars.data() + chars.size()) {
      position_ -= chars.size();
      bad("an integer of 64 bits");
    }
    return value;
  }
  double number() {
    auto chars = number_chars();
    if (chars == "nan") return std::nan("");
    double value = 0;
    auto [e, status] = std::from_chars(chars.data(), chars.data() + chars.size(), value);
    if (status != std::errc() || e != chars.data() + chars.size()) {
      position_ -= chars.size();
      bad("a number");
    }
    return value;
  }
  template <typename T, typename One>
  std::vector<T> list(One one) {
    std::vector<T> out;
    expect('[');
    if (accept(']')) return out;
    do {
      out.push_back(one());
    } while (accept(','));
    expect(']');
    return out;
  }
  Dim dim() {
    skip();
    size_t e = position_;
    int depth = 0;
    while (e < text_.size()) {
      char c = text_[e];
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (depth < 0 || (depth == 0 && (c == ',' || c == ']')) || c == '\n') break;
      ++e;
    }
    Dim out = Dim::parse(text_.substr(position_, e - position_));
    position_ = e;
    return out;
  }
  Shape shape() {
    return list<Dim>([this] { return dim(); });
  }
  TensorType type() {
    auto name = any_word("a type");
    TensorType out;
    out.dtype = dtype_from_name(name);
    if (out.is_token()) return out;
    out.shape = shape();
    if (accept('@')) {
      size_t e = text_.find('>', position_);
      if (e == std::string_view::npos) bad("an encoding");
      out.encoding = Encoding::parse(text_.substr(position_, e + 1 - position_));
      position_ = e + 1;
    }
    return out;
  }
  Attr attr() {
    skip();
    if (position_ < text_.size() && text_[position_] == '"') return string();
    auto w = peek_word();
    if (w == "true" || w == "false") {
      word(w);
      return w == "true";
    }
    if (w == "ints") {
      word(w);
      return list<int64_t>([this] { return integer(); });
    }
    if (w == "floats") {
      word(w);
      return list<double>([this] { return number(); });
    }
    if (w == "strings") {
      word(w);
      return list<std::string>([this] { return string(); });
    }
    if (w == "dims") {
      word(w);
      return shape();
    }
    if (w == "tensor") {
      word(w);
      TensorType t = type();
      auto extents = static_extents(t.shape);
      if (!extents || !t.encoding.plain() || t.is_token()) bad("a tensor of fixed shape, with plain data");
      skip();
      if (text_.substr(position_, 2) != "0x") bad("0x and the bytes of the tensor");
      position_ += 2;
      Dim count = num_elements(t.shape);
      int64_t elements = count.as_constant("the size");
      if (elements < 0 ||
          static_cast<size_t>(elements) > (text_.size() - position_) / 2 / std::max<size_t>(size_of(t.dtype), 1))
        bad(fmt::format("the bytes of {}", t.to_string()));
      Tensor out(t.dtype, *extents);
      auto* bytes = out.as<unsigned char>();
      for (size_t i = 0; i < out.size_bytes(); ++i) {
        int high = hex_digit(text_[position_]);
        int low = hex_digit(text_[position_ + 1]);
        if (high < 0 || low < 0) bad("hexadecimal digits");
        bytes[i] = static_cast<unsigned char>(high * 16 + low);
        if (t.dtype == DType::boolean && bytes[i] > 1) bad("00 or 01 for an element of bool");
        position_ += 2;
      }
      return out;
    }
    if (!w.empty() && w.front() >= 'a' && w.front() <= 'z' && w != "nan" && w != "inf") {
      word(w);
      return dtype_from_name(w);
    }
    size_t saved = position_;
    auto chars = number_chars();
    bool is_integer = chars.find_first_not_of("-0123456789") == std::string_view::npos;
    position_ = saved;
    if (is_integer) return integer();
    return number();
  }

  Graph graph(std::string& name, int depth) {
    if (depth > 16) bad("regions nested at most 16 deep");
    word("graph");
    name = string();
    Graph out(name);
    std::unordered_map<std::string, ValueId> values;
    expect('(');
    if (!accept(')')) {
      do {
        expect('%');
        std::string input(any_word("an input name"));
        expect(':');
        values[input] = out.add_input(input, type()).id;
      } while (accept(','));
      expect(')');
    }
    expect('{');
    while (peek_word() != "return") node(out, values, depth);
    word("return");
    while (true) {
      skip();
      if (position_ < text_.size() && text_[position_] == '}') break;
      std::string output = string();
      expect('=');
      out.output(out.value(value(values)), output);
      if (!accept(',')) break;
    }
    expect('}');
    return out;
  }

  ValueId value(const std::unordered_map<std::string, ValueId>& values) {
    expect('%');
    std::string name(any_word("a value name"));
    auto it = values.find(name);
    if (it == values.end()) {
      position_ -= name.size();
      bad("a value that was defined before");
    }
    return it->second;
  }

  void node(Graph& out, std::unordered_map<std::string, ValueId>& values, int depth) {
    std::vector<std::string> results;
    skip();
    if (position_ < text_.size() && text_[position_] == '%') {
      do {
        expect('%');
        results.emplace_back(any_word("a value name"));
      } while (accept(','));
      expect('=');
    }
    size_t op_position = position_;
    const OpDef& op = registry_.get(any_word("an op"));
    int64_t version = accept('@') ? integer() : 1;
    if (version != op.version) {
      position_ = op_position;
      bad(fmt::format("{} of version {} (this program has that one)", op.name, op.version));
    }
    std::vector<Value> operands;
    expect('(');
    if (!accept(')')) {
      do {
        operands.push_back(out.value(value(values)));
      } while (accept(','));
      expect(')');
    }
    Attrs attrs;
    if (accept('{')) {
      do {
        std::string key(any_word("an attribute name"));
        if (attrs.has(key)) bad("attributes that differ");
        expect('=');
        attrs.set(key, attr());
      } while (accept(','));
      expect('}');
    }
    std::vector<std::shared_ptr<const Graph>> regions;
    if (peek_word() == "regions") {
      word("regions");
      expect('{');
      while (!accept('}')) {
        std::string name;
        regions.push_back(std::make_shared<const Graph>(graph(name, depth + 1)));
      }
    }
    std::vector<TensorType> types;
    if (!results.empty()) {
      expect(':');
      do {
        types.push_back(type());
      } while (accept(','));
    }
    std::string location;
    if (peek_word() == "loc") {
      word("loc");
      location = string();
    }
    out.set_location(location);
    auto made = out.add(op, operands, std::move(attrs), std::move(regions));
    if (made.size() != results.size() || types.size() != results.size())
      bad(fmt::format("{} results of {}", made.size(), op.name));
    for (size_t i = 0; i < made.size(); ++i) {
      if (!(made[i].type() == types[i]))
        bad(fmt::format("the type {} that {} gives, not {}", made[i].type().to_string(), op.name,
                        types[i].to_string()));
      if (!values.emplace(results[i], made[i].id).second) bad("value names that differ");
    }
  }

  std::string_view text_;
  const OpRegistry& registry_;
  size_t position_ = 0;
};

}  // namespace

std::string print(const Graph& graph) {
  std::string out;
  print_graph(out, graph, graph.name(), "", {});
  return out;
}

std::string print(const Program& program) {
  std::string out = "program " + quoted(program.name) + " {\n";
  for (const auto& [key, value] : program.metadata) out += "  meta " + quoted(key) + " = " + quoted(value) + "\n";
  for (const auto& [role, graph] : program.graphs) print_graph(out, graph, role, "  ", {});
  return out + "}\n";
}

Program parse_program(std::string_view text, const OpRegistry& registry) {
  Program out = Parser(text, registry).program();
  verify(out);
  return out;
}

Graph parse_graph(std::string_view text, const OpRegistry& registry) {
  Graph out = Parser(text, registry).lone_graph();
  verify(out);
  return out;
}

std::string identity_hash(const Program& program) {
  std::string text;
  for (const auto& [role, graph] : program.graphs) print_graph(text, graph, role, "", {.locations = false});
  return sha256_hex(text);
}

}  // namespace accelerate
