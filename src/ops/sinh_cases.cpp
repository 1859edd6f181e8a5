#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_sinh(OpCases& cases) {
  cases.add("sinh", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return sinh(in[0]); });
  cases.add("sinh", "known")
      .values(DType::f32, {7}, {-5, -0.5, 0, 0.25, 3, INFINITY, NAN})
      .graph([](auto in) { return sinh(in[0]); })
      .expect({-74.2032105778, -0.521095305494, 0, 0.252612316808, 10.0178749274, INFINITY, NAN});
  cases.add("sinh", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return sinh(in[0]);
  });
  cases.add("sinh", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return sinh(in[0]); });
  cases.add("sinh", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return sinh(in[0]); });
  cases.add("sinh", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return sinh(in[0]); });
  cases.add("sinh", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return sinh(in[0]); });
  cases.add("sinh", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return sinh(in[0]); });
  cases.add("sinh", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return sinh(in[0]); });
}

}  // namespace accelerate::ops
