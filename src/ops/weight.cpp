#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"

namespace accelerate::ops {

/// A tensor of the model's weight files, by name. type has fixed extents; its encoding is the file's.
// api: Value weight(Builder& builder, std::string name, const TensorType& type);
Value weight(Builder& builder, std::string name, const TensorType& type) {
  Attrs attrs{{"name", std::move(name)}, {"dtype", type.dtype}, {"shape", type.shape}};
  if (!type.encoding.plain()) attrs.set("encoding", type.encoding.to_string());
  return builder.add(registry().get("weight"), {}, std::move(attrs)).at(0);
}

void register_weight(OpRegistry& registry) {
  OpDef op;
  op.name = "weight";
  op.doc = "A tensor of the weight files, by name: () -> [shape]";
  op.attrs = {{"name", AttrKind::string, std::nullopt, false, "tensor name in the weight files"},
              {"dtype", AttrKind::dtype, std::nullopt, false, "logical element type"},
              {"shape", AttrKind::dims, std::nullopt, false, "fixed extents"},
              {"encoding", AttrKind::string, Attr(std::string()), false, "storage encoding, empty for plain"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    for (const Dim& dim : c.attrs.dims("shape")) {
      if (dim.as_constant("an extent of a weight") < 0)
        fail(ErrorCode::invalid_shape, "a weight has the negative extent {}", dim.to_string());
    }
    return {{c.attrs.dtype("dtype"), c.attrs.dims("shape"), Encoding::parse(c.attrs.string("encoding"))}};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
