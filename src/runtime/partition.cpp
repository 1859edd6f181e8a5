#include "runtime/partition.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <set>
#include <unordered_map>

#include "base/error.h"

namespace accelerate {
namespace {

/// For each node, the nodes that must come before it: producers of operands, and whoever gives an unbacked dim its
/// value. Constants are left out.
std::vector<std::vector<int>> predecessors(const Graph& graph, std::span<const NodeRole> roles) {
  std::vector<std::vector<int>> out(graph.nodes().size());
  std::unordered_map<std::string, int> binder;
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    std::set<int> before;
    for (ValueId id : node.operands)
      if (graph.producer_index(id) >= 0) before.insert(graph.producer_index(id));
    std::vector<std::string> symbols;
    for (ValueId id : node.results)
      for (const Dim& dim : graph.type_of(id).shape) dim.collect_symbols(symbols);
    for (const auto& [name, attr] : node.attrs.map())
      if (const auto* dims = std::get_if<Shape>(&attr))
        for (const Dim& dim : *dims) dim.collect_symbols(symbols);
    for (const std::string& symbol : symbols) {
      if (symbol.front() != '?') continue;
      auto [it, first] = binder.emplace(symbol, static_cast<int>(n));
      if (!first) before.insert(it->second);
    }
    for (int p : before)
      if (roles[static_cast<size_t>(p)] != NodeRole::constant && p != static_cast<int>(n)) out[n].push_back(p);
  }
  return out;
}

bool joins(NodeRole role) {
  return role == NodeRole::eligible || role == NodeRole::view;
}

/// A level for each node such that, from level to level, first the joining nodes of a level run as one region and then
/// the others of that level: along an edge the level never falls, and it rises from an outside node to a joining one.
/// Two solutions: every node as early as possible, or as late as possible.
std::vector<int> early_levels(std::span<const NodeRole> roles, const std::vector<std::vector<int>>& before) {
  std::vector<int> level(roles.size(), 0);
  for (size_t n = 0; n < roles.size(); ++n)
    for (int p : before[n]) {
      auto i = static_cast<size_t>(p);
      level[n] = std::max(level[n], level[i] + (joins(roles[n]) && !joins(roles[i]) ? 1 : 0));
    }
  return level;
}

std::vector<int> late_levels(std::span<const NodeRole> roles, const std::vector<std::vector<int>>& before, int last) {
  std::vector<int> level(roles.size(), last);
  for (size_t n = roles.size(); n-- > 0;)
    for (int p : before[n]) {
      auto i = static_cast<size_t>(p);
      level[i] = std::min(level[i], level[n] - (joins(roles[n]) && !joins(roles[i]) ? 1 : 0));
    }
  return level;
}

/// Regions of a set of levels: those with an eligible node, renumbered in order.
Partition regions_of(std::span<const NodeRole> roles, const std::vector<int>& level) {
  std::map<int, int> number;
  for (size_t n = 0; n < roles.size(); ++n)
    if (roles[n] == NodeRole::eligible) number[level[n]] = 0;
  Partition out;
  for (auto& [key, region] : number) region = out.num_regions++;
  out.region_of.assign(roles.size(), -1);
  for (size_t n = 0; n < roles.size(); ++n)
    if (joins(roles[n]) && number.contains(level[n])) out.region_of[n] = number[level[n]];
  return out;
}

std::vector<double> work_of(const Partition& partition, std::span<const double> flops) {
  std::vector<double> work(static_cast<size_t>(partition.num_regions), 0.0);
  for (size_t n = 0; n < flops.size(); ++n)
    if (partition.region_of[n] >= 0) work[static_cast<size_t>(partition.region_of[n])] += flops[n];
  return work;
}

/// The better of the early and the late solution: the one whose regions above the threshold are fewer, then hold more.
Partition best_of(std::span<const NodeRole> roles, const std::vector<std::vector<int>>& before,
                  std::span<const double> flops, double threshold) {
  auto early = early_levels(roles, before);
  int last = early.empty() ? 0 : *std::max_element(early.begin(), early.end());
  Partition a = regions_of(roles, early);
  Partition b = regions_of(roles, late_levels(roles, before, last));
  auto measure = [&](const Partition& p) {
    int large = 0;
    double held = 0;
    for (double work : work_of(p, flops))
      if (work >= threshold) {
        ++large;
        held += work;
      }
    return std::make_pair(large, -held);
  };
  return measure(b) < measure(a) ? b : a;
}

/// A view at the edge of a region costs a copy there and nothing outside: it leaves unless both sides are inside.
void shed_views(const Graph& graph, std::span<const NodeRole> roles, const std::vector<std::vector<int>>& before,
                Partition& partition) {
  auto users = graph.users();
  auto region = [&](int n) { return partition.region_of[static_cast<size_t>(n)]; };
  // First views that only outside reads, from the back; then views of what comes from outside, from the front.
  for (size_t n = roles.size(); n-- > 0;) {
    if (roles[n] != NodeRole::view || partition.region_of[n] < 0) continue;
    const auto& uses = users[graph.nodes()[n].results[0]];
    if (std::none_of(uses.begin(), uses.end(), [&](int u) { return region(u) == partition.region_of[n]; }))
      partition.region_of[n] = -1;
  }
  for (size_t n = 0; n < roles.size(); ++n) {
    if (roles[n] != NodeRole::view || partition.region_of[n] < 0) continue;
    if (std::none_of(before[n].begin(), before[n].end(), [&](int p) { return region(p) == partition.region_of[n]; }))
      partition.region_of[n] = -1;
  }
}

/// A view of what comes from outside is outside as well: it need not wait for a region.
std::vector<NodeRole> settled(std::span<const NodeRole> roles, const std::vector<std::vector<int>>& before) {
  std::vector<NodeRole> out(roles.begin(), roles.end());
  for (size_t n = 0; n < out.size(); ++n) {
    if (out[n] != NodeRole::view) continue;
    for (int p : before[n])
      if (out[static_cast<size_t>(p)] == NodeRole::outside) out[n] = NodeRole::outside;
  }
  return out;
}

double product_of(const std::vector<int64_t>& extents, size_t from = 0) {
  double out = 1;
  for (size_t i = from; i < extents.size(); ++i) out *= static_cast<double>(std::max<int64_t>(extents[i], 1));
  return out;
}

}  // namespace

std::vector<double> estimate_flops(const Graph& graph) {
  constexpr int64_t kExtent = 64;
  auto extents = [&](ValueId id) {
    std::vector<int64_t> out;
    for (const Dim& dim : graph.type_of(id).shape) {
      std::vector<std::string> symbols;
      dim.collect_symbols(symbols);
      DimBindings bindings;
      for (const std::string& symbol : symbols) bindings[symbol] = kExtent;
      try {
        out.push_back(dim.evaluate(bindings));
      } catch (const Error&) {
        out.push_back(kExtent);
      }
    }
    return out;
  };
  std::vector<double> out(graph.nodes().size(), 0.0);
  for (size_t n = 0; n < out.size(); ++n) {
    const Node& node = graph.nodes()[n];
    if (node.results.empty() || node.operands.empty() || node.op->is_view) continue;
    const std::string& op = node.op->name;
    auto result = extents(node.results[0]);
    if ((op == "linear" || op == "matmul") && graph.type_of(node.operands[0]).rank() > 0) {
      out[n] = 2 * product_of(result) * static_cast<double>(extents(node.operands[0]).back());
    } else if ((op == "conv" || op == "conv_transpose") && node.operands.size() > 1) {
      out[n] = 2 * product_of(result) * product_of(extents(node.operands[1]), 1);
    } else if (op == "scaled_dot_product_attention") {
      auto key = extents(node.operands[1]);
      out[n] = 4 * product_of(result) * static_cast<double>(node.attrs.string("layout") == "BTHD" ? key[1] : key[2]);
    } else {
      for (ValueId id : node.results) out[n] += product_of(extents(id));
      for (ValueId id : node.operands) out[n] = std::max(out[n], product_of(extents(id)));
    }
  }
  return out;
}

Partition partition(const Graph& graph, std::span<const NodeRole> roles, std::span<const double> flops,
                    double min_share) {
  auto before = predecessors(graph, roles);
  std::vector<NodeRole> current(roles.begin(), roles.end());
  double all = 0;
  for (size_t n = 0; n < roles.size(); ++n)
    if (roles[n] != NodeRole::constant) all += flops[n];
  Partition out;
  while (true) {
    auto placed = settled(current, before);
    out = best_of(placed, before, flops, min_share * all);
    shed_views(graph, placed, before, out);
    auto work = work_of(out, flops);
    // The smallest region that is too small goes; its nodes may have been what kept two others apart, so look again.
    int smallest = -1;
    for (int r = 0; r < out.num_regions; ++r) {
      auto i = static_cast<size_t>(r);
      if (work[i] < min_share * all && (smallest < 0 || work[i] < work[static_cast<size_t>(smallest)])) smallest = r;
    }
    if (smallest < 0) return out;
    for (size_t n = 0; n < current.size(); ++n)
      if (out.region_of[n] == smallest) current[n] = NodeRole::outside;
  }
}

std::vector<int> schedule(const Graph& graph, std::span<const NodeRole> roles, const Partition& partition) {
  // Units: a node outside, or a region; the smallest node index of a unit decides among those that are ready.
  auto before = predecessors(graph, roles);
  size_t num_nodes = roles.size();
  auto unit_of = [&](size_t n) {
    return partition.region_of[n] >= 0 ? num_nodes + static_cast<size_t>(partition.region_of[n]) : n;
  };
  size_t num_units = num_nodes + static_cast<size_t>(partition.num_regions);
  std::vector<std::set<size_t>> after(num_units);
  std::vector<int> waits(num_units, 0);
  std::vector<size_t> key(num_units, num_nodes);
  size_t expected = 0;
  for (size_t n = 0; n < num_nodes; ++n) {
    if (roles[n] == NodeRole::constant) continue;
    size_t unit = unit_of(n);
    if (key[unit] == num_nodes) ++expected;
    key[unit] = std::min(key[unit], n);
    for (int p : before[n]) {
      size_t from = unit_of(static_cast<size_t>(p));
      if (from != unit && after[from].insert(unit).second) ++waits[unit];
    }
  }
  using Entry = std::pair<size_t, size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
  for (size_t unit = 0; unit < num_units; ++unit)
    if (key[unit] != num_nodes && waits[unit] == 0) ready.emplace(key[unit], unit);
  std::vector<int> out;
  while (!ready.empty()) {
    size_t unit = ready.top().second;
    ready.pop();
    out.push_back(unit < num_nodes ? static_cast<int>(unit) : ~static_cast<int>(unit - num_nodes));
    for (size_t next : after[unit])
      if (--waits[next] == 0) ready.emplace(key[next], next);
  }
  if (out.size() != expected) fail(ErrorCode::internal, "regions of the graph wait for each other");
  return out;
}

}  // namespace accelerate
