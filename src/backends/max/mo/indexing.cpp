// Reading and writing by index. MAX does not check indices, so they are brought into the range of the axis first; what
// lies outside is an error on the CPU and the nearest element here.
#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

/// -1 or less counts from the back; the result lies in [0, extent).
MoValue in_range(MoBuilder& b, MoValue index, const MoValue& extent, bool negative) {
  index = b.cast(index, DType::i64);
  if (b.in_range(index, extent)) return index;
  MoValue zero = b.integer(DType::i64, 0);
  if (negative) index = b.select(b.greater(zero, index), b.binary("add", index, extent, DType::i64), index);
  index = b.binary("max", index, zero, DType::i64);
  return b.binary("min", index, b.binary("sub", extent, b.integer(DType::i64, 1), DType::i64), DType::i64);
}

Values embedding(MoBuilder& b, const EmitSite& s) {
  MoValue indices = in_range(b, s.in[1], b.extent(s.in[0].type.shape[0]), false);
  return {b.op("rmo.mo.gather", {s.in[0], indices}, s.out[0], "axis = 0 : index")};
}

Values gather(MoBuilder& b, const EmitSite& s) {
  int64_t axis = s.axis();
  MoValue indices = in_range(b, s.in[1], b.extent(s.in[0].type.shape[static_cast<size_t>(axis)]), true);
  return {b.op("rmo.mo.gather", {s.in[0], indices}, s.out[0], fmt::format("axis = {} : index", axis))};
}

/// Extents of the axes [from, from + count) of x as si64[count].
MoValue limits(MoBuilder& b, const MoValue& x, size_t from, size_t count) {
  return b.extents(Shape(x.type.shape.begin() + static_cast<int64_t>(from),
                         x.type.shape.begin() + static_cast<int64_t>(from + count)));
}

size_t tuple_length(const MoValue& indices) {
  return static_cast<size_t>(indices.type.shape.back().as_constant("the length of an index tuple"));
}

Values gather_nd(MoBuilder& b, const EmitSite& s) {
  int64_t batch = s.attrs().integer("batch_dims");
  MoValue indices = in_range(b, s.in[1], limits(b, s.in[0], static_cast<size_t>(batch), tuple_length(s.in[1])), true);
  return {b.op("rmo.mo.gather_nd", {s.in[0], indices}, s.out[0], fmt::format("batchDims = {} : index", batch))};
}

Values scatter_nd(MoBuilder& b, const EmitSite& s) {
  MoValue indices = in_range(b, s.in[1], limits(b, s.in[0], 0, tuple_length(s.in[1])), true);
  bool add = s.attrs().string("reduction") == "add";
  return {b.op(add ? "rmo.mo.scatter_nd.add" : "rmo.mo.scatter_nd", {s.in[0], s.in[2], indices}, s.out[0])};
}

Values scatter_elements(MoBuilder& b, const EmitSite& s) {
  int64_t axis = s.axis();
  MoValue indices = in_range(b, s.in[1], b.extent(s.in[0].type.shape[static_cast<size_t>(axis)]), true);
  if (s.attrs().string("reduction") == "add")
    return {b.op("rmo.mo.scatter.add", {s.in[0], s.in[2], indices, b.integer(DType::i64, axis)}, s.out[0])};
  return {b.op("rmo.mo.scatter", {s.in[0], s.in[2], indices}, s.out[0], fmt::format("axis = {} : index", axis))};
}

std::optional<std::string> why_not_gather(const Graph& graph, const Node& node) {
  const TensorType& x = graph.type_of(node.operands[0]);
  for (const Dim& d : x.shape)
    if (d.constant() == 0) return fmt::format("{} from nothing", node.op->name);
  if (x.dtype == DType::boolean) return fmt::format("{} of bool", node.op->name);
  return std::nullopt;
}

std::optional<std::string> why_not_tuples(const Graph& graph, const Node& node) {
  const TensorType& indices = graph.type_of(node.operands[1]);
  if (indices.rank() == 0 || !indices.shape.back().is_constant()) return "index tuples of varying length";
  if (indices.shape.back().constant() == 0) return "empty index tuples";
  return why_not_gather(graph, node);
}

std::optional<std::string> why_not_scatter(const Graph& graph, const Node& node) {
  const std::string& reduction = node.attrs.string("reduction");
  if (reduction != "none" && reduction != "add") return fmt::format("{} with reduction {}", node.op->name, reduction);
  if (node.op->name == "scatter_nd") return why_not_tuples(graph, node);
  if (graph.type_of(node.operands[0]).rank() == 0) return "scatter into a scalar";
  return why_not_gather(graph, node);
}

}  // namespace

void add_indexing(MoTable& table) {
  table["embedding"] = {embedding, why_not_gather};
  table["gather"] = {gather, why_not_gather};
  table["gather_nd"] = {gather_nd, why_not_tuples};
  table["scatter_nd"] = {scatter_nd, why_not_scatter};
  table["scatter_elements"] = {scatter_elements, why_not_scatter};
}

}  // namespace accelerate::max_engine
