#pragma once
#include <cstdint>
#include <vector>

namespace accelerate::ops {

// Numbers for cases whose results were computed by another program: quarters around zero, ((i * step) mod period -
// period/2) / 4, which are exact in every float type.
inline std::vector<double> pattern(int64_t count, int64_t step = 7, int64_t period = 11) {
  std::vector<double> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(static_cast<double>(i * step % period - period / 2) / 4);
  return out;
}

}  // namespace accelerate::ops
