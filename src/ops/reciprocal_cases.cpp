#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_reciprocal(OpCases& cases) {
  cases.add("reciprocal", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, 0.1, 4).graph([](auto in) {
    return reciprocal(in[0]);
  });
  cases.add("reciprocal", "known")
      .values(DType::f32, {9}, {-2, -0.5, 0, -0.0, 0.5, 4, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return reciprocal(in[0]); })
      .expect({-0.5, -2, INFINITY, -INFINITY, 2, 0.25, 0, -0.0, NAN});
  cases.add("reciprocal", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, 0.1, 4).graph([](auto in) {
    return reciprocal(in[0]);
  });
  cases.add("reciprocal", "vector_tail").input(DType::f32, {"n"}, {67}, 0.1, 4).graph([](auto in) {
    return reciprocal(in[0]);
  });
  cases.add("reciprocal", "scalar").input(DType::f32, {}, {}, 0.1, 4).graph([](auto in) { return reciprocal(in[0]); });
  cases.add("reciprocal", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return reciprocal(in[0]); });
  cases.add("reciprocal", "f16").input(DType::f16, {"n"}, {19}, 0.1, 4).graph([](auto in) {
    return reciprocal(in[0]);
  });
  cases.add("reciprocal", "bf16").input(DType::bf16, {"n"}, {19}, 0.1, 4).graph([](auto in) {
    return reciprocal(in[0]);
  });
  cases.add("reciprocal", "f64").input(DType::f64, {"n"}, {9}, 0.1, 4).graph([](auto in) { return reciprocal(in[0]); });
}

}  // namespace accelerate::ops
