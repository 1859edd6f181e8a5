#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The token that the first state op of a graph takes: tokens order reads and writes.
// api: Value state_token(Builder& builder);
Value state_token(Builder& builder) {
  return builder.add(registry().get("state_token"), {}).at(0);
}

void register_state_token(OpRegistry& registry) {
  OpDef op;
  op.name = "state_token";
  op.doc = "() -> the token that the first state op takes";
  op.has_effects = true;
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext&) -> std::vector<TensorType> { return {TensorType::token()}; };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
