#pragma once
// What the conversions of ATen ops work with: the values of a program while it is converted, and one node of it.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"
#include "import/pt2/ratio.h"
#include "import/pt2/schema.h"
#include "import/pt2/sym_expr.h"

namespace accelerate::import::pt2 {

/// A Python bool, int or float of the program.
struct Scalar {
  enum class Kind { boolean, integer, number };
  Kind kind = Kind::integer;
  /// Known at conversion, or a quotient of dims.
  std::optional<Ratio> exact;
  /// Kind::number without `exact`: a constant, if there is no `value`.
  double number = 0;
  /// Read from a tensor of one element (rank 0) when the program runs.
  Value value;
  /// The unbacked symbol that torch gave to `value`; bound when a dim needs it.
  std::string symbol;

  static Scalar of(Ratio ratio, Kind kind = Kind::integer);
  static Scalar of_number(double number);
  static Scalar of_boolean(bool value) { return of(Ratio(Dim(value ? 1 : 0)), Kind::boolean); }
  /// The number, if it is known at conversion.
  std::optional<double> constant() const;
  DType dtype() const;
};

/// A tensor; a complex one has a last axis more, of real and imaginary part.
struct TensorItem {
  Value value;
  bool is_complex = false;
};

/// What a name of the exported program stands for.
struct Item {
  std::variant<std::monostate, TensorItem, Scalar, std::vector<Item>, std::string> content;

  Item() = default;
  Item(Value value) : content(TensorItem{value}) {}           // NOLINT(google-explicit-constructor)
  Item(TensorItem tensor) : content(tensor) {}                // NOLINT(google-explicit-constructor)
  Item(Scalar scalar) : content(std::move(scalar)) {}         // NOLINT(google-explicit-constructor)
  Item(std::vector<Item> list) : content(std::move(list)) {}  // NOLINT(google-explicit-constructor)
  Item(const std::vector<Value>& values);                     // NOLINT(google-explicit-constructor)
  static Item complex(Value pairs) { return TensorItem{pairs, true}; }
  bool is_none() const { return content.index() == 0; }
  const TensorItem* tensor() const { return std::get_if<TensorItem>(&content); }
  const Scalar* scalar() const { return std::get_if<Scalar>(&content); }
  const std::vector<Item>* list() const { return std::get_if<std::vector<Item>>(&content); }
};

/// An operand that is a tensor or a number, with its part in type promotion.
struct Operand {
  Value tensor;
  Scalar scalar;
  bool is_tensor() const { return static_cast<bool>(tensor); }
  DType dtype() const { return is_tensor() ? tensor.dtype() : scalar.dtype(); }
};

/// The dtype that operands meet in: tensors with axes count before tensors without, those before numbers.
/// Source: torch.result_type.
DType result_type(std::span<const Operand> operands);

class Call;
using ConvertFn = Item (*)(Call&);
/// How one overload of an op is converted. Tables of these are what the files aten_*.cpp hold.
struct Mapping {
  std::string_view target;
  ConvertFn convert = nullptr;
  /// What it does to a complex operand: nothing that is known; the same to both parts; or it looks itself.
  enum class Complex { refused, each_part, handled } complex = Complex::refused;
};
/// Null if there is none.
const Mapping* find_mapping(std::string_view target);
size_t num_mappings();

/// The state of one conversion, shared by the main graph and the graphs nested in it.
struct Conversion {
  /// Dims of the symbols that have a value.
  std::unordered_map<std::string, Dim> symbols;
  /// Values of symbols at capture.
  DimBindings hints;
  std::map<std::string, RangeConstraint> ranges;
  /// The graph of the whole program, where random draws become inputs.
  Graph* root = nullptr;
  int num_random = 0;
  int num_fresh_dims = 0;
  /// Unknown targets: how often, where first, with which arguments.
  struct Unknown {
    int count = 0;
    std::string module_path;
    std::string schema;
  };
  std::map<std::string, Unknown> unknown;

  SymbolLookup lookup() const;
  /// The shape that the program declares; nothing if it depends on what has no value.
  std::optional<Shape> declared_shape(const TensorMeta& meta) const;
  /// The dim's value at capture, if all its symbols have one.
  std::optional<int64_t> hint(const Dim& dim) const;
  /// The dim of a scalar; binds an unbacked one. Errors: unsupported_model for a number with a fraction.
  Dim dim_of(Scalar& scalar);
  /// A new unbacked symbol.
  Dim fresh_dim();
  /// The extent that only the data tell, as the program calls it: a symbol without a value so far gets one.
  Dim data_dim(const SymInt* declared);
};

/// Errors: unsupported_op that lists every target, of this graph and those in it, that no mapping knows.
void check_targets(const ExportedGraph& graph, Conversion& conversion);

/// Names and values of one graph during its conversion.
class Scope {
 public:
  Scope(Conversion& conversion, const ExportedGraph& exported, Graph& graph)
      : conversion(conversion), exported(exported), graph(graph) {}
  Conversion& conversion;
  const ExportedGraph& exported;
  Graph& graph;

  void bind(const std::string& name, Item item) { items_[name] = std::move(item); }
  /// Weights and constants, which become nodes when they are first used.
  void bind_lazily(const std::string& name, std::function<Item()> make) { lazy_[name] = std::move(make); }
  /// Errors: invalid_model for a name that is not defined.
  Item& find(const std::string& name);
  Item evaluate(const Argument& argument);
  /// Converts all nodes, in order.
  void run();
  /// The graph's outputs.
  std::vector<Item> results();

 private:
  void convert(const ExportedNode& node);
  void bind_outputs(const ExportedNode& node, Item result);
  void bind_output(const Argument& output, Item item);
  bool convert_symbolically(const ExportedNode& node);
  std::unordered_map<std::string, Item> items_;
  std::unordered_map<std::string, std::function<Item()>> lazy_;
};

/// x with the extents that the program declares for it, where ours are written otherwise.
Value with_shape(Value x, const Shape& shape);
/// x converted, unless it has the dtype.
Value to_dtype(Value x, DType dtype);
/// Numbers become constants of the dtype, data-dependent ones casts.
Value to_tensor(Builder& builder, const Operand& operand, DType dtype);
/// Do two extents differ at some sizes? Torch simplifies the extents that it declares by what holds of the captured
/// sizes; such a declaration is no extent of other sizes. Where this is false they may be taken as the same.
bool contradict(const Dim& a, const Dim& b);
/// Makes symbolic extents that broadcast against each other, but are written differently, the same.
void align_shapes(std::vector<Value>& values, const std::optional<Shape>& expected);
Value scalar_tensor(Builder& builder, DType dtype, const Scalar& scalar);

/// One node, as a conversion sees it: arguments by the names of the op's schema. An argument that the file leaves out
/// takes the fallback; without one it is an error (invalid_model).
class Call {
 public:
  Call(Scope& scope, const ExportedNode& node) : scope_(scope), node_(node) {}

  const std::string& target() const { return node_.target; }
  /// The part of the target behind its last dot: the overload.
  std::string_view overload() const;
  Graph& graph() { return scope_.graph; }
  Conversion& conversion() { return scope_.conversion; }
  Scope& scope() { return scope_; }
  const ExportedNode& node() const { return node_; }

  /// There and not None.
  bool given(std::string_view name) const;
  Item item(std::string_view name);
  Value tensor(std::string_view name);
  /// Empty if left out or None.
  Value optional_tensor(std::string_view name);
  TensorItem any_tensor(std::string_view name);
  std::vector<Value> tensors(std::string_view name);
  /// With empty values for None.
  std::vector<Value> optional_tensors(std::string_view name);
  Operand operand(std::string_view name);
  Scalar scalar(std::string_view name);
  int64_t integer(std::string_view name, std::optional<int64_t> fallback = std::nullopt);
  std::vector<int64_t> integers(std::string_view name, std::optional<std::vector<int64_t>> fallback = std::nullopt);
  Dim dim(std::string_view name, std::optional<Dim> fallback = std::nullopt);
  Shape dims(std::string_view name);
  std::optional<Shape> optional_dims(std::string_view name);
  double number(std::string_view name, std::optional<double> fallback = std::nullopt);
  std::vector<double> numbers(std::string_view name);
  bool boolean(std::string_view name, bool fallback);
  std::string string(std::string_view name, std::string_view fallback);
  /// Of a scalar type argument.
  std::optional<DType> dtype(std::string_view name = "dtype");
  bool is_complex_dtype(std::string_view name = "dtype");

  /// What the program declares for its i-th tensor result.
  const TensorMeta* declared(size_t i = 0) const;
  std::optional<Shape> declared_shape(size_t i = 0) const;
  std::optional<DType> declared_dtype(size_t i = 0) const;

  /// An axis counted from the front. Errors: invalid_model out of range.
  int64_t axis(std::string_view name, int rank, std::optional<int64_t> fallback = std::nullopt);
  /// Axes counted from the front; none given: all.
  std::vector<int64_t> axes(std::string_view name, int rank);

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::unsupported_model, "{}", fmt::format(format, std::forward<Args>(args)...));
  }
  /// Values that names have for this node only: the parts of complex tensors.
  void substitute(std::map<std::string, Item> with) { substitutes_ = std::move(with); }

 private:
  friend class Scope;
  const Argument* find(std::string_view name) const;
  const Argument& get(std::string_view name) const;
  Scope& scope_;
  const ExportedNode& node_;
  std::map<std::string, Item> substitutes_;
  Item evaluate(const Argument& argument);
};

int64_t front_axis(int64_t axis, int rank);

}  // namespace accelerate::import::pt2
