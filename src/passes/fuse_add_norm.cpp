#include <set>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {

Pass fuse_add_norm() {
  Pass pass;
  pass.name = "fuse_add_norm";
  pass.doc = "add -> layer_norm or rms_norm becomes fused_add_norm, which gives the norm and the sum";
  pass.run = [](Patch& patch) {
    GraphIndex index(patch.base());
    std::set<ValueId> taken;
    for (const Node& norm : patch.base().nodes()) {
      bool layer = norm.op->name == "layer_norm";
      if ((!layer && norm.op->name != "rms_norm") || norm.operands.size() < 2) continue;
      ValueId sum = norm.operands[0];
      const Node* add = index.made_by(sum, "add");
      if (add == nullptr || index.is_constant(sum) || !(index.type(add->operands[0]) == index.type(sum)) ||
          !(index.type(add->operands[1]) == index.type(sum)))
        continue;
      if (!taken.insert(sum).second) continue;
      patch.set_location(norm.location);
      Value bias = norm.operands.size() > 2 ? patch.value(norm.operands[2]) : Value();
      auto results = ops::fused_add_norm(patch.value(add->operands[0]), patch.value(add->operands[1]),
                                         patch.value(norm.operands[1]), bias, norm.attrs.number("eps"), norm.op->name);
      patch.replace(norm.results[0], results.at(0));
      patch.replace(sum, results.at(1));
    }
  };
  return pass;
}

}  // namespace accelerate::passes
