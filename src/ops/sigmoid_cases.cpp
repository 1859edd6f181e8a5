#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_sigmoid(OpCases& cases) {
  cases.add("sigmoid", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -5, 5).graph([](auto in) {
    return sigmoid(in[0]);
  });
  cases.add("sigmoid", "known")
      .values(DType::f32, {8}, {-INFINITY, -50, -0.5, 0, 0.25, 20, INFINITY, NAN})
      .graph([](auto in) { return sigmoid(in[0]); })
      .expect({0, 1.92874984796e-22, 0.377540668798, 0.5, 0.562176500886, 0.999999997939, 1, NAN});
  cases.add("sigmoid", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -5, 5).graph([](auto in) {
    return sigmoid(in[0]);
  });
  cases.add("sigmoid", "vector_tail").input(DType::f32, {"n"}, {67}, -5, 5).graph([](auto in) {
    return sigmoid(in[0]);
  });
  cases.add("sigmoid", "scalar").input(DType::f32, {}, {}, -5, 5).graph([](auto in) { return sigmoid(in[0]); });
  cases.add("sigmoid", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return sigmoid(in[0]); });
  cases.add("sigmoid", "f16").input(DType::f16, {"n"}, {19}, -5, 5).graph([](auto in) { return sigmoid(in[0]); });
  cases.add("sigmoid", "bf16").input(DType::bf16, {"n"}, {19}, -5, 5).graph([](auto in) { return sigmoid(in[0]); });
  cases.add("sigmoid", "f64").input(DType::f64, {"n"}, {9}, -5, 5).graph([](auto in) { return sigmoid(in[0]); });
}

}  // namespace accelerate::ops
