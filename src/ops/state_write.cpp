#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// New content of a state (see state_read): (token, tensor) -> token.
// api: Value state_write(Value token, Value tensor, std::string kind, std::string name);
Value state_write(Value token, Value tensor, std::string kind, std::string name) {
  return build("state_write", {token, tensor}, {{"kind", std::move(kind)}, {"name", std::move(name)}});
}

void register_state_write(OpRegistry& registry) {
  OpDef op;
  op.name = "state_write";
  op.doc = "(token, tensor) -> token: new content of a state";
  op.min_operands = op.max_operands = 2;
  op.attrs = {{"kind", AttrKind::string, std::nullopt, false, "paged, window, recurrent, cross"},
              {"name", AttrKind::string, std::nullopt, false, "the state within the program"}};
  op.has_effects = true;
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_state(c);
    require_dtype(c, 1, is_data, "a tensor");
    return {TensorType::token()};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
