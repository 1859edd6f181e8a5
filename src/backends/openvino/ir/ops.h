#pragma once
// What each op of ours becomes in OpenVINO IR: one table entry an op, several files.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/openvino/ir/builder.h"

namespace accelerate::openvino_engine {

/// A node to write.
struct EmitSite {
  const Node& node;
  std::vector<IrValue> in;
  std::vector<TensorType> out;  // the types that the graph records
  const Attrs& attrs() const { return node.attrs; }
  int64_t axis(std::string_view name = "axis") const {
    int64_t value = node.attrs.integer(name);
    return value < 0 ? value + in[0].type.rank() : value;
  }
};

using IrValues = std::vector<IrValue>;
using Condition = std::function<std::optional<std::string>(const Graph&, const Node&)>;

struct IrOp {
  /// One value a result, of the recorded types.
  std::function<IrValues(IrBuilder&, const EmitSite&)> emit;
  /// Why the node cannot be written; null: it always can.
  Condition why_not;
};

using IrTable = std::map<std::string, IrOp, std::less<>>;
void add_elementwise(IrTable& table);
void add_compositions(IrTable& table);
void add_reductions(IrTable& table);
void add_movement(IrTable& table);
void add_indexing(IrTable& table);
void add_products(IrTable& table);
void add_attention(IrTable& table);
void add_convolutions(IrTable& table);
void add_norms(IrTable& table);

/// All entries.
const IrTable& ir_table();

/// Why the node cannot be in an OpenVINO region; nothing if it can.
std::optional<std::string> why_not(const Graph& graph, const Node& node);

// Conditions that entries share. The engine's CPU holds 64-bit integers in 32 bits and floats in 32 bits, so
// arithmetic whose result depends on the width is for f32 and i32 only.
/// All operands and results are f32.
std::optional<std::string> only_f32(const Graph& graph, const Node& node);
/// All operands are f32 or i32.
std::optional<std::string> only_32_bits(const Graph& graph, const Node& node);
/// All operands are f32, i32, i64 or bool: nothing is computed that could leave 32 bits.
std::optional<std::string> only_compared(const Graph& graph, const Node& node);
/// All operands and results are of types that the engine moves without change.
std::optional<std::string> only_moved(const Graph& graph, const Node& node);
/// As only_f32, and no operand is known to be without elements.
std::optional<std::string> some_f32(const Graph& graph, const Node& node);
/// Is a fixed extent of an operand 0.
bool has_nothing(const Graph& graph, const Node& node);

}  // namespace accelerate::openvino_engine
