#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_log_softmax(OpCases& cases) {
  cases.add("log_softmax", "known")
      .values(DType::f32, {5, 3},
              {1, 2, 3, 1000, 1000, 999, -INFINITY, 0, 1, -INFINITY, -INFINITY, -INFINITY, NAN, 1, 2})
      .graph([](auto in) { return log_softmax(in[0]); })
      .expect({-2.40760596444, -1.40760596444, -0.407605964444, -0.861994804058, -0.861994804058, -1.86199480406,
               -INFINITY, -1.31326168752, -0.313261687518, NAN, NAN, NAN, NAN, NAN, NAN});
  cases.add("log_softmax", "odd")
      .input(DType::f32, {"n", 7}, {3, 7}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0], -1); })
      .reduction(7);
  cases.add("log_softmax", "long")
      .input(DType::f32, {"n", 131}, {2, 131}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0], 1); })
      .reduction(131);
  cases.add("log_softmax", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0], 1); })
      .reduction(3);
  cases.add("log_softmax", "first")
      .input(DType::f32, {"n", 5}, {3, 5}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0], 0); })
      .reduction(3);
  cases.add("log_softmax", "one")
      .input(DType::f32, {"n", 1}, {3, 1}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0], -1); })
      .reduction(1);
  cases.add("log_softmax", "rank4")
      .input(DType::f32, {"b", 2, "t", "t"}, {1, 2, 5, 5}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0], -1); })
      .reduction(5);
  cases.add("log_softmax", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return log_softmax(in[0]);
  });
  cases.add("log_softmax", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0]); })
      .reduction(9);
  cases.add("log_softmax", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0]); })
      .reduction(9);
  cases.add("log_softmax", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, -5, 5)
      .graph([](auto in) { return log_softmax(in[0]); })
      .reduction(9);
}

}  // namespace accelerate::ops
