#include "backends/openvino/ir/writer.h"

#include <set>

#include "backends/openvino/ir/ops.h"
#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

/// Ops that the writer itself knows.
bool is_leaf(const Node& node) {
  return node.op->name == "weight" || node.op->name == "constant";
}

std::optional<std::string> all_of(const Graph& graph, const Node& node, bool (*fits)(DType)) {
  for (const auto* ids : {&node.operands, &node.results})
    for (ValueId id : *ids)
      if (!fits(graph.type_of(id).dtype))
        return fmt::format("{} with elements of {}: the engine computes in f32 and 32-bit integers", node.op->name,
                           name_of(graph.type_of(id).dtype));
  return std::nullopt;
}

bool is_f32(DType dtype) {
  return dtype == DType::f32;
}
bool is_32_bits(DType dtype) {
  return dtype == DType::f32 || dtype == DType::i32;
}
bool is_compared(DType dtype) {
  return is_32_bits(dtype) || dtype == DType::i64 || dtype == DType::boolean;
}
bool is_moved(DType dtype) {
  return is_compared(dtype) || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::u8 || dtype == DType::i8;
}

}  // namespace

std::optional<std::string> only_f32(const Graph& graph, const Node& node) {
  return all_of(graph, node, is_f32);
}

std::optional<std::string> only_32_bits(const Graph& graph, const Node& node) {
  return all_of(graph, node, is_32_bits);
}

std::optional<std::string> only_compared(const Graph& graph, const Node& node) {
  return all_of(graph, node, is_compared);
}

std::optional<std::string> only_moved(const Graph& graph, const Node& node) {
  return all_of(graph, node, is_moved);
}

bool has_nothing(const Graph& graph, const Node& node) {
  for (ValueId id : node.operands)
    for (const Dim& d : graph.type_of(id).shape)
      if (d.constant() == 0) return true;
  return false;
}

std::optional<std::string> some_f32(const Graph& graph, const Node& node) {
  if (has_nothing(graph, node)) return fmt::format("{} of nothing", node.op->name);
  return only_f32(graph, node);
}

const IrTable& ir_table() {
  static const IrTable table = [] {
    IrTable out;
    for (auto* add : {add_elementwise, add_compositions, add_reductions, add_movement, add_indexing, add_products,
                      add_attention, add_convolutions, add_norms})
      add(out);
    return out;
  }();
  return table;
}

std::optional<std::string> why_not(const Graph& graph, const Node& node) {
  auto entry = ir_table().find(node.op->name);
  if (entry == ir_table().end() && !is_leaf(node)) return fmt::format("no form in OpenVINO for {}", node.op->name);
  for (const auto* ids : {&node.operands, &node.results}) {
    for (ValueId id : *ids) {
      const TensorType& type = graph.type_of(id);
      if (!is_moved(type.dtype)) return fmt::format("{} with elements of {}", node.op->name, name_of(type.dtype));
      if (!type.encoding.plain()) return fmt::format("{} on {}", node.op->name, type.encoding.to_string());
    }
  }
  if (entry != ir_table().end() && entry->second.why_not) return entry->second.why_not(graph, node);
  return std::nullopt;
}

IrText write_ir(const Graph& graph, const WeightSource& weights) {
  std::set<std::string> faults;
  for (const Node& node : graph.nodes())
    if (auto why = why_not(graph, node)) faults.insert(*why);
  if (!faults.empty()) {
    std::string list;
    for (const std::string& fault : faults) list += "\n  " + fault;
    fail(ErrorCode::unsupported_op, "the graph cannot be written for OpenVINO:{}", list);
  }

  IrText out;
  IrBuilder b;
  std::vector<IrValue> values(graph.num_values());
  for (ValueId id : graph.inputs()) values[id] = b.parameter(graph.type_of(id));
  for (const Node& node : graph.nodes()) {
    IrValues results;
    if (node.op->name == "weight") {
      results = {b.constant(weights.read(node.attrs.string("name")))};
    } else if (node.op->name == "constant") {
      results = {b.constant(node.attrs.tensor("value"))};
    } else {
      EmitSite site{node, {}, {}};
      for (ValueId id : node.operands) site.in.push_back(values[id]);
      for (ValueId id : node.results) site.out.push_back(graph.type_of(id));
      results = ir_table().find(node.op->name)->second.emit(b, site);
    }
    for (size_t r = 0; r < results.size(); ++r) {
      const TensorType& declared = graph.type_of(node.results[r]);
      if (results[r].type.dtype != declared.dtype || results[r].type.rank() != declared.rank())
        fail(ErrorCode::internal, "{} is written as {}; the graph has {}", node.op->name, results[r].type.to_string(),
             declared.to_string());
      values[node.results[r]] = results[r];
      // Extents that both sides know by other names are equal in a call: the graph's are the ones to go on with.
      values[node.results[r]].type.shape = declared.shape;
    }
  }
  for (const auto& output : graph.outputs()) b.result(values[output.value]);
  out.dims = b.dims();
  out.text = b.finish();
  out.memory = b.memory();
  return out;
}

}  // namespace accelerate::openvino_engine
