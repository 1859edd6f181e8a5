#pragma once
// Results whose extents depend on data.
#include <string_view>

#include "graph/graph.h"

namespace accelerate::ops {

// The attribute `name`: one dim, the extent of a result. An unbacked symbol ("?u0") gets its value from the result.
AttrSpec count_attr(std::string name, std::string doc);
// The dim. Errors: invalid_graph unless it is one.
Dim count_of(const InferContext& c, std::string_view name);
// out = value. Errors: invalid_shape if the result was declared with other extents.
void assign_result(Tensor& out, Tensor value);

}  // namespace accelerate::ops
