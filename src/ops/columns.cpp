#include "ops/columns.h"

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

std::vector<AttrSpec> column_attr_specs() {
  auto out = window_attrs();
  out.push_back({"kernel", AttrKind::integers, std::nullopt, false, "extents of the window"});
  return out;
}

Attrs column_attrs(const PoolOptions& options) {
  Attrs out = pool_attrs(options);
  out.erase("ceil_mode");
  return out;
}

Window column_window(const Attrs& attrs) {
  require_one_of("layout", attrs.string("layout"), {"NCHW"});
  Window window = window_of(attrs, attrs.integers("kernel"));
  if (window.kernel.empty() || window.kernel.size() > 3)
    fail(ErrorCode::invalid_argument, "a window of {} axes; expected 1 to 3", window.kernel.size());
  return window;
}

Value column_positions(Builder& builder, const Window& window, const Shape& padded, const Shape& positions) {
  size_t axes = padded.size();
  Value out;
  for (size_t i = 0; i < axes; ++i) {
    auto along = [&](Dim extent, int64_t step, size_t axis) {
      Value line = mul(iota(builder, DType::i64, extent), extent_value(builder, step));
      Shape shape(2 * axes, Dim(1));
      shape[axis] = std::move(extent);
      return reshape(line, std::move(shape));
    };
    Value at = add(along(window.kernel[i], window.dilations[i], i), along(positions[i], window.strides[i], axes + i));
    out = out ? add(mul(out, extent_value(builder, padded[i])), at) : at;
  }
  return out;
}

void for_each_column(const Window& window, const std::vector<int64_t>& sizes,
                     const std::function<void(int64_t, int64_t)>& body) {
  std::vector<int64_t> extents = window.kernel;
  size_t axes = sizes.size();
  for (size_t i = 0; i < axes; ++i) extents.push_back(window.positions(i, sizes[i]).as_constant("window positions"));
  int64_t column = 0;
  for_each_index(extents, [&](const std::vector<int64_t>& index) {
    int64_t at = 0;
    for (size_t i = 0; i < axes && at >= 0; ++i) {
      int64_t p = index[i] * window.dilations[i] + index[axes + i] * window.strides[i] - window.padding_begin[i];
      at = p < 0 || p >= sizes[i] ? -1 : at * sizes[i] + p;
    }
    body(column++, at);
  });
}

}  // namespace accelerate::ops
