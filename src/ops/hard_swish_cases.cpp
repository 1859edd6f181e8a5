#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_hard_swish(OpCases& cases) {
  cases.add("hard_swish", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return hard_swish(in[0]);
  });
  cases.add("hard_swish", "known")
      .values(DType::f32, {8}, {-4, -3, -1.5, 0, 0.25, 3, 4, NAN})
      .graph([](auto in) { return hard_swish(in[0]); })
      .expect({-0.0, -0.0, -0.375, 0, 0.135416666667, 3, 4, NAN});
  cases.add("hard_swish", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return hard_swish(in[0]);
  });
  cases.add("hard_swish", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) {
    return hard_swish(in[0]);
  });
  cases.add("hard_swish", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) { return hard_swish(in[0]); });
  cases.add("hard_swish", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return hard_swish(in[0]); });
  cases.add("hard_swish", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return hard_swish(in[0]); });
  cases.add("hard_swish", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return hard_swish(in[0]);
  });
  cases.add("hard_swish", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) { return hard_swish(in[0]); });
}

}  // namespace accelerate::ops
