#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_elu(OpCases& cases) {
  cases.add("elu", "default_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) { return elu(in[0]); });
  cases.add("elu", "default_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return elu(in[0]); })
      .expect({-1, -0.993262053001, -0.393469340287, 0, 0.25, 3, 20, NAN});
  cases.add("elu", "alpha_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return elu(in[0], 0.3);
  });
  cases.add("elu", "alpha_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return elu(in[0], 0.3); })
      .expect({-0.3, -0.2979786159, -0.118040802086, 0, 0.25, 3, 20, NAN});
  cases.add("elu", "scalar").input(DType::f32, {}, {}).graph([](auto in) { return elu(in[0], 0.3); });
  cases.add("elu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return elu(in[0], 0.3); });
  cases.add("elu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return elu(in[0], 0.3); });
  cases.add("elu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return elu(in[0], 0.3); });
  cases.add("elu", "f64").input(DType::f64, {"n"}, {9}).graph([](auto in) { return elu(in[0], 0.3); });
}

}  // namespace accelerate::ops
