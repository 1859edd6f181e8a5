#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_silu(OpCases& cases) {
  cases.add("silu", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) { return silu(in[0]); });
  cases.add("silu", "known")
      .values(DType::f32, {8}, {-20, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return silu(in[0]); })
      .expect({-4.12230723638e-08, -0.0334642546214, -0.188770334399, 0, 0.140544125221, 2.85772238047, 19.9999999588,
               NAN});
  cases.add("silu", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return silu(in[0]);
  });
  cases.add("silu", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) { return silu(in[0]); });
  cases.add("silu", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) { return silu(in[0]); });
  cases.add("silu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return silu(in[0]); });
  cases.add("silu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return silu(in[0]); });
  cases.add("silu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return silu(in[0]); });
  cases.add("silu", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) { return silu(in[0]); });
}

}  // namespace accelerate::ops
