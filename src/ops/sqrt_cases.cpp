#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_sqrt(OpCases& cases) {
  cases.add("sqrt", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, 0, 4).graph([](auto in) { return sqrt(in[0]); });
  cases.add("sqrt", "known")
      .values(DType::f32, {10}, {0, 0.25, 0.5, 1, 2, 1000, 1e-30, INFINITY, -1, NAN})
      .graph([](auto in) { return sqrt(in[0]); })
      .expect({0, 0.5, 0.707106781187, 1, 1.41421356237, 31.6227766017, 1e-15, INFINITY, NAN, NAN});
  cases.add("sqrt", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, 0, 4).graph([](auto in) {
    return sqrt(in[0]);
  });
  cases.add("sqrt", "vector_tail").input(DType::f32, {"n"}, {67}, 0, 4).graph([](auto in) { return sqrt(in[0]); });
  cases.add("sqrt", "scalar").input(DType::f32, {}, {}, 0, 4).graph([](auto in) { return sqrt(in[0]); });
  cases.add("sqrt", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return sqrt(in[0]); });
  cases.add("sqrt", "f16").input(DType::f16, {"n"}, {19}, 0, 4).graph([](auto in) { return sqrt(in[0]); });
  cases.add("sqrt", "bf16").input(DType::bf16, {"n"}, {19}, 0, 4).graph([](auto in) { return sqrt(in[0]); });
  cases.add("sqrt", "f64").input(DType::f64, {"n"}, {9}, 0, 4).graph([](auto in) { return sqrt(in[0]); });
}

}  // namespace accelerate::ops
