#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_rsqrt(OpCases& cases) {
  cases.add("rsqrt", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, 0.1, 4).graph([](auto in) {
    return rsqrt(in[0]);
  });
  cases.add("rsqrt", "known")
      .values(DType::f32, {9}, {0, 0.25, 0.5, 1, 2, 1000, INFINITY, -1, NAN})
      .graph([](auto in) { return rsqrt(in[0]); })
      .expect({INFINITY, 2, 1.41421356237, 1, 0.707106781187, 0.0316227766017, 0, NAN, NAN});
  cases.add("rsqrt", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, 0.1, 4).graph([](auto in) {
    return rsqrt(in[0]);
  });
  cases.add("rsqrt", "vector_tail").input(DType::f32, {"n"}, {67}, 0.1, 4).graph([](auto in) { return rsqrt(in[0]); });
  cases.add("rsqrt", "scalar").input(DType::f32, {}, {}, 0.1, 4).graph([](auto in) { return rsqrt(in[0]); });
  cases.add("rsqrt", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return rsqrt(in[0]); });
  cases.add("rsqrt", "f16").input(DType::f16, {"n"}, {19}, 0.1, 4).graph([](auto in) { return rsqrt(in[0]); });
  cases.add("rsqrt", "bf16").input(DType::bf16, {"n"}, {19}, 0.1, 4).graph([](auto in) { return rsqrt(in[0]); });
  cases.add("rsqrt", "f64").input(DType::f64, {"n"}, {9}, 0.1, 4).graph([](auto in) { return rsqrt(in[0]); });
}

}  // namespace accelerate::ops
