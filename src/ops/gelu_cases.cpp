#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_gelu(OpCases& cases) {
  cases.add("gelu", "exact_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) { return gelu(in[0]); });
  cases.add("gelu", "exact_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return gelu(in[0]); })
      .expect({-0.0, -1.43325785934e-06, -0.154268769363, 0, 0.149676581421, 2.99595030591, 20, NAN});
  cases.add("gelu", "tanh_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return gelu(in[0], "tanh");
  });
  cases.add("gelu", "tanh_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return gelu(in[0], "tanh"); })
      .expect({-0.0, -2.29179619726e-07, -0.154285990175, 0, 0.149675350702, 2.99636260792, 20, NAN});
  cases.add("gelu", "scalar").input(DType::f32, {}, {}).graph([](auto in) { return gelu(in[0], "tanh"); });
  cases.add("gelu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return gelu(in[0], "tanh"); });
  cases.add("gelu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return gelu(in[0], "tanh"); });
  cases.add("gelu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return gelu(in[0], "tanh"); });
  cases.add("gelu", "f64").input(DType::f64, {"n"}, {9}).graph([](auto in) { return gelu(in[0], "tanh"); });
}

}  // namespace accelerate::ops
