#include "ops/registry.h"

namespace accelerate::ops {

void register_all_ops(OpRegistry& registry);  // generated

const OpRegistry& registry() {
  static const OpRegistry instance = [] {
    OpRegistry out;
    register_all_ops(out);
    return out;
  }();
  return instance;
}

}  // namespace accelerate::ops
