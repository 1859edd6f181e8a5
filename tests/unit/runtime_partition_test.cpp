#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

#include "accelerate/ops.h"
#include "runtime/partition.h"

namespace accelerate {
namespace {

/// A chain x -> op -> op ..., with the role of each node.
struct Chain {
  Graph graph{"chain", {TensorType(DType::f32, {4})}};
  std::vector<NodeRole> roles;
  std::vector<double> flops;
  Value add(Value from, NodeRole role, double work = 1) {
    roles.push_back(role);
    flops.push_back(work);
    return ops::neg(from);
  }
  Value join(Value a, Value b, NodeRole role, double work = 1) {
    roles.push_back(role);
    flops.push_back(work);
    return ops::add(a, b);
  }
  Partition cut(double share = 0) const { return partition(graph, roles, flops, share); }
};

TEST(Partition, WhatFollowsDirectlyIsOneRegion) {
  Chain c;
  Value v = c.graph.input(0);
  for (int i = 0; i < 5; ++i) v = c.add(v, NodeRole::eligible);
  EXPECT_EQ(c.cut().num_regions, 1);
}

TEST(Partition, AnOutsideNodeParts) {
  Chain c;
  Value v = c.add(c.graph.input(0), NodeRole::eligible);
  v = c.add(v, NodeRole::outside);
  c.add(v, NodeRole::eligible);
  Partition cut = c.cut();
  EXPECT_EQ(cut.region_of, (std::vector<int>{0, -1, 1}));
  EXPECT_EQ(schedule(c.graph, c.roles, cut), (std::vector<int>{~0, 1, ~1}));
}

TEST(Partition, ABranchAroundAnOutsideNodeStaysLegal) {
  // a -> outside -> c and a -> b -> c: b may be with a or with c, never with both.
  Chain c;
  Value a = c.add(c.graph.input(0), NodeRole::eligible);
  Value o = c.add(a, NodeRole::outside);
  Value b = c.add(a, NodeRole::eligible);
  c.join(o, b, NodeRole::eligible);
  Partition cut = c.cut();
  EXPECT_EQ(cut.num_regions, 2);
  EXPECT_NE(cut.region_of[0], cut.region_of[3]);
  EXPECT_EQ(schedule(c.graph, c.roles, cut).size(), 3U);
}

TEST(Partition, IndependentPiecesAreOneRegion) {
  Chain c;
  c.add(c.graph.input(0), NodeRole::eligible);
  c.add(c.graph.input(0), NodeRole::eligible);
  EXPECT_EQ(c.cut().num_regions, 1);
}

TEST(Partition, ASmallRegionIsGivenUpAndTheLargeStaysWhole) {
  // small -> outside -> join with a large branch that needs neither: the large one must not be torn.
  Chain c;
  Value small = c.add(c.graph.input(0), NodeRole::eligible, 1);
  Value o = c.add(small, NodeRole::outside, 1);
  Value large = c.add(c.graph.input(0), NodeRole::eligible, 1000);
  c.join(o, large, NodeRole::eligible, 1000);
  Partition cut = c.cut(0.01);
  EXPECT_EQ(cut.num_regions, 1);
  EXPECT_EQ(cut.region_of, (std::vector<int>{-1, -1, 0, 0}));
}

TEST(Partition, ConstantsAreInNoRegion) {
  Chain c;
  c.add(c.graph.input(0), NodeRole::constant);
  c.add(c.graph.input(0), NodeRole::eligible);
  EXPECT_EQ(c.cut().region_of, (std::vector<int>{-1, 0}));
}

TEST(Partition, ViewsAtTheEdgeStayOutside) {
  Graph g("views", {TensorType(DType::f32, {4})});
  Value v = ops::reshape(g.input(0), {2, 2});
  v = ops::neg(v);
  v = ops::reshape(v, {4});
  v = ops::neg(v);
  g.output(ops::reshape(v, {1, 4}));
  std::vector<NodeRole> roles = {NodeRole::view, NodeRole::eligible, NodeRole::view, NodeRole::eligible,
                                 NodeRole::view};
  std::vector<double> flops = {0, 4, 0, 4, 0};
  EXPECT_EQ(partition(g, roles, flops, 0).region_of, (std::vector<int>{-1, 0, 0, 0, -1}));
}

/// On random graphs every partition can be scheduled, the schedule respects all edges, and every eligible node is in
/// a region.
TEST(Partition, RandomGraphsCanBeScheduled) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    Chain c;
    std::vector<Value> values = {c.graph.input(0)};
    for (int i = 0; i < 40; ++i) {
      auto pick = [&] { return values[random() % values.size()]; };
      NodeRole role = random() % 3 == 0 ? NodeRole::outside : NodeRole::eligible;
      values.push_back(random() % 2 == 0 ? c.add(pick(), role) : c.join(pick(), pick(), role));
    }
    Partition cut = c.cut();
    auto order = schedule(c.graph, c.roles, cut);  // throws if a region waits for itself
    std::vector<size_t> position(c.roles.size());
    for (size_t n = 0; n < c.roles.size(); ++n) {
      EXPECT_EQ(cut.region_of[n] >= 0, c.roles[n] == NodeRole::eligible);
      int item = cut.region_of[n] >= 0 ? ~cut.region_of[n] : static_cast<int>(n);
      position[n] = static_cast<size_t>(std::find(order.begin(), order.end(), item) - order.begin());
      ASSERT_LT(position[n], order.size());
    }
    for (size_t n = 0; n < c.roles.size(); ++n)
      for (ValueId id : c.graph.nodes()[n].operands)
        if (int p = c.graph.producer_index(id); p >= 0) {
          EXPECT_LE(position[static_cast<size_t>(p)], position[n]) << "seed " << seed;
        }
  }
}

}  // namespace
}  // namespace accelerate
