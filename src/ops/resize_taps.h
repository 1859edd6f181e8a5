#pragma once
// What a result position of resize reads along one axis; shared by the reference, the expansion and the kernels.
#include <cstdint>
#include <optional>
#include <vector>

#include "graph/attr.h"

namespace accelerate::ops {

struct ResizeTap {
  int64_t position;
  double weight;
};

// PyTorch's "nearest" and "nearest-exact" are rounded in f32, whatever the type of x.
enum class TorchNearest : uint8_t { none, plain, exact };
TorchNearest torch_nearest(const Attrs& attrs);

// Result over input extent of spatial axis i, if it is given.
std::optional<double> resize_scale(const Attrs& attrs, size_t i);
// What position i of an axis of `to` reads from an axis of `from`; both are 1 or more.
std::vector<ResizeTap> resize_taps(const Attrs& attrs, int64_t i, int64_t from, int64_t to,
                                   std::optional<double> scale);

}  // namespace accelerate::ops
