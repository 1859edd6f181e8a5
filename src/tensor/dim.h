#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace accelerate {

/// Values of named dims in one call.
using DimBindings = std::unordered_map<std::string, int64_t>;

/// One extent: an integer, a named symbol ("batch"), an expression of symbols ("sequence + past"), or an
/// unbacked symbol (name begins with '?': known only when data is seen). Expressions are kept in a normal
/// form (a polynomial over symbols and floordiv/mod/max/min terms), so that equal ones compare equal.
class Dim {
 public:
  Dim() = default;
  Dim(int64_t value) : constant_(value) {}  // NOLINT(google-explicit-constructor): extents are written as integers
  Dim(int value) : constant_(value) {}      // NOLINT(google-explicit-constructor)
  Dim(const char* symbol) : Dim(Dim::symbol(symbol)) {}  // NOLINT(google-explicit-constructor)
  /// Errors: invalid_argument unless the name is [?]?[A-Za-z_][A-Za-z0-9_]*.
  static Dim symbol(std::string_view name);
  static Dim unbacked(std::string_view name);

  bool is_constant() const { return terms_ == nullptr; }
  std::optional<int64_t> constant() const;
  /// The constant. Errors: invalid_shape if symbolic; `what` names the dim in the message.
  int64_t as_constant(std::string_view what) const;
  /// The name, if this is a lone symbol.
  std::optional<std::string> as_symbol() const;
  bool has_unbacked() const;
  /// Names of all symbols in it, in order of appearance, without duplicates.
  void collect_symbols(std::vector<std::string>& out) const;

  /// Errors: invalid_shape if a symbol has no value, on overflow, on division by zero.
  int64_t evaluate(const DimBindings& bindings) const;
  Dim substitute(const std::function<std::optional<Dim>(const std::string&)>& value_of) const;
  /// If this is exactly c*symbol + d with one unknown symbol, its name and the value that makes it `extent`.
  std::optional<std::pair<std::string, int64_t>> solve(int64_t extent, const DimBindings& known) const;

  /// "12", "batch", "sequence + past", "2*height", "floordiv(height, 16)".
  std::string to_string() const;
  /// Inverse of to_string. Errors: invalid_graph with the position.
  static Dim parse(std::string_view text);

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  /// Rounds towards minus infinity; exact polynomial division is simplified. Errors: invalid_shape if b is 0.
  friend Dim floordiv(const Dim& a, const Dim& b);
  friend Dim ceildiv(const Dim& a, const Dim& b);
  friend Dim mod(const Dim& a, const Dim& b);
  friend Dim max(const Dim& a, const Dim& b);
  friend Dim min(const Dim& a, const Dim& b);
  friend bool operator==(const Dim& a, const Dim& b);
  /// A total order for containers; not by size.
  friend std::strong_ordering compare(const Dim& a, const Dim& b);

  struct Atom;
  struct Term;

 private:
  struct Terms;
  static Dim from_terms(std::vector<Term> terms);
  static Dim from_atom(Atom atom);
  std::vector<Term> to_terms() const;

  int64_t constant_ = 0;
  std::shared_ptr<const Terms> terms_;  // null for constants
};

using Shape = std::vector<Dim>;

Dim num_elements(const Shape& shape);
std::string to_string(const Shape& shape);
/// All dims constant.
bool is_static(const Shape& shape);
std::vector<int64_t> evaluate(const Shape& shape, const DimBindings& bindings);
std::optional<std::vector<int64_t>> static_extents(const Shape& shape);

}  // namespace accelerate
