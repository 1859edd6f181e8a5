#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_log_add_exp(OpCases& cases) {
  cases.add("log_add_exp", "known")
      .values(DType::f32, {6}, {1, -2, 1000, -INFINITY, -INFINITY, 3})
      .values(DType::f32, {6}, {2, -2, 999, -INFINITY, 1, INFINITY})
      .graph([](auto in) { return log_add_exp(in[0], in[1]); })
      .expect({2.31326168752, -1.30685281944, 1000.31326169, -INFINITY, 1, INFINITY})
      .loosen(2);
  cases.add("log_add_exp", "broadcast")
      .input(DType::f32, {"n", 1, 5}, {3, 1, 5}, -3, 3)
      .input(DType::f32, {4, 1}, {4, 1}, -3, 3)
      .graph([](auto in) { return log_add_exp(in[0], in[1]); })
      .loosen(2);
}

}  // namespace accelerate::ops
