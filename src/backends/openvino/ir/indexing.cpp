// Reading and writing by index.
#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

/// -1 or less counts from the back; the result lies in [0, extent), whatever the index was.
IrValue in_range(IrBuilder& b, IrValue index, const IrValue& extent) {
  index = b.cast(index, DType::i64);
  IrValue zero = b.integer(DType::i64, 0);
  index = b.select(b.greater(zero, index), b.binary("Add", index, extent, DType::i64), index);
  index = b.binary("Maximum", index, zero, DType::i64);
  return b.binary("Minimum", index, b.binary("Subtract", extent, b.integer(DType::i64, 1), DType::i64), DType::i64);
}

IrValue gathered(IrBuilder& b, const EmitSite& s, int64_t axis) {
  return b.op("Gather", "opset8", {s.in[0], s.in[1], b.integer(DType::i64, axis)}, s.out[0], {{"batch_dims", "0"}});
}

IrValues gather_elements(IrBuilder& b, const EmitSite& s) {
  int64_t axis = s.axis();
  IrValue indices = in_range(b, s.in[1], b.extent(s.in[0].type.shape[static_cast<size_t>(axis)]));
  return {b.op("GatherElements", "opset6", {s.in[0], indices}, s.out[0], {{"axis", std::to_string(axis)}})};
}

IrValues gather_nd(IrBuilder& b, const EmitSite& s) {
  int64_t batch = s.attrs().integer("batch_dims");
  const Shape& x = s.in[0].type.shape;
  auto length = s.in[1].type.shape.back().as_constant("the length of an index tuple");
  IrValue limits = b.extents(Shape(x.begin() + batch, x.begin() + batch + length));
  return {b.op("GatherND", "opset8", {s.in[0], in_range(b, s.in[1], limits)}, s.out[0],
               {{"batch_dims", std::to_string(batch)}})};
}

const char* reduction_of(const EmitSite& s) {
  const std::string& ours = s.attrs().string("reduction");
  if (ours == "add") return "sum";
  if (ours == "mul") return "prod";
  return ours.c_str();
}

IrValues scatter_elements(IrBuilder& b, const EmitSite& s) {
  int64_t axis = s.axis();
  IrValue indices = in_range(b, s.in[1], b.extent(s.in[0].type.shape[static_cast<size_t>(axis)]));
  return {b.op("ScatterElementsUpdate", "opset12", {s.in[0], indices, s.in[2], b.integer(DType::i64, axis)}, s.out[0],
               {{"reduction", reduction_of(s)}, {"use_init_val", "true"}})};
}

IrValues scatter_nd(IrBuilder& b, const EmitSite& s) {
  const Shape& x = s.in[0].type.shape;
  auto length = s.in[1].type.shape.back().as_constant("the length of an index tuple");
  IrValue limits = b.extents(Shape(x.begin(), x.begin() + length));
  return {b.op("ScatterNDUpdate", "opset15", {s.in[0], in_range(b, s.in[1], limits), s.in[2]}, s.out[0],
               {{"reduction", reduction_of(s)}})};
}

std::optional<std::string> why_not_gather(const Graph& graph, const Node& node) {
  if (has_nothing(graph, node)) return fmt::format("{} from nothing", node.op->name);
  return only_moved(graph, node);
}

std::optional<std::string> why_not_tuples(const Graph& graph, const Node& node) {
  const TensorType& indices = graph.type_of(node.operands[1]);
  if (indices.rank() == 0 || !indices.shape.back().is_constant()) return "index tuples of varying length";
  if (indices.shape.back().constant() == 0) return "empty index tuples";
  if (has_nothing(graph, node)) return fmt::format("{} from nothing", node.op->name);
  DType dtype = graph.type_of(node.operands[0]).dtype;
  if (dtype != DType::f32 && dtype != DType::i32) return fmt::format("{} of {}", node.op->name, name_of(dtype));
  return std::nullopt;
}

std::optional<std::string> why_not_scatter(const Graph& graph, const Node& node) {
  const std::string& reduction = node.attrs.string("reduction");
  if (reduction != "none" && reduction != "add" && reduction != "mul")
    return fmt::format("{} with reduction {}: the engine passes over NaN", node.op->name, reduction);
  DType dtype = graph.type_of(node.operands[0]).dtype;
  if (dtype != DType::f32 && dtype != DType::i32) return fmt::format("{} of {}", node.op->name, name_of(dtype));
  if (node.op->name == "scatter_nd") return why_not_tuples(graph, node);
  if (graph.type_of(node.operands[0]).rank() == 0) return "scatter into a scalar";
  if (has_nothing(graph, node)) return fmt::format("{} of nothing", node.op->name);
  return std::nullopt;
}

}  // namespace

void add_indexing(IrTable& table) {
  table["embedding"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {gathered(b, s, 0)}; },
                        why_not_gather};
  table["gather"] = {[](IrBuilder& b, const EmitSite& s) -> IrValues { return {gathered(b, s, s.axis())}; },
                     why_not_gather};
  table["gather_elements"] = {gather_elements, [](const Graph& graph, const Node& node) -> std::optional<std::string> {
                                DType dtype = graph.type_of(node.operands[0]).dtype;
                                if (dtype != DType::f32 && dtype != DType::i32)
                                  return fmt::format("gather_elements of {}", name_of(dtype));
                                if (graph.type_of(node.operands[0]).rank() == 0) return "gather from a scalar";
                                return why_not_gather(graph, node);
                              }};
  table["gather_nd"] = {gather_nd, why_not_tuples};
  table["scatter_elements"] = {scatter_elements, why_not_scatter};
  table["scatter_nd"] = {scatter_nd, why_not_scatter};
}

}  // namespace accelerate::openvino_engine
