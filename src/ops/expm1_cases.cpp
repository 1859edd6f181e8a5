#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_expm1(OpCases& cases) {
  cases.add("expm1", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return expm1(in[0]); });
  cases.add("expm1", "known")
      .values(DType::f32, {11}, {-100, -1, -1e-06, 0, 1e-06, 0.5, 1, 10, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return expm1(in[0]); })
      .expect({-1, -0.632120558829, -9.999995e-07, 0, 1.0000005e-06, 0.6487212707, 1.71828182846, 22025.4657948,
               INFINITY, -1, NAN});
  cases.add("expm1", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return expm1(in[0]);
  });
  cases.add("expm1", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return expm1(in[0]); });
  cases.add("expm1", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return expm1(in[0]); });
  cases.add("expm1", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return expm1(in[0]); });
  cases.add("expm1", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return expm1(in[0]); });
  cases.add("expm1", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return expm1(in[0]); });
  cases.add("expm1", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return expm1(in[0]); });
}

}  // namespace accelerate::ops
