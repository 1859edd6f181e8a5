#include "tensor/dim.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "base/error.h"

namespace accelerate {

/// A symbol, or a two-argument function of dims.
struct Dim::Atom {
  enum class Kind : uint8_t { symbol, floordiv, mod, max, min };
  Kind kind = Kind::symbol;
  std::string name;       // symbol
  std::vector<Dim> args;  // functions: exactly two
};

/// coefficient * product of atoms (sorted, repeated for powers). No atoms: the constant part.
struct Dim::Term {
  int64_t coefficient = 0;
  std::vector<Atom> atoms;
};

struct Dim::Terms {
  std::vector<Term> list;  // sorted by atoms, no zero coefficient, no duplicate atom lists
};

namespace {

std::strong_ordering compare_atoms(const Dim::Atom& a, const Dim::Atom& b);

std::strong_ordering compare_products(const std::vector<Dim::Atom>& a, const std::vector<Dim::Atom>& b) {
  // Longer products first, the constant term last: reads like a polynomial.
  if (a.size() != b.size()) return b.size() <=> a.size();
  for (size_t i = 0; i < a.size(); ++i) {
    if (auto c = compare_atoms(a[i], b[i]); c != 0) return c;
  }
  return std::strong_ordering::equal;
}

std::strong_ordering compare_atoms(const Dim::Atom& a, const Dim::Atom& b) {
  if (a.kind != b.kind) return a.kind <=> b.kind;
  if (auto c = a.name.compare(b.name); c != 0) return c <=> 0;
  for (size_t i = 0; i < a.args.size() && i < b.args.size(); ++i) {
    if (auto c = compare(a.args[i], b.args[i]); c != 0) return c;
  }
  return a.args.size() <=> b.args.size();
}

int64_t checked_add(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_add_overflow(a, b, &out))
    fail(ErrorCode::invalid_shape, "dim arithmetic overflows 64 bits: {} + {}", a, b);
  return out;
}

int64_t checked_mul(int64_t a, int64_t b) {
  int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out))
    fail(ErrorCode::invalid_shape, "dim arithmetic overflows 64 bits: {} * {}", a, b);
  return out;
}

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) fail(ErrorCode::invalid_shape, "dim {} is divided by zero", a);
  if (b == -1) return checked_mul(a, -1);
  int64_t q = a / b;
  return (a % b != 0 && ((a < 0) != (b < 0))) ? q - 1 : q;
}

std::string_view function_name(Dim::Atom::Kind kind) {
  switch (kind) {
    case Dim::Atom::Kind::floordiv: return "floordiv";
    case Dim::Atom::Kind::mod: return "mod";
    case Dim::Atom::Kind::max: return "max";
    case Dim::Atom::Kind::min: return "min";
    case Dim::Atom::Kind::symbol: break;
  }
  return "symbol";
}

int64_t apply_function(Dim::Atom::Kind kind, int64_t a, int64_t b) {
  switch (kind) {
    case Dim::Atom::Kind::floordiv: return floor_divide(a, b);
    case Dim::Atom::Kind::mod: return a - floor_divide(a, b) * b;
    case Dim::Atom::Kind::max: return std::max(a, b);
    case Dim::Atom::Kind::min: return std::min(a, b);
    case Dim::Atom::Kind::symbol: break;
  }
  return 0;
}

/// True if b (not 0) divides a.
bool divides(int64_t b, int64_t a) {
  return b == -1 || a % b == 0;
}

constexpr size_t kMaxTerms = 4096;
constexpr size_t kMaxDegree = 64;

bool valid_symbol(std::string_view name) {
  if (!name.empty() && name.front() == '?') name.remove_prefix(1);
  if (name.empty() || name.size() > 64) return false;
  if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return (c < 0x80 && std::isalnum(c) != 0) || c == '_'; });
}

}  // namespace

Dim Dim::symbol(std::string_view name) {
  if (!valid_symbol(name))
    fail(ErrorCode::invalid_argument,
         "bad dim name \"{}\": expected letters, digits and '_', not beginning with a digit", printable(name));
  Atom atom;
  atom.name = name;
  return from_atom(std::move(atom));
}

Dim Dim::unbacked(std::string_view name) {
  return symbol("?" + std::string(name));
}

Dim Dim::from_atom(Atom atom) {
  Term term;
  term.coefficient = 1;
  term.atoms.push_back(std::move(atom));
  return from_terms({std::move(term)});
}

Dim Dim::from_terms(std::vector<Term> terms) {
  for (Term& term : terms)
    std::sort(term.atoms.begin(), term.atoms.end(),
              [](const Atom& a, const Atom& b) { return compare_atoms(a, b) < 0; });
  std::sort(terms.begin(), terms.end(),
            [](const Term& a, const Term& b) { return compare_products(a.atoms, b.atoms) < 0; });
  std::vector<Term> merged;
  for (Term& term : terms) {
    if (!merged.empty() && compare_products(merged.back().atoms, term.atoms) == 0) {
      merged.back().coefficient = checked_add(merged.back().coefficient, term.coefficient);
    } else {
      merged.push_back(std::move(term));
    }
  }
  std::erase_if(merged, [](const Term& term) { return term.coefficient == 0; });
  Dim out;
  if (merged.empty()) return out;
  if (merged.size() == 1 && merged[0].atoms.empty()) {
    out.constant_ = merged[0].coefficient;
    return out;
  }
  out.terms_ = std::make_shared<const Terms>(Terms{std::move(merged)});
  return out;
}

std::vector<Dim::Term> Dim::to_terms() const {
  if (terms_ != nullptr) return terms_->list;
  if (constant_ == 0) return {};
  return {Term{constant_, {}}};
}

std::optional<int64_t> Dim::constant() const {
  if (terms_ != nullptr) return std::nullopt;
  return constant_;
}

int64_t Dim::as_constant(std::string_view what) const {
  if (terms_ != nullptr) fail(ErrorCode::invalid_shape, "{} is {}; expected a fixed number", what, to_string());
  return constant_;
}

std::optional<std::string> Dim::as_symbol() const {
  if (terms_ == nullptr || terms_->list.size() != 1) return std::nullopt;
  const Term& term = terms_->list[0];
  if (term.coefficient != 1 || term.atoms.size() != 1 || term.atoms[0].kind != Atom::Kind::symbol) return std::nullopt;
  return term.atoms[0].name;
}

void Dim::collect_symbols(std::vector<std::string>& out) const {
  if (terms_ == nullptr) return;
  for (const Term& term : terms_->list) {
    for (const Atom& atom : term.atoms) {
      if (atom.kind == Atom::Kind::symbol) {
        if (std::find(out.begin(), out.end(), atom.name) == out.end()) out.push_back(atom.name);
      } else {
        for (const Dim& arg : atom.args) arg.collect_symbols(out);
      }
    }
  }
}

bool Dim::has_unbacked() const {
  std::vector<std::string> symbols;
  collect_symbols(symbols);
  return std::any_of(symbols.begin(), symbols.end(), [](const std::string& s) { return s.front() == '?'; });
}

int64_t Dim::evaluate(const DimBindings& bindings) const {
  if (terms_ == nullptr) return constant_;
  int64_t sum = 0;
  for (const Term& term : terms_->list) {
    int64_t product = term.coefficient;
    for (const Atom& atom : term.atoms) {
      int64_t value = 0;
      if (atom.kind == Atom::Kind::symbol) {
        auto it = bindings.find(atom.name);
        if (it == bindings.end()) fail(ErrorCode::invalid_shape, "dim \"{}\" has no value in this call", atom.name);
        value = it->second;
      } else {
        value = apply_function(atom.kind, atom.args[0].evaluate(bindings), atom.args[1].evaluate(bindings));
      }
      product = checked_mul(product, value);
    }
    sum = checked_add(sum, product);
  }
  return sum;
}

Dim Dim::substitute(const std::function<std::optional<Dim>(const std::string&)>& value_of) const {
  if (terms_ == nullptr) return *this;
  Dim sum = 0;
  for (const Term& term : terms_->list) {
    Dim product = term.coefficient;
    for (const Atom& atom : term.atoms) {
      if (atom.kind == Atom::Kind::symbol) {
        auto value = value_of(atom.name);
        product = product * (value ? *value : from_atom(atom));
        continue;
      }
      Dim a = atom.args[0].substitute(value_of);
      Dim b = atom.args[1].substitute(value_of);
      switch (atom.kind) {
        case Atom::Kind::floordiv: product = product * floordiv(a, b); break;
        case Atom::Kind::mod: product = product * mod(a, b); break;
        case Atom::Kind::max: product = product * max(a, b); break;
        case Atom::Kind::min: product = product * min(a, b); break;
        case Atom::Kind::symbol: break;
      }
    }
    sum = sum + product;
  }
  return sum;
}

std::optional<std::pair<std::string, int64_t>> Dim::solve(int64_t extent, const DimBindings& known) const {
  if (terms_ == nullptr) return std::nullopt;
  int64_t rest = extent;
  const Term* unknown = nullptr;
  for (const Term& term : terms_->list) {
    bool is_known = true;
    for (const Atom& atom : term.atoms) {
      std::vector<std::string> symbols;
      from_atom(atom).collect_symbols(symbols);
      for (const std::string& s : symbols) is_known = is_known && known.contains(s);
    }
    if (is_known) {
      rest = checked_add(rest, checked_mul(-1, from_terms({term}).evaluate(known)));
    } else {
      if (unknown != nullptr || term.atoms.size() != 1 || term.atoms[0].kind != Atom::Kind::symbol) return std::nullopt;
      unknown = &term;
    }
  }
  if (unknown == nullptr || !divides(unknown->coefficient, rest)) return std::nullopt;
  return std::make_pair(unknown->atoms[0].name, floor_divide(rest, unknown->coefficient));
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return checked_add(a.constant_, b.constant_);
  auto terms = a.to_terms();
  auto more = b.to_terms();
  terms.insert(terms.end(), more.begin(), more.end());
  return Dim::from_terms(std::move(terms));
}

Dim operator-(const Dim& a, const Dim& b) {
  return a + Dim(-1) * b;
}

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return checked_mul(a.constant_, b.constant_);
  std::vector<Dim::Term> out;
  auto left = a.to_terms();
  auto right = b.to_terms();
  if (left.size() * right.size() > kMaxTerms)
    fail(ErrorCode::invalid_shape, "a dim expression grows beyond {} terms", kMaxTerms);
  for (const auto& x : left) {
    for (const auto& y : right) {
      Dim::Term term{checked_mul(x.coefficient, y.coefficient), x.atoms};
      term.atoms.insert(term.atoms.end(), y.atoms.begin(), y.atoms.end());
      if (term.atoms.size() > kMaxDegree)
        fail(ErrorCode::invalid_shape, "a dim expression multiplies more than {} dims", kMaxDegree);
      out.push_back(std::move(term));
    }
  }
  return Dim::from_terms(std::move(out));
}

Dim floordiv(const Dim& a, const Dim& b) {
  if (auto divisor = b.constant()) {
    if (*divisor == 0) fail(ErrorCode::invalid_shape, "dim {} is divided by zero", a.to_string());
    if (*divisor == 1) return a;
    if (auto value = a.constant()) return floor_divide(*value, *divisor);
    // floordiv(c*d*x + r, d) = c*x + floordiv(r, d): exact for the terms whose coefficient d divides.
    std::vector<Dim::Term> whole;
    std::vector<Dim::Term> rest;
    for (auto term : a.to_terms()) {
      if (divides(*divisor, term.coefficient)) {
        term.coefficient = floor_divide(term.coefficient, *divisor);
        whole.push_back(std::move(term));
      } else {
        rest.push_back(std::move(term));
      }
    }
    if (rest.empty()) return Dim::from_terms(std::move(whole));
    if (!whole.empty()) return Dim::from_terms(std::move(whole)) + floordiv(Dim::from_terms(std::move(rest)), b);
  } else if (a == b) {
    return 1;
  } else if (auto terms = b.to_terms(); terms.size() == 1) {
    // Division by one product: cancel it from every term if it is a factor of each.
    std::vector<Dim::Term> out;
    bool exact = true;
    for (auto term : a.to_terms()) {
      for (const auto& atom : terms[0].atoms) {
        auto it = std::find_if(term.atoms.begin(), term.atoms.end(),
                               [&](const Dim::Atom& x) { return compare_atoms(x, atom) == 0; });
        if (it == term.atoms.end()) {
          exact = false;
          break;
        }
        term.atoms.erase(it);
      }
      if (!exact || !divides(terms[0].coefficient, term.coefficient)) {
        exact = false;
        break;
      }
      term.coefficient = floor_divide(term.coefficient, terms[0].coefficient);
      out.push_back(std::move(term));
    }
    if (exact) return Dim::from_terms(std::move(out));
  }
  Dim::Atom atom;
  atom.kind = Dim::Atom::Kind::floordiv;
  atom.args = {a, b};
  return Dim::from_atom(std::move(atom));
}

Dim ceildiv(const Dim& a, const Dim& b) {
  return floordiv(a + b - 1, b);
}

Dim mod(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return apply_function(Dim::Atom::Kind::mod, a.constant_, b.constant_);
  if (a == b) return 0;
  if (auto divisor = b.constant(); divisor && *divisor != 0) {
    if (*divisor == 1) return 0;
    std::vector<Dim::Term> rest;
    for (auto term : a.to_terms())
      if (!divides(*divisor, term.coefficient)) rest.push_back(std::move(term));
    if (rest.empty()) return 0;
  }
  Dim::Atom atom;
  atom.kind = Dim::Atom::Kind::mod;
  atom.args = {a, b};
  return Dim::from_atom(std::move(atom));
}

Dim max(const Dim& a, const Dim& b) {
  if (a == b) return a;
  if (a.is_constant() && b.is_constant()) return std::max(a.constant_, b.constant_);
  if (auto gap = (a - b).constant()) return *gap > 0 ? a : b;
  Dim::Atom atom;
  atom.kind = Dim::Atom::Kind::max;
  atom.args = {a, b};
  if (compare(b, a) < 0) std::swap(atom.args[0], atom.args[1]);
  return Dim::from_atom(std::move(atom));
}

Dim min(const Dim& a, const Dim& b) {
  if (a == b) return a;
  if (a.is_constant() && b.is_constant()) return std::min(a.constant_, b.constant_);
  if (auto gap = (a - b).constant()) return *gap < 0 ? a : b;
  Dim::Atom atom;
  atom.kind = Dim::Atom::Kind::min;
  atom.args = {a, b};
  if (compare(b, a) < 0) std::swap(atom.args[0], atom.args[1]);
  return Dim::from_atom(std::move(atom));
}

std::strong_ordering compare(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return a.constant_ <=> b.constant_;
  if (a.is_constant() != b.is_constant())
    return a.is_constant() ? std::strong_ordering::less : std::strong_ordering::greater;
  if (a.terms_ == b.terms_) return std::strong_ordering::equal;
  const auto& x = a.terms_->list;
  const auto& y = b.terms_->list;
  for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
    if (auto c = compare_products(x[i].atoms, y[i].atoms); c != 0) return c;
    if (auto c = x[i].coefficient <=> y[i].coefficient; c != 0) return c;
  }
  return x.size() <=> y.size();
}

bool operator==(const Dim& a, const Dim& b) {
  return compare(a, b) == 0;
}

std::string Dim::to_string() const {
  if (terms_ == nullptr) return std::to_string(constant_);
  std::string out;
  for (const Term& term : terms_->list) {
    int64_t c = term.coefficient;
    bool negative = c < 0;
    if (out.empty()) {
      if (negative) out += "-";
    } else {
      out += negative ? " - " : " + ";
    }
    uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(c) : static_cast<uint64_t>(c);
    std::string product;
    if (magnitude != 1 || term.atoms.empty()) product = std::to_string(magnitude);
    for (const Atom& atom : term.atoms) {
      if (!product.empty()) product += "*";
      if (atom.kind == Atom::Kind::symbol) {
        product += atom.name;
      } else {
        product +=
            fmt::format("{}({}, {})", function_name(atom.kind), atom.args[0].to_string(), atom.args[1].to_string());
      }
    }
    out += product;
  }
  return out;
}

namespace {

/// Recursive descent over: sum := [-] product (('+'|'-') product)*; product := factor ('*' factor)*;
/// factor := integer | name | name '(' sum ',' sum ')' | '(' sum ')'.
class DimParser {
 public:
  explicit DimParser(std::string_view text) : text_(text) {}
  Dim parse() {
    Dim out = sum(0);
    skip_space();
    if (position_ != text_.size()) bad("an operator or the end");
    return out;
  }

 private:
  [[noreturn]] void bad(std::string_view expected) const {
    fail(ErrorCode::invalid_graph, "bad dim expression \"{}\" at position {}: expected {}", printable(text_), position_,
         expected);
  }
  void skip_space() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
  }
  bool accept(char c) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) bad(fmt::format("'{}'", c));
  }
  Dim sum(int depth) {
    if (depth > 32) bad("at most 32 nested expressions");
    Dim out = accept('-') ? Dim(-1) * product(depth) : product(depth);
    while (true) {
      if (accept('+')) {
        out = out + product(depth);
      } else if (accept('-')) {
        out = out - product(depth);
      } else {
        return out;
      }
      if (++operations_ > 4096) bad("at most 4096 operations");
    }
  }
  Dim product(int depth) {
    Dim out = factor(depth);
    while (accept('*')) {
      out = out * factor(depth);
      if (++operations_ > 4096) bad("at most 4096 operations");
    }
    return out;
  }
  Dim factor(int depth) {
    skip_space();
    if (accept('(')) {
      Dim out = sum(depth + 1);
      expect(')');
      return out;
    }
    size_t begin = position_;
    while (position_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[position_])) != 0 ||
                                        text_[position_] == '_' || text_[position_] == '?'))
      ++position_;
    std::string_view word = text_.substr(begin, position_ - begin);
    if (word.empty()) bad("a number or a name");
    if (std::isdigit(static_cast<unsigned char>(word.front())) != 0) {
      int64_t value = 0;
      for (char c : word) {
        if (std::isdigit(static_cast<unsigned char>(c)) == 0) bad("a number");
        value = checked_add(checked_mul(value, 10), c - '0');
      }
      return value;
    }
    if (accept('(')) {
      Dim a = sum(depth + 1);
      expect(',');
      Dim b = sum(depth + 1);
      expect(')');
      if (word == "floordiv") return floordiv(a, b);
      if (word == "mod") return mod(a, b);
      if (word == "max") return max(a, b);
      if (word == "min") return min(a, b);
      bad("floordiv, mod, max or min");
    }
    if (!valid_symbol(word)) bad("a dim name");
    return Dim::symbol(word);
  }

  std::string_view text_;
  size_t position_ = 0;
  int operations_ = 0;
};

}  // namespace

Dim Dim::parse(std::string_view text) {
  return DimParser(text).parse();
}

Dim num_elements(const Shape& shape) {
  Dim out = 1;
  for (const Dim& dim : shape) out = out * dim;
  return out;
}

std::string to_string(const Shape& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + shape[i].to_string();
  return out + "]";
}

bool is_static(const Shape& shape) {
  return std::all_of(shape.begin(), shape.end(), [](const Dim& d) { return d.is_constant(); });
}

std::vector<int64_t> evaluate(const Shape& shape, const DimBindings& bindings) {
  std::vector<int64_t> out;
  out.reserve(shape.size());
  for (const Dim& dim : shape) out.push_back(dim.evaluate(bindings));
  return out;
}

std::optional<std::vector<int64_t>> static_extents(const Shape& shape) {
  if (!is_static(shape)) return std::nullopt;
  return evaluate(shape, {});
}

}  // namespace accelerate
