#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The content of a state that outlives the call: (token) -> (tensor of `type`, token).
/// kind: "paged", "window", "recurrent" or "cross"; name identifies the state within the program.
// api: std::vector<Value> state_read(Value token, std::string kind, std::string name, const TensorType& type);
std::vector<Value> state_read(Value token, std::string kind, std::string name, const TensorType& type) {
  std::vector<Value> operands = {token};
  return build_multi(
      "state_read", operands,
      {{"kind", std::move(kind)}, {"name", std::move(name)}, {"dtype", type.dtype}, {"shape", type.shape}});
}

void register_state_read(OpRegistry& registry) {
  OpDef op;
  op.name = "state_read";
  op.doc = "(token) -> (content of a state, token)";
  op.min_operands = op.max_operands = 1;
  op.attrs = {{"kind", AttrKind::string, std::nullopt, false, "paged, window, recurrent, cross"},
              {"name", AttrKind::string, std::nullopt, false, "the state within the program"},
              {"dtype", AttrKind::dtype, std::nullopt, false, "its element type"},
              {"shape", AttrKind::dims, std::nullopt, false, "its extents in this call"}};
  op.has_effects = true;
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_state(c);
    if (c.attrs.dtype("dtype") == DType::token)
      fail(ErrorCode::invalid_dtype, "a state of tokens; expected a data type");
    for (const Dim& dim : c.attrs.dims("shape"))
      if (dim.constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "a state has the negative extent {}", dim.to_string());
    return {{c.attrs.dtype("dtype"), c.attrs.dims("shape")}, TensorType::token()};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
