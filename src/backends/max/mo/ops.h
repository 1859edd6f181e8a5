#pragma once
// What each op of ours becomes in `mo` text: one table entry an op, several files.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/max/mo/builder.h"

namespace accelerate::max_engine {

/// A node to write.
struct EmitSite {
  const Node& node;
  std::vector<MoValue> in;
  std::vector<TensorType> out;  // the types that the graph records
  const Attrs& attrs() const { return node.attrs; }
  int64_t axis(std::string_view name = "axis") const {
    int64_t value = node.attrs.integer(name);
    return value < 0 ? value + in[0].type.rank() : value;
  }
};

struct MoOp {
  /// One value a result, of the recorded types.
  std::function<std::vector<MoValue>(MoBuilder&, const EmitSite&)> emit;
  /// Why the node cannot be written; null: it always can.
  std::function<std::optional<std::string>(const Graph&, const Node&)> why_not;
};

using MoTable = std::map<std::string, MoOp, std::less<>>;
void add_elementwise(MoTable& table);
void add_compositions(MoTable& table);
void add_integers(MoTable& table);
void add_reductions(MoTable& table);
void add_movement(MoTable& table);
void add_indexing(MoTable& table);
void add_products(MoTable& table);
void add_attention(MoTable& table);
void add_convolutions(MoTable& table);
void add_norms(MoTable& table);

/// All entries.
const MoTable& mo_table();

/// Why the node cannot be in a MAX region; nothing if it can.
std::optional<std::string> why_not(const Graph& graph, const Node& node);

// Conditions that entries share.
using Condition = std::function<std::optional<std::string>(const Graph&, const Node&)>;
/// All operands and results are floats.
std::optional<std::string> only_floats(const Graph& graph, const Node& node);
/// All extents of operand 0 along reduced axes are at least 1, as far as they are fixed.
std::optional<std::string> not_empty(const Graph& graph, const Node& node);

}  // namespace accelerate::max_engine
