#include "passes/rewrites.h"

namespace accelerate::passes {

Pass dead_code() {
  Pass pass;
  pass.name = "dead_code";
  pass.doc = "nodes that no output and no effect needs go";
  pass.run = [](Patch&) {};  // applying a patch drops them
  pass.max_rounds = 1;
  pass.drops_dead_nodes = true;
  return pass;
}

}  // namespace accelerate::passes
