#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_sin(OpCases& cases) {
  cases.add("sin", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return sin(in[0]); });
  cases.add("sin", "known")
      .values(DType::f32, {10}, {-3, -1, 0, 0.5, 1, 3, 10, 100, INFINITY, NAN})
      .graph([](auto in) { return sin(in[0]); })
      .expect({-0.14112000806, -0.841470984808, 0, 0.479425538604, 0.841470984808, 0.14112000806, -0.544021110889,
               -0.50636564111, NAN, NAN});
  cases.add("sin", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return sin(in[0]);
  });
  cases.add("sin", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return sin(in[0]); });
  cases.add("sin", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return sin(in[0]); });
  cases.add("sin", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return sin(in[0]); });
  cases.add("sin", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return sin(in[0]); });
  cases.add("sin", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return sin(in[0]); });
  cases.add("sin", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return sin(in[0]); });
}

}  // namespace accelerate::ops
