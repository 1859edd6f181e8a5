#include "import/pt2/sym_expr.h"

#include <cctype>
#include <charconv>
#include <vector>

#include "base/error.h"

namespace accelerate::import::pt2 {
namespace {

constexpr int kMaxDepth = 200;

/// Recursive descent over Python's operators, by precedence. An absent Ratio is something that has no value here.
class Parser {
 public:
  Parser(std::string_view text, const SymbolLookup& lookup) : text_(text), lookup_(lookup) {}

  std::optional<Ratio> parse() {
    auto value = comparison();
    skip_space();
    if (at_ != text_.size()) bad("expected an operator");
    return value;
  }

 private:
  using Value = std::optional<Ratio>;

  [[noreturn]] void bad(std::string_view expected) const {
    fail(ErrorCode::invalid_model, "the symbolic expression '{}' is malformed at byte {}: {}", printable(text_), at_,
         expected);
  }
  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool next_is(std::string_view token) {
    skip_space();
    return text_.substr(at_).starts_with(token);
  }
  void expect(std::string_view token) {
    if (!take(token)) bad("expected '" + std::string(token) + "'");
  }

  template <typename Fn>
  static Value both(const Value& a, const Value& b, Fn fn) {
    if (!a || !b) return std::nullopt;
    return Ratio(fn(*a, *b));
  }

  Value comparison() {
    if (++depth_ > kMaxDepth) bad("nested too deeply");
    Value left = sum();
    while (true) {
      if (take(">="))
        left = both(left, sum(), greater_equal);
      else if (take("<="))
        left = both(sum(), left, greater_equal);
      else if (take("=="))
        left = both(left, sum(), equal);
      else if (take("!="))
        left = both(left, sum(), [](auto& a, auto& b) { return Dim(1) - equal(a, b); });
      else if (take(">"))
        left = both(left, sum(), greater);
      else if (take("<"))
        left = both(sum(), left, greater);
      else
        break;
    }
    --depth_;
    return left;
  }

  Value sum() {
    Value left = product();
    while (true) {
      if (take("+"))
        left = both(left, product(), [](auto& a, auto& b) { return a + b; });
      else if (take("-"))
        left = both(left, product(), [](auto& a, auto& b) { return a - b; });
      else
        return left;
    }
  }

  Value product() {
    Value left = unary();
    while (true) {
      skip_space();
      if (next_is("**")) return left;
      if (take("*"))
        left = both(left, unary(), [](auto& a, auto& b) { return a * b; });
      else if (take("//"))
        left = both(left, unary(), [](auto& a, auto& b) { return floor(a / b); });
      else if (take("/"))
        left = both(left, unary(), [](auto& a, auto& b) { return a / b; });
      else if (take("%"))
        left = modulo(left, unary());
      else
        return left;
    }
  }

  Value unary() {
    if (++depth_ > kMaxDepth) bad("nested too deeply");
    Value out;
    if (take("-")) {
      out = unary();
      if (out) out = Ratio(Dim(-1)) * *out;
    } else {
      out = atom();
      if (take("**")) out = raise(out, unary());
    }
    --depth_;
    return out;
  }

  static Value modulo(const Value& a, const Value& b) {
    if (!a || !b || !a->is_whole() || !b->is_whole()) return std::nullopt;
    return Ratio(mod(a->numerator, b->numerator));
  }

  static Value raise(const Value& base, const Value& exponent) {
    if (!base || !exponent || !exponent->is_whole()) return std::nullopt;
    const auto number = exponent->numerator.constant();
    if (!number || *number > 16 || *number < -16) return std::nullopt;
    return *number >= 0 ? power(*base, *number) : Ratio(Dim(1)) / power(*base, -*number);
  }

  Value number() {
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '.'))
      ++at_;
    return number_of(text_.substr(begin, at_ - begin));
  }

  Value number_of(std::string_view digits) const {
    int64_t whole = 0;
    const auto* end = digits.data() + digits.size();
    if (const auto [rest, error] = std::from_chars(digits.data(), end, whole); error == std::errc() && rest == end)
      return Ratio(Dim(whole));
    double value = 0;
    if (const auto [rest, error] = std::from_chars(digits.data(), end, value); error == std::errc() && rest == end)
      return ratio_of(value);
    bad("expected a number");
  }

  std::string_view name() {
    const size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    return text_.substr(begin, at_ - begin);
  }

  /// 'text' between single or double quotes, without escapes.
  std::string_view quoted() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) bad("expected a quoted name");
    const char quote = text_[at_++];
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) bad("a quote is not closed");
    const std::string_view out = text_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }

  /// Keyword arguments of srepr (", integer=True"), up to the closing bracket.
  void skip_keywords() {
    while (take(",")) {
      skip_space();
      if (name().empty()) bad("expected the name of an assumption");
      expect("=");
      skip_space();
      if (name().empty()) bad("expected the value of an assumption");
    }
    expect(")");
  }

  Value symbol(std::string_view symbol_name) const {
    const auto dim = lookup_(symbol_name);
    if (!dim) return std::nullopt;
    return Ratio(*dim);
  }

  Value atom() {
    skip_space();
    if (at_ >= text_.size()) bad("expected a value");
    if (take("(")) {
      Value out = comparison();
      expect(")");
      return out;
    }
    if (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) return number();
    const std::string_view id = name();
    if (id.empty()) bad("expected a value");
    if (!take("(")) {
      if (id == "True" || id == "true") return Ratio(Dim(1));
      if (id == "False" || id == "false") return Ratio(Dim(0));
      return symbol(id);
    }
    if (id == "Symbol" || id == "Dummy") {
      const std::string_view symbol_name = quoted();
      skip_keywords();
      return symbol(symbol_name);
    }
    if (id == "Float") {
      const Value out = number_of(quoted());
      skip_keywords();
      return out;
    }
    std::vector<Value> arguments;
    if (!take(")")) {
      do arguments.push_back(comparison());
      while (take(","));
      expect(")");
    }
    return call(id, arguments);
  }

  template <typename Fn>
  static Value fold(const std::vector<Value>& arguments, Fn fn) {
    if (arguments.empty() || !arguments[0]) return std::nullopt;
    Value out = arguments[0];
    for (size_t i = 1; i < arguments.size(); ++i) {
      if (!arguments[i]) return std::nullopt;
      out = Ratio(fn(*out, *arguments[i]));
    }
    return out;
  }

  static Value call(std::string_view id, const std::vector<Value>& v) {
    for (const Value& value : v)
      if (!value) return std::nullopt;
    const auto is = [&](std::initializer_list<std::string_view> names, size_t count) {
      if (v.size() != count) return false;
      for (const std::string_view n : names)
        if (n == id) return true;
      return false;
    };
    if (id == "Add") return fold(v, [](auto& a, auto& b) { return a + b; });
    if (id == "Mul") return fold(v, [](auto& a, auto& b) { return a * b; });
    if (id == "Max") return fold(v, [](auto& a, auto& b) { return max(a, b); });
    if (id == "Min") return fold(v, [](auto& a, auto& b) { return min(a, b); });
    if (id == "And") return fold(v, [](auto& a, auto& b) { return a * b; });
    if (id == "Or") return fold(v, [](auto& a, auto& b) { return max(a, b); });
    if (is({"Integer", "ToFloat", "Identity"}, 1)) return v[0];
    if (is({"Not"}, 1)) return Ratio(Dim(1)) - *v[0];
    if (is({"Rational", "IntTrueDiv", "FloatTrueDiv"}, 2)) return *v[0] / *v[1];
    if (is({"Pow", "PowByNatural"}, 2)) return raise(v[0], v[1]);
    if (is({"FloorDiv", "CleanDiv", "PythonFloorDiv"}, 2)) return Ratio(floor(*v[0] / *v[1]));
    if (is({"CeilDiv"}, 2)) return Ratio(ceil(*v[0] / *v[1]));
    if (is({"Mod", "PythonMod"}, 2)) return modulo(v[0], v[1]);
    if (is({"ModularIndexing"}, 3)) return modulo(Ratio(floor(*v[0] / *v[1])), v[2]);
    if (is({"floor", "FloorToInt"}, 1)) return Ratio(floor(*v[0]));
    if (is({"ceiling", "CeilToInt"}, 1)) return Ratio(ceil(*v[0]));
    // Towards zero: the same as floor for what is not negative.
    if (is({"TruncToInt", "TruncToFloat"}, 1))
      return Ratio(max(floor(*v[0]), 0) - max(floor(Ratio(Dim(-1)) * *v[0]), 0));
    if (is({"Eq", "Equality"}, 2)) return Ratio(equal(*v[0], *v[1]));
    if (is({"Ne", "Unequality"}, 2)) return Ratio(Dim(1) - equal(*v[0], *v[1]));
    if (is({"Gt", "StrictGreaterThan"}, 2)) return Ratio(greater(*v[0], *v[1]));
    if (is({"Lt", "StrictLessThan"}, 2)) return Ratio(greater(*v[1], *v[0]));
    if (is({"Ge", "GreaterThan"}, 2)) return Ratio(greater_equal(*v[0], *v[1]));
    if (is({"Le", "LessThan"}, 2)) return Ratio(greater_equal(*v[1], *v[0]));
    if (is({"Where"}, 3) && v[0]->is_whole()) return choose(v[0]->numerator, *v[1], *v[2]);
    return std::nullopt;
  }

  std::string_view text_;
  const SymbolLookup& lookup_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::optional<Ratio> parse_sym_expr(std::string_view text, const SymbolLookup& lookup) {
  return Parser(text, lookup).parse();
}

}  // namespace accelerate::import::pt2
