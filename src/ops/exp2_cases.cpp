#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_exp2(OpCases& cases) {
  cases.add("exp2", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return exp2(in[0]); });
  cases.add("exp2", "known")
      .values(DType::f32, {9}, {-100, -1, 0, 0.5, 1, 10, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return exp2(in[0]); })
      .expect({7.88860905221e-31, 0.5, 1, 1.41421356237, 2, 1024, INFINITY, 0, NAN});
  cases.add("exp2", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return exp2(in[0]);
  });
  cases.add("exp2", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return exp2(in[0]); });
  cases.add("exp2", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return exp2(in[0]); });
  cases.add("exp2", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return exp2(in[0]); });
  cases.add("exp2", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return exp2(in[0]); });
  cases.add("exp2", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return exp2(in[0]); });
  cases.add("exp2", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return exp2(in[0]); });
}

}  // namespace accelerate::ops
