#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_asin(OpCases& cases) {
  cases.add("asin", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -1, 1).graph([](auto in) { return asin(in[0]); });
  cases.add("asin", "known")
      .values(DType::f32, {7}, {-1, -0.5, 0, 0.25, 1, 1.5, NAN})
      .graph([](auto in) { return asin(in[0]); })
      .expect({-1.57079632679, -0.523598775598, 0, 0.252680255142, 1.57079632679, NAN, NAN});
  cases.add("asin", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -1, 1).graph([](auto in) {
    return asin(in[0]);
  });
  cases.add("asin", "vector_tail").input(DType::f32, {"n"}, {67}, -1, 1).graph([](auto in) { return asin(in[0]); });
  cases.add("asin", "scalar").input(DType::f32, {}, {}, -1, 1).graph([](auto in) { return asin(in[0]); });
  cases.add("asin", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return asin(in[0]); });
  cases.add("asin", "f16").input(DType::f16, {"n"}, {19}, -1, 1).graph([](auto in) { return asin(in[0]); });
  cases.add("asin", "bf16").input(DType::bf16, {"n"}, {19}, -1, 1).graph([](auto in) { return asin(in[0]); });
  cases.add("asin", "f64").input(DType::f64, {"n"}, {9}, -1, 1).graph([](auto in) { return asin(in[0]); });
}

}  // namespace accelerate::ops
