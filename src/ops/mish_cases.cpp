#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_mish(OpCases& cases) {
  cases.add("mish", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) { return mish(in[0]); });
  cases.add("mish", "known")
      .values(DType::f32, {8}, {-20, -5, -0.5, 0, 0.25, 3, 25, NAN})
      .graph([](auto in) { return mish(in[0]); })
      .expect({-4.12230724063e-08, -0.0335762377302, -0.220743774652, 0, 0.169572409664, 2.98653500497, 25, NAN});
  cases.add("mish", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return mish(in[0]);
  });
  cases.add("mish", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) { return mish(in[0]); });
  cases.add("mish", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) { return mish(in[0]); });
  cases.add("mish", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return mish(in[0]); });
  cases.add("mish", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return mish(in[0]); });
  cases.add("mish", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return mish(in[0]); });
  cases.add("mish", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) { return mish(in[0]); });
}

}  // namespace accelerate::ops
