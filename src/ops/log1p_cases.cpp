#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_log1p(OpCases& cases) {
  cases.add("log1p", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -0.5, 4).graph([](auto in) {
    return log1p(in[0]);
  });
  cases.add("log1p", "known")
      .values(DType::f32, {10}, {-2, -1, -0.5, -1e-06, 0, 1e-06, 1, 1000, INFINITY, NAN})
      .graph([](auto in) { return log1p(in[0]); })
      .expect({NAN, -INFINITY, -0.69314718056, -1.0000005e-06, 0, 9.999995e-07, 0.69314718056, 6.90875477932, INFINITY,
               NAN});
  cases.add("log1p", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -0.5, 4).graph([](auto in) {
    return log1p(in[0]);
  });
  cases.add("log1p", "vector_tail").input(DType::f32, {"n"}, {67}, -0.5, 4).graph([](auto in) { return log1p(in[0]); });
  cases.add("log1p", "scalar").input(DType::f32, {}, {}, -0.5, 4).graph([](auto in) { return log1p(in[0]); });
  cases.add("log1p", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return log1p(in[0]); });
  cases.add("log1p", "f16").input(DType::f16, {"n"}, {19}, -0.5, 4).graph([](auto in) { return log1p(in[0]); });
  cases.add("log1p", "bf16").input(DType::bf16, {"n"}, {19}, -0.5, 4).graph([](auto in) { return log1p(in[0]); });
  cases.add("log1p", "f64").input(DType::f64, {"n"}, {9}, -0.5, 4).graph([](auto in) { return log1p(in[0]); });
}

}  // namespace accelerate::ops
