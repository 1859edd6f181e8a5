#include <set>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// The other operand, if the node adds a value of just the same type.
std::optional<ValueId> residual_of(const GraphIndex& index, const Node& add, ValueId sum) {
  if (add.op->name != "add" || add.operands[0] == add.operands[1]) return std::nullopt;
  ValueId other = add.operands[0] == sum ? add.operands[1] : add.operands[0];
  if (!(index.type(other) == index.type(sum)) || !(index.type(add.results[0]) == index.type(sum))) return std::nullopt;
  return other;
}

}  // namespace

Pass fuse_linear() {
  Pass pass;
  pass.name = "fuse_linear";
  pass.doc = "linear -> activation -> sum with a residual of the same shape becomes fused_linear";
  pass.max_rounds = 1;
  pass.run = [](Patch& patch) {
    GraphIndex index(patch.base());
    std::set<const Node*> taken;
    for (const Node& linear : patch.base().nodes()) {
      if (linear.op->name != "linear" || index.is_constant(linear.results[0]) || !index.is_constant(linear.operands[1]))
        continue;
      ValueId end = linear.results[0];
      std::string activation = "none";
      if (const Node* user = index.sole_user(end)) {
        if (auto name = activation_of(*user)) {
          activation = *name;
          end = user->results[0];
        }
      }
      Value residual;
      if (const Node* user = index.sole_user(end); user != nullptr && !taken.contains(user)) {
        if (auto other = residual_of(index, *user, end)) {
          residual = patch.value(*other);
          end = user->results[0];
          taken.insert(user);
        }
      }
      if (end == linear.results[0]) continue;
      patch.set_location(linear.location);
      Value bias = linear.operands.size() > 2 ? patch.value(linear.operands[2]) : Value();
      patch.replace(end, ops::fused_linear(patch.value(linear.operands[0]), patch.value(linear.operands[1]), bias,
                                           residual, activation));
    }
  };
  return pass;
}

}  // namespace accelerate::passes
