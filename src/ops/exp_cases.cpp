#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_exp(OpCases& cases) {
  cases.add("exp", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return exp(in[0]); });
  cases.add("exp", "known")
      .values(DType::f32, {10}, {-100, -1, 0, 0.5, 1, 10, 80, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return exp(in[0]); })
      .expect({3.72007597602e-44, 0.367879441171, 1, 1.6487212707, 2.71828182846, 22026.4657948, 5.54062238439351e+34,
               INFINITY, 0, NAN});
  cases.add("exp", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return exp(in[0]);
  });
  cases.add("exp", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return exp(in[0]); });
  cases.add("exp", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return exp(in[0]); });
  cases.add("exp", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return exp(in[0]); });
  cases.add("exp", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return exp(in[0]); });
  cases.add("exp", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return exp(in[0]); });
  cases.add("exp", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return exp(in[0]); });
}

}  // namespace accelerate::ops
