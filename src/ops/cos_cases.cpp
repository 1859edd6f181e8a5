#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_cos(OpCases& cases) {
  cases.add("cos", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return cos(in[0]); });
  cases.add("cos", "known")
      .values(DType::f32, {10}, {-3, -1, 0, 0.5, 1, 3, 10, 100, INFINITY, NAN})
      .graph([](auto in) { return cos(in[0]); })
      .expect({-0.9899924966, 0.540302305868, 1, 0.87758256189, 0.540302305868, -0.9899924966, -0.839071529076,
               0.862318872288, NAN, NAN});
  cases.add("cos", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return cos(in[0]);
  });
  cases.add("cos", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return cos(in[0]); });
  cases.add("cos", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return cos(in[0]); });
  cases.add("cos", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return cos(in[0]); });
  cases.add("cos", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return cos(in[0]); });
  cases.add("cos", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return cos(in[0]); });
  cases.add("cos", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return cos(in[0]); });
}

}  // namespace accelerate::ops
