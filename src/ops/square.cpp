#include "accelerate/ops.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x times x; integers wrap.
// api: Value square(Value x);
Value square(Value x) {
  return build("square", {x});
}

void register_square(OpRegistry& registry) {
  OpDef op = unary_op(
      "square", "x * x", ElementTypes::numbers, [](double x) { return x * x; }, {},
      [](int64_t x) { return static_cast<int64_t>(static_cast<uint64_t>(x) * static_cast<uint64_t>(x)); });
  op.expand = [](Builder&, const Node&, std::span<const Value> in) -> std::vector<Value> {
    return {mul(in[0], in[0])};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
