#pragma once
// Which nodes of a graph form the regions that an engine takes whole.
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace accelerate {

/// What a node is when regions are formed.
enum class NodeRole : uint8_t {
  constant,  // does not change between calls: whoever needs it has a copy
  view,      // costs nothing: joins a region, and makes none
  eligible,  // an engine takes it
  outside,   // runs elsewhere
};

struct Partition {
  /// By node: its region, counted in execution order; -1 outside of all.
  std::vector<int> region_of;
  int num_regions = 0;
};

/// Work of each node in floating-point operations, with 64 for every symbol: what regions are weighed by.
std::vector<double> estimate_flops(const Graph& graph);

/// The fewest regions such that none has a path that leaves it and comes back (so they can run one after the other,
/// the rest in between); each as large as that allows. A region with less than min_share of all work is given up if
/// there is other work: its compilation would cost more than it gains. `roles` is by node.
Partition partition(const Graph& graph, std::span<const NodeRole> roles, std::span<const double> flops,
                    double min_share);

/// The order in which everything runs: each entry is a node outside of regions, or ~region. Ties keep the graph's
/// order. Constants are left out. Errors: internal if a region has a path that leaves it and comes back.
std::vector<int> schedule(const Graph& graph, std::span<const NodeRole> roles, const Partition& partition);

}  // namespace accelerate
