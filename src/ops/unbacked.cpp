#include "ops/unbacked.h"

namespace accelerate::ops {

AttrSpec count_attr(std::string name, std::string doc) {
  return {std::move(name), AttrKind::dims, std::nullopt, false, std::move(doc)};
}

Dim count_of(const InferContext& c, std::string_view name) {
  const Shape& dims = c.attrs.dims(name);
  if (dims.size() != 1) fail(ErrorCode::invalid_graph, "{} has {} dims; expected one", name, dims.size());
  if (dims[0].constant().value_or(0) < 0)
    fail(ErrorCode::invalid_shape, "{} is {}; expected at least 0", name, dims[0].to_string());
  return dims[0];
}

void assign_result(Tensor& out, Tensor value) {
  if (!out.empty() && out.shape() != value.shape())
    fail(ErrorCode::invalid_shape, "the data gives a result of {}; {} is declared", to_string(value.shape()),
         to_string(out.shape()));
  out = std::move(value);
}

}  // namespace accelerate::ops
