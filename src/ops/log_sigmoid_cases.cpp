#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_log_sigmoid(OpCases& cases) {
  cases.add("log_sigmoid", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -5, 5).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
  cases.add("log_sigmoid", "known")
      .values(DType::f32, {8}, {-1000, -50, -0.5, 0, 0.25, 20, INFINITY, NAN})
      .graph([](auto in) { return log_sigmoid(in[0]); })
      .expect({-1000, -50, -0.97407698418, -0.69314718056, -0.575939419879, -2.06115362031e-09, 0, NAN});
  cases.add("log_sigmoid", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -5, 5).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
  cases.add("log_sigmoid", "vector_tail").input(DType::f32, {"n"}, {67}, -5, 5).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
  cases.add("log_sigmoid", "scalar").input(DType::f32, {}, {}, -5, 5).graph([](auto in) { return log_sigmoid(in[0]); });
  cases.add("log_sigmoid", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
  cases.add("log_sigmoid", "f16").input(DType::f16, {"n"}, {19}, -5, 5).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
  cases.add("log_sigmoid", "bf16").input(DType::bf16, {"n"}, {19}, -5, 5).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
  cases.add("log_sigmoid", "f64").input(DType::f64, {"n"}, {9}, -5, 5).graph([](auto in) {
    return log_sigmoid(in[0]);
  });
}

}  // namespace accelerate::ops
