#pragma once
// What im2col and col2im share.
#include "ops/spatial.h"

namespace accelerate::ops {

std::vector<AttrSpec> column_attr_specs();
Attrs column_attrs(const PoolOptions& options);
// The window. Errors: invalid_argument.
Window column_window(const Attrs& attrs);
// Positions that each window element reads on padded axes of these extents, i64 [kernel..., positions...] as one
// row-major index; `positions` are the window positions of each axis.
Value column_positions(Builder& builder, const Window& window, const Shape& padded, const Shape& positions);
// body(column index, flat image position or -1 in the padding) for image extents `sizes`.
void for_each_column(const Window& window, const std::vector<int64_t>& sizes,
                     const std::function<void(int64_t, int64_t)>& body);

}  // namespace accelerate::ops
