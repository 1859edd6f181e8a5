#include "backends/max/mo/text_line.h"

#include <charconv>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace accelerate::max_engine {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Position of the bracket that closes the one at `open`; npos if none does. Quoted text does not count.
size_t closing(std::string_view text, size_t open) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = open; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' || c == '[' || c == '{' || c == '<') ++depth;
    bool arrow = c == '>' && i > 0 && text[i - 1] == '-';
    if ((c == ')' || c == ']' || c == '}' || c == '>') && !arrow && --depth == 0) return i;
  }
  return std::string_view::npos;
}

DType dtype_of(std::string_view name, const TextLine& line) {
  static constexpr std::pair<std::string_view, DType> kNames[] = {
      {"f64", DType::f64},  {"f32", DType::f32},  {"f16", DType::f16},      {"bf16", DType::bf16}, {"si64", DType::i64},
      {"si32", DType::i32}, {"si16", DType::i16}, {"si8", DType::i8},       {"ui64", DType::u64},  {"ui32", DType::u32},
      {"ui16", DType::u16}, {"ui8", DType::u8},   {"bool", DType::boolean}, {"i1", DType::boolean}};
  for (const auto& [known, dtype] : kNames)
    if (name == known) return dtype;
  line.bad("an element type");
}

template <typename T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Dim parse_dim(std::string_view text, const TextLine& line, int depth = 0) {
  text = trimmed(text);
  if (depth > 32) line.bad("at most 32 nested extents");
  if (auto value = number<int64_t>(text)) return *value;
  size_t open = text.find('(');
  if (open == std::string_view::npos) return Dim::symbol(text);
  if (text.back() != ')') line.bad("an extent");
  auto parts = split_list(text.substr(open + 1, text.size() - open - 2));
  if (parts.size() != 2) line.bad("two extents");
  Dim a = parse_dim(parts[0], line, depth + 1);
  Dim b = parse_dim(parts[1], line, depth + 1);
  std::string_view function = text.substr(0, open);
  if (function == "add") return a + b;
  if (function == "sub") return a - b;
  if (function == "mul" || function == "mul_no_wrap") return a * b;
  if (function == "div") return floordiv(a, b);
  line.bad("add, sub, mul or div of extents");
}

}  // namespace

void TextLine::bad(std::string_view expected) const {
  fail(ErrorCode::invalid_graph, "MAX text, line {}: expected {}", number, expected);
}

const std::string& TextLine::attribute(const std::string& key) const {
  auto it = attributes.find(key);
  if (it == attributes.end()) bad("the attribute " + key);
  return it->second;
}

int64_t TextLine::integer(const std::string& key) const {
  std::string_view text = attribute(key);
  auto value = accelerate::max_engine::number<int64_t>(trimmed(text.substr(0, text.find(':'))));
  if (!value) bad("an integer for " + key);
  return *value;
}

bool TextLine::boolean(const std::string& key) const {
  const std::string& text = attribute(key);
  if (text != "true" && text != "false") bad("true or false for " + key);
  return text == "true";
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  int depth = 0;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    char c = i < text.size() ? text[i] : ',';
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '(' || c == '[' || c == '{' || c == '<')) ++depth;
    if (!quoted && (c == ')' || c == ']' || c == '}' || (c == '>' && text[i - 1] != '-'))) --depth;
    if (c != ',' || (i < text.size() && (depth != 0 || quoted))) continue;
    std::string_view part = trimmed(text.substr(begin, i - begin));
    if (!part.empty()) out.emplace_back(part);
    begin = i + 1;
  }
  return out;
}

TextLine parse_line(std::string_view text, size_t line_number) {
  TextLine out;
  out.number = line_number;
  text = trimmed(text);
  if (!text.ends_with(" loc(unknown)")) out.bad("loc(unknown) at the end");
  text.remove_suffix(std::string_view(" loc(unknown)").size());
  if (text.starts_with("%")) {
    size_t equals = text.find(" = ");
    if (equals == std::string_view::npos) out.bad("a result, then =");
    out.result = text.substr(0, equals);
    text.remove_prefix(equals + 3);
  }
  size_t end = text.find_first_of("( {");
  if (end == std::string_view::npos) out.bad("an operation");
  out.name = text.substr(0, end);
  text.remove_prefix(end);
  if (out.name == "mo.output") {
    size_t colon = text.find(" : ");
    if (colon == std::string_view::npos) out.bad("types of the outputs");
    out.operands = split_list(text.substr(0, colon));
    return out;
  }
  auto bracketed = [&]() -> std::string_view {
    size_t close = closing(text, 0);
    if (close == std::string_view::npos) out.bad("a closing bracket");
    std::string_view inside = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    return inside;
  };
  if (text.starts_with("(")) out.operands = split_list(bracketed());
  take(text, " ");
  if (text.starts_with("{")) {
    for (const std::string& part : split_list(bracketed())) {
      size_t equals = part.find(" = ");
      if (equals == std::string::npos) out.bad("NAME = VALUE");
      out.attributes[part.substr(0, equals)] = part.substr(equals + 3);
    }
  }
  text = trimmed(text);
  if (!take(text, ": ")) out.bad("types");
  if (text.starts_with("(")) {
    out.operand_types = split_list(bracketed());
    if (!take(text, " -> ")) out.bad("-> and the result's type");
  }
  out.result_type = text;
  return out;
}

Shape parse_dims(std::string_view text, const TextLine& line) {
  Shape out;
  for (const std::string& part : split_list(text)) out.push_back(parse_dim(part, line));
  return out;
}

Shape parse_ape(std::string_view text, const TextLine& line) {
  if (!take(text, "#mosh<ape[")) line.bad("#mosh<ape[...]>");
  size_t end = text.find("]>");
  if (end == std::string_view::npos) line.bad("]>");
  return parse_dims(text.substr(0, end), line);
}

TensorType parse_type(std::string_view text, const TextLine& line) {
  if (!take(text, "!mo.tensor<[")) line.bad("!mo.tensor<[");
  size_t end = text.find(']');
  if (end == std::string_view::npos) line.bad("]");
  TensorType out;
  out.shape = parse_dims(text.substr(0, end), line);
  text.remove_prefix(end + 1);
  if (!take(text, ", ")) line.bad("an element type");
  out.dtype = dtype_of(text.substr(0, text.find_first_of(",>")), line);
  return out;
}

Tensor parse_array(std::string_view text, const TextLine& line) {
  if (!take(text, "#M.dense_array<")) line.bad("#M.dense_array<");
  size_t end = text.find("> : tensor<");
  if (end == std::string_view::npos || text.back() != '>') line.bad("> : tensor<...>");
  auto elements = split_list(text.substr(0, end));
  std::string_view type = text.substr(end + std::string_view("> : tensor<").size());
  type.remove_suffix(1);
  std::vector<int64_t> shape;
  for (size_t x = type.find('x'); x != std::string_view::npos; x = type.find('x')) {
    auto extent = number<int64_t>(type.substr(0, x));
    if (!extent || *extent < 0) line.bad("extents of a constant");
    shape.push_back(*extent);
    type.remove_prefix(x + 1);
  }
  Tensor out(dtype_of(type, line), shape);
  if (out.num_elements() != static_cast<int64_t>(elements.size())) line.bad("as many elements as the type has");
  size_t width = size_of(out.dtype());
  for (size_t i = 0; i < elements.size(); ++i) {
    std::string_view element = elements[i];
    if (element == "true" || element == "false") {
      out.set_int(static_cast<int64_t>(i), element == "true" ? 1 : 0);
    } else if (take(element, "0x")) {
      auto bits = number<uint64_t>(element, 16);
      if (!bits || !is_float(out.dtype())) line.bad("bits of a float");
      std::memcpy(static_cast<char*>(out.data()) + i * width, &*bits, width);
    } else {
      auto value = number<int64_t>(element);
      if (!value || is_float(out.dtype())) line.bad("an integer");
      out.set_int(static_cast<int64_t>(i), *value);
    }
  }
  return out;
}

}  // namespace accelerate::max_engine
