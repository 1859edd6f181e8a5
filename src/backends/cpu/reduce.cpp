#include <algorithm>
#include <array>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

struct NamedReduce {
  const char* op;
  Reduce kind;
};
constexpr std::array<NamedReduce, 5> kReductions = {{{"reduce_sum", Reduce::sum},
                                                     {"reduce_mean", Reduce::mean},
                                                     {"reduce_max", Reduce::max},
                                                     {"reduce_min", Reduce::min},
                                                     {"reduce_prod", Reduce::prod}}};

/// The reduced axes as one middle axis [outer, size, inner], if they are neighbours.
std::optional<std::pair<size_t, size_t>> reduced_block(const NodeSite& site) {
  std::vector<int64_t> axes = site.node.attrs.integers("axes");
  if (axes.empty()) return std::make_pair(size_t{0}, static_cast<size_t>(site.in(0).rank()));
  std::sort(axes.begin(), axes.end());
  for (size_t i = 1; i < axes.size(); ++i)
    if (axes[i] != axes[i - 1] + 1) return std::nullopt;
  return std::make_pair(static_cast<size_t>(axes.front()), static_cast<size_t>(axes.back()) + 1);
}

}  // namespace

void add_reduce_kernels(Entries& entries, const KernelTable& table) {
  for (const NamedReduce& named : kReductions) {
    entries.push_back({named.op, "reduce",
                       [](const NodeSite& site) -> std::optional<std::string> {
                         if (auto reason = require_f32(site, {0})) return reason;
                         if (!reduced_block(site)) return "reduced axes that are not neighbours";
                         return std::nullopt;
                       },
                       [kind = named.kind, &table](const NodeSite& site, CompileContext&) {
                         auto block = *reduced_block(site);
                         return make_kernel([kind, block, &table](const ConcreteNode& node) {
                           std::span<const int64_t> x = node.inputs[0];
                           ReduceArgs a;
                           a.outer = product(x.first(block.first));
                           a.size = product(x.subspan(block.first, block.second - block.first));
                           a.inner = product(x.subspan(block.second));
                           if (a.size == 0 && (kind == Reduce::max || kind == Reduce::min) && a.outer * a.inner > 0)
                             fail(ErrorCode::invalid_shape, "the largest or smallest of no elements: x is {}", to_string(node.inputs[0]));
                           Prepared out;
                           out.run = [a, kind, &table](Executor& executor, const LaunchArgs& args) {
                             ReduceArgs call = a;
                             call.x = static_cast<const float*>(args.inputs[0]);
                             call.y = static_cast<float*>(args.outputs[0]);
                             if (call.outer * call.inner > 0) table.reduce(kind, call, executor);
                           };
                           return out;
                         });
                       }});
  }
  for (bool smallest : {false, true}) {
    entries.push_back({smallest ? "arg_min" : "arg_max", "arg_reduce", [](const NodeSite& site) { return require_f32(site, {0}); },
                       [smallest, &table](const NodeSite& site, CompileContext&) {
                         auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
                         return make_kernel([axis, smallest, &table](const ConcreteNode& node) {
                           std::span<const int64_t> x = node.inputs[0];
                           ArgReduceArgs a;
                           a.outer = product(x.first(axis));
                           a.size = x[axis];
                           a.inner = product(x.subspan(axis + 1));
                           a.smallest = smallest;
                           if (a.size == 0) fail(ErrorCode::invalid_shape, "the index of the largest or smallest of no elements: x is {}", to_string(node.inputs[0]));
                           Prepared out;
                           out.run = [a, &table](Executor& executor, const LaunchArgs& args) {
                             ArgReduceArgs call = a;
                             call.x = static_cast<const float*>(args.inputs[0]);
                             call.y = static_cast<int64_t*>(args.outputs[0]);
                             if (call.outer * call.inner > 0) table.arg_reduce(call, executor);
                           };
                           return out;
                         });
                       }});
  }
}

}  // namespace accelerate::cpu
