#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_celu(OpCases& cases) {
  cases.add("celu", "default_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return celu(in[0]);
  });
  cases.add("celu", "default_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return celu(in[0]); })
      .expect({-1, -0.993262053001, -0.393469340287, 0, 0.25, 3, 20, NAN});
  cases.add("celu", "alpha_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return celu(in[0], 0.5);
  });
  cases.add("celu", "alpha_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return celu(in[0], 0.5); })
      .expect({-0.5, -0.499977300035, -0.316060279414, 0, 0.25, 3, 20, NAN});
  cases.add("celu", "scalar").input(DType::f32, {}, {}).graph([](auto in) { return celu(in[0], 0.5); });
  cases.add("celu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return celu(in[0], 0.5); });
  cases.add("celu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return celu(in[0], 0.5); });
  cases.add("celu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return celu(in[0], 0.5); });
  cases.add("celu", "f64").input(DType::f64, {"n"}, {9}).graph([](auto in) { return celu(in[0], 0.5); });
}

}  // namespace accelerate::ops
