#include "backends/cpu/elementwise_program.h"
#include "ops/registry.h"

namespace accelerate::cpu {
namespace {

/// The program of a lone elementwise node, or of the region of fused_elementwise.
std::optional<std::string> translate_site(const NodeSite& site, ElementwiseProgram& program) {
  if (!site.node.regions.empty()) {
    const Graph& region = *site.node.regions[0];
    std::vector<const Node*> nodes;
    for (const Node& node : region.nodes()) nodes.push_back(&node);
    std::vector<ValueId> outputs;
    for (const auto& output : region.outputs()) outputs.push_back(output.value);
    for (size_t i = 1; i < site.node.results.size(); ++i)
      if (site.out(i).shape != site.out(0).shape) return "results of several shapes";
    return translate(region, nodes, region.inputs(), outputs, program);
  }
  const Node* node = &site.node;
  return translate(site.graph, std::span(&node, 1), site.node.operands, site.node.results, program);
}

}  // namespace

void add_elementwise_kernels(Entries& entries, const KernelTable& table) {
  for (const OpDef* op : ops::registry().all()) {
    if (!op->is_elementwise && op->name != "fused_elementwise") continue;
    entries.push_back({op->name, op->name == "fused_elementwise" ? "fused_tiles" : "tiles",
                       [](const NodeSite& site) -> std::optional<std::string> {
                         ElementwiseProgram program;
                         return translate_site(site, program);
                       },
                       [&table](const NodeSite& site, CompileContext&) {
                         auto program = std::make_shared<ElementwiseProgram>();
                         translate_site(site, *program);
                         return make_kernel(
                             [program, &table](const ConcreteNode& node) { return prepare(program, table, node); });
                       }});
  }
}

}  // namespace accelerate::cpu
