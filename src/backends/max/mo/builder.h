#pragma once
// Writes `mo` text, one operation at a time. Knows the text forms and MAX's type rules; the operations' files say what
// each op becomes.
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace accelerate::max_engine {

/// A value of the text.
struct MoValue {
  std::string name;  // "%3"
  TensorType type;
};

/// Every extent of the text is a number or a symbol d0, d1, ...: an expression of ours gets a symbol of its own, whose
/// value comes with each call, so MAX never has to reason about extents. Operations that infer result extents
/// themselves are followed by a rebind to ours. No name of the model reaches the text.
class MoBuilder {
 public:
  std::string dim(const Dim& dim);
  std::string shape(const Shape& shape);
  static std::string_view element(DType dtype);
  std::string type(const TensorType& type);

  /// NAME(operands) {attributes} : (types) -> result. attributes without braces, may be empty.
  MoValue op(std::string_view name, std::span<const MoValue> operands, const TensorType& result,
             const std::string& attributes = "");
  MoValue op(std::string_view name, std::initializer_list<MoValue> operands, const TensorType& result,
             const std::string& attributes = "") {
    return op(name, std::span<const MoValue>(operands.begin(), operands.size()), result, attributes);
  }
  /// One result; operands' types as text, where they carry a layout.
  std::string typed(std::string_view name, std::span<const MoValue> operands,
                    const std::vector<std::string>& operand_types, const std::string& result,
                    const std::string& attributes);

  MoValue constant(const Tensor& value);
  MoValue scalar(DType dtype, double value);
  MoValue integer(DType dtype, int64_t value);
  /// si64[n].
  MoValue integers(const std::vector<int64_t>& values);
  /// The extents as si64[rank].
  MoValue extents(const Shape& shape);
  /// The extent as an si64 scalar.
  MoValue extent(const Dim& dim);
  MoValue external(const std::string& name, const TensorType& type);

  MoValue cast(const MoValue& x, DType dtype);
  /// x != 0.
  MoValue to_bool(const MoValue& x);
  MoValue reshape(const MoValue& x, const Shape& shape);
  MoValue transpose(const MoValue& x, const std::vector<int64_t>& permutation);
  MoValue broadcast(const MoValue& x, const Shape& shape);
  MoValue concat(std::span<const MoValue> values, size_t axis, const Dim& extent);
  MoValue slice(const MoValue& x, const Shape& starts, const Shape& ends, const std::vector<int64_t>& steps,
                const Shape& result);
  /// One type for another that is equal at run time (checked there).
  std::string rebind_text(const std::string& name, const std::string& from_type, const std::string& to_type);
  MoValue rebind(const std::string& name, const std::string& from_type, const TensorType& to);

  /// rmo.NAME of two operands, which broadcast; the result has dtype.
  MoValue binary(std::string_view name, const MoValue& a, const MoValue& b, DType dtype);
  MoValue select(const MoValue& condition, const MoValue& a, const MoValue& b);
  MoValue greater(const MoValue& a, const MoValue& b) { return binary("greater", a, b, DType::boolean); }
  MoValue unary(std::string_view name, const MoValue& x) { return op(std::string(name), {x}, x.type); }
  /// rmo.mo.reduce.NAME over one axis, which stays as 1.
  MoValue reduce(std::string_view name, const MoValue& x, size_t axis);

  /// Is index the result of bringing an index into [0, extent), as this builder's operations did it.
  bool in_range(const MoValue& index, const MoValue& extent) const;

  /// The lines of the body, with `tail` behind them. What has no operands (constants, extents) comes first, sorted, so
  /// that the text does not depend on who asked for it first.
  std::string finished(const std::string& tail) const;
  /// The dims behind the symbols: symbol i is symbols()[i].
  const std::vector<Dim>& symbols() const { return symbols_; }

 private:
  std::string next_name() { return "%" + std::to_string(next_++); }
  /// Operands of a broadcasting op with extents that MAX can see to fit.
  MoValue aligned(const MoValue& x, const Shape& result);
  /// Emits an op without operands once.
  MoValue once(const std::string& text, const TensorType& type);

  std::string body_;
  std::vector<std::string> without_operands_;  // texts; number i is "%k<i>" until all are there
  size_t next_ = 0;
  std::vector<Dim> symbols_;
  std::map<std::string, std::string> symbol_names_;  // by Dim::to_string
  std::map<std::string, MoValue> made_;              // constants, extents and transposes by their text
  // What is known of integer values, by name: constants; max(x, 0); x - 1, with x; an index, with the extent it lies
  // in.
  std::map<std::string, int64_t> numbers_;
  std::set<std::string> at_least_zero_;
  std::map<std::string, std::string> one_less_;
  std::map<std::string, std::string> in_range_;
};

}  // namespace accelerate::max_engine
