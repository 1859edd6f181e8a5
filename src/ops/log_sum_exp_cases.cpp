#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_log_sum_exp(OpCases& cases) {
  cases.add("log_sum_exp", "last")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {-1}); })
      .reduction(7);
  cases.add("log_sum_exp", "last_keep")
      .input(DType::f32, {"n", 37}, {3, 37}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {1}, true); })
      .reduction(37);
  cases.add("log_sum_exp", "first")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {0}); })
      .reduction(3);
  cases.add("log_sum_exp", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {1}); })
      .reduction(3);
  cases.add("log_sum_exp", "outer_and_inner")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {-1, 0}, true); })
      .reduction(10);
  cases.add("log_sum_exp", "all")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {}); })
      .reduction(30);
  cases.add("log_sum_exp", "long")
      .input(DType::f32, {"n", 300}, {2, 300}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {-1}); })
      .reduction(300);
  cases.add("log_sum_exp", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) {
    return log_sum_exp(in[0], {});
  });
  cases.add("log_sum_exp", "extent_one").input(DType::f32, {"n", 1}, {3, 1}, -2, 2).graph([](auto in) {
    return log_sum_exp(in[0], {-1});
  });
  cases.add("log_sum_exp", "no_rows").input(DType::f32, {"n", 3}, {0, 3}, -2, 2).graph([](auto in) {
    return log_sum_exp(in[0], {-1});
  });
  cases.add("log_sum_exp", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {-1}); })
      .reduction(9);
  cases.add("log_sum_exp", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {0}, true); })
      .reduction(3);
  cases.add("log_sum_exp", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return log_sum_exp(in[0], {-1}); })
      .reduction(9);
  cases.add("log_sum_exp", "known")
      .values(DType::f32, {4, 3}, {1, 2, 3, 1000, 1000, 999, -INFINITY, -INFINITY, -INFINITY, INFINITY, 1, 2})
      .graph([](auto in) { return log_sum_exp(in[0], {-1}); })
      .expect({3.40760596444, 1000.8619948, -INFINITY, INFINITY});
}

}  // namespace accelerate::ops
