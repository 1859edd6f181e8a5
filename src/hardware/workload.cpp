#include "hardware/workload.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace accelerate::hardware {
namespace {

double stored_bytes(const TensorType& type, const DimBindings& dims) {
  try {
    double out = static_cast<double>(size_of(type.dtype));
    for (const int64_t extent : evaluate(type.shape, dims)) out *= static_cast<double>(extent);
    return out;
  } catch (const Error&) {
    return 0;  // known only when data is seen
  }
}

/// Results that are another view of what they are made of.
bool is_view(const std::string& op) {
  return op == "reshape" || op == "weight" || op == "constant";
}

}  // namespace

DimBindings call_dims(const Graph& graph, const CallSize& size) {
  DimBindings out;
  for (const ValueId id : graph.inputs()) {
    const TensorType& type = graph.type_of(id);
    const bool is_picture = is_float(type.dtype) && type.rank() >= 4;
    for (int axis = 0; axis < type.rank(); ++axis) {
      std::vector<std::string> symbols;
      type.shape[static_cast<size_t>(axis)].collect_symbols(symbols);
      const bool is_pixels = is_picture && axis >= type.rank() - 2;
      for (const std::string& symbol : symbols)
        out.try_emplace(symbol, axis == 0 ? size.batch : is_pixels ? size.image : size.sequence);
    }
  }
  return out;
}

Workload workload_of(const Graph& graph, const DimBindings& dims, double flops) {
  Workload out;
  out.flops = flops;
  std::vector<int> last_use(graph.num_values(), -1);
  const auto& nodes = graph.nodes();
  for (size_t n = 0; n < nodes.size(); ++n)
    for (const ValueId id : nodes[n].operands) last_use[id] = static_cast<int>(n);
  for (const Graph::Output& output : graph.outputs()) last_use[output.value] = static_cast<int>(nodes.size());

  std::set<std::string> weights;
  double alive = 0;
  std::vector<double> size(graph.num_values(), 0);
  for (const ValueId id : graph.inputs()) alive += size[id] = stored_bytes(graph.type_of(id), dims);
  out.activation_bytes = alive;
  for (size_t n = 0; n < nodes.size(); ++n) {
    const Node& node = nodes[n];
    const std::string& op = node.op->name;
    if (op == "weight") {
      const double bytes = stored_bytes(graph.type_of(node.results.at(0)), dims);
      if (weights.insert(node.attrs.string("name")).second) out.weight_bytes += bytes;
      continue;
    }
    for (const ValueId id : node.results) {
      size[id] = is_view(op) ? 0 : stored_bytes(graph.type_of(id), dims);
      alive += size[id];
      out.traffic_bytes += size[id];
    }
    if (!is_view(op))
      for (const ValueId id : node.operands) out.traffic_bytes += stored_bytes(graph.type_of(id), dims);
    out.activation_bytes = std::max(out.activation_bytes, alive);
    std::set<ValueId> done(node.operands.begin(), node.operands.end());
    done.insert(node.results.begin(), node.results.end());
    for (const ValueId id : done)
      if (last_use[id] <= static_cast<int>(n)) alive -= size[id];
  }
  return out;
}

}  // namespace accelerate::hardware
