#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "graph/attr.h"

namespace accelerate {

class Graph;
class Builder;
struct Node;
struct Value;

/// How close two correct implementations of an op are.
enum class Numerics {
  exact,         // moves or compares data: bit-identical
  rounding,      // one rounding an element (or a few): a small number of units in the last place
  accumulating,  // sums: error grows with the reduction length
};

/// What an attribute may be. An attribute that is not given takes `fallback`; without one it is required
/// unless `optional`.
struct AttrSpec {
  std::string name;
  AttrKind kind = AttrKind::integer;
  std::optional<Attr> fallback;
  bool optional = false;
  std::string doc;
};

/// What shape and dtype rules see.
class InferContext {
 public:
  InferContext(const std::vector<TensorType>& operands, const Attrs& attrs,
               const std::vector<std::shared_ptr<const Graph>>& regions)
      : attrs(attrs), regions(regions), operands_(operands) {}
  const Attrs& attrs;
  const std::vector<std::shared_ptr<const Graph>>& regions;
  size_t num_operands() const { return operands_.size(); }
  /// Errors: invalid_graph if there is no operand i.
  const TensorType& operand(size_t i) const;
  const std::vector<TensorType>& operands() const { return operands_; }
  /// attrs.integer(name) counted from the front. Errors: invalid_shape unless in [-rank, rank).
  int axis(std::string_view name, int rank) const;

 private:
  const std::vector<TensorType>& operands_;
};

/// What a reference implementation sees: concrete tensors, and attributes whose dims have values.
class EvalContext {
 public:
  EvalContext(const Attrs& attrs, const DimBindings& dims, std::span<const Tensor> inputs, std::span<Tensor> outputs)
      : attrs(attrs), dims(dims), inputs(inputs), outputs(outputs) {}
  const Attrs& attrs;
  const DimBindings& dims;
  std::span<const Tensor> inputs;
  /// Allocated with the inferred types; a result with unbacked dims is empty and must be assigned.
  std::span<Tensor> outputs;
  /// Runs region i of the node on tensors; set only for ops with regions.
  std::function<std::vector<Tensor>(size_t region, std::span<const Tensor>)> run_region;
  int axis(std::string_view name, int rank) const;
  std::vector<int64_t> extents(std::string_view name) const { return evaluate(attrs.dims(name), dims); }
};

/// One op, declared once: its signature, rules, reference and expansion.
struct OpDef {
  std::string name;
  int version = 1;
  /// One line: what it computes, with shapes.
  std::string doc;
  int min_operands = 0;
  /// -1: any number.
  int max_operands = 0;
  std::vector<AttrSpec> attrs;
  int num_regions = 0;
  Numerics numerics = Numerics::rounding;
  /// Reads or writes state, or draws random numbers: never merged, removed or reordered across its token.
  bool has_effects = false;
  /// Result 0 is operand 0 with another shape: same elements in the same order.
  bool is_view = false;
  /// Result i depends on element i of the (broadcast) operands only.
  bool is_elementwise = false;

  /// Result types. Errors: invalid_shape, invalid_dtype, invalid_graph.
  std::function<std::vector<TensorType>(const InferContext&)> infer;
  /// Plain scalar implementation, accumulating in double. Absent only for ops that the runtime itself serves
  /// (weight, constant, state and token ops).
  std::function<void(EvalContext&)> reference;
  /// The same computation in simpler ops; empty for primitives. `node` gives attributes and types; operands
  /// are values of the builder to add to. Returns one value a result.
  std::function<std::vector<Value>(Builder&, const Node& node, std::span<const Value> operands)> expand;

  const AttrSpec* find_attr(std::string_view attr_name) const;
  /// Fills in fallbacks. Errors: invalid_graph for an unknown, missing or mistyped attribute.
  Attrs complete(Attrs given) const;
};

/// All ops by name. Filled once, then read only.
class OpRegistry {
 public:
  /// Errors: internal if the name is taken.
  void add(OpDef op);
  const OpDef* find(std::string_view name) const;
  /// Errors: unsupported_op that names the nearest known ops.
  const OpDef& get(std::string_view name) const;
  /// Sorted by name.
  std::vector<const OpDef*> all() const;

 private:
  std::unordered_map<std::string, std::unique_ptr<OpDef>> ops_;
};

}  // namespace accelerate
