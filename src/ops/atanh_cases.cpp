#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_atanh(OpCases& cases) {
  cases.add("atanh", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -0.9, 0.9).graph([](auto in) {
    return atanh(in[0]);
  });
  cases.add("atanh", "known")
      .values(DType::f32, {7}, {-1, -0.5, 0, 0.25, 1, 1.5, NAN})
      .graph([](auto in) { return atanh(in[0]); })
      .expect({-INFINITY, -0.549306144334, 0, 0.255412811883, INFINITY, NAN, NAN});
  cases.add("atanh", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -0.9, 0.9).graph([](auto in) {
    return atanh(in[0]);
  });
  cases.add("atanh", "vector_tail").input(DType::f32, {"n"}, {67}, -0.9, 0.9).graph([](auto in) {
    return atanh(in[0]);
  });
  cases.add("atanh", "scalar").input(DType::f32, {}, {}, -0.9, 0.9).graph([](auto in) { return atanh(in[0]); });
  cases.add("atanh", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return atanh(in[0]); });
  cases.add("atanh", "f16").input(DType::f16, {"n"}, {19}, -0.9, 0.9).graph([](auto in) { return atanh(in[0]); });
  cases.add("atanh", "bf16").input(DType::bf16, {"n"}, {19}, -0.9, 0.9).graph([](auto in) { return atanh(in[0]); });
  cases.add("atanh", "f64").input(DType::f64, {"n"}, {9}, -0.9, 0.9).graph([](auto in) { return atanh(in[0]); });
}

}  // namespace accelerate::ops
