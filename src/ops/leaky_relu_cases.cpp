#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_leaky_relu(OpCases& cases) {
  cases.add("leaky_relu", "default_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return leaky_relu(in[0]);
  });
  cases.add("leaky_relu", "default_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return leaky_relu(in[0]); })
      .expect({-1, -0.05, -0.005, 0, 0.25, 3, 20, NAN});
  cases.add("leaky_relu", "steep_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return leaky_relu(in[0], 0.3);
  });
  cases.add("leaky_relu", "steep_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return leaky_relu(in[0], 0.3); })
      .expect({-30, -1.5, -0.15, 0, 0.25, 3, 20, NAN});
  cases.add("leaky_relu", "scalar").input(DType::f32, {}, {}).graph([](auto in) { return leaky_relu(in[0], 0.3); });
  cases.add("leaky_relu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return leaky_relu(in[0], 0.3);
  });
  cases.add("leaky_relu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return leaky_relu(in[0], 0.3);
  });
  cases.add("leaky_relu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return leaky_relu(in[0], 0.3);
  });
  cases.add("leaky_relu", "f64").input(DType::f64, {"n"}, {9}).graph([](auto in) { return leaky_relu(in[0], 0.3); });
}

}  // namespace accelerate::ops
