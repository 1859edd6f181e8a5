#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_hard_sigmoid(OpCases& cases) {
  cases.add("hard_sigmoid", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "known")
      .values(DType::f32, {10}, {-4, -3, -1.5, 0, 0.25, 3, 4, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return hard_sigmoid(in[0]); })
      .expect({0, 0, 0.25, 0.5, 0.541666666667, 1, 1, 1, 0, NAN});
  cases.add("hard_sigmoid", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
  cases.add("hard_sigmoid", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) {
    return hard_sigmoid(in[0]);
  });
}

}  // namespace accelerate::ops
