#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_atan(OpCases& cases) {
  cases.add("atan", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return atan(in[0]); });
  cases.add("atan", "known")
      .values(DType::f32, {8}, {-INFINITY, -5, -0.5, 0, 0.25, 1, INFINITY, NAN})
      .graph([](auto in) { return atan(in[0]); })
      .expect({-1.57079632679, -1.37340076695, -0.463647609001, 0, 0.244978663127, 0.785398163397, 1.57079632679, NAN});
  cases.add("atan", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return atan(in[0]);
  });
  cases.add("atan", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return atan(in[0]); });
  cases.add("atan", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return atan(in[0]); });
  cases.add("atan", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return atan(in[0]); });
  cases.add("atan", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return atan(in[0]); });
  cases.add("atan", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return atan(in[0]); });
  cases.add("atan", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return atan(in[0]); });
}

}  // namespace accelerate::ops
