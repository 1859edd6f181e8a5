#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_softplus(OpCases& cases) {
  cases.add("softplus", "default_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return softplus(in[0]);
  });
  cases.add("softplus", "default_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return softplus(in[0]); })
      .expect({3.72007597602e-44, 0.00671534848912, 0.47407698418, 0.69314718056, 0.825939419879, 3.04858735157,
               20.0000000021, NAN});
  cases.add("softplus", "sharp_odd").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return softplus(in[0], 2.0, 5.0);
  });
  cases.add("softplus", "sharp_known")
      .values(DType::f32, {8}, {-100, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return softplus(in[0], 2.0, 5.0); })
      .expect({6.91948263368e-88, 2.26994496084e-05, 0.156630843759, 0.34657359028, 0.48703849209, 3, 20, NAN});
  cases.add("softplus", "scalar").input(DType::f32, {}, {}).graph([](auto in) { return softplus(in[0], 2.0, 5.0); });
  cases.add("softplus", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return softplus(in[0], 2.0, 5.0);
  });
  cases.add("softplus", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return softplus(in[0], 2.0, 5.0);
  });
  cases.add("softplus", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return softplus(in[0], 2.0, 5.0);
  });
  cases.add("softplus", "f64").input(DType::f64, {"n"}, {9}).graph([](auto in) { return softplus(in[0], 2.0, 5.0); });
}

}  // namespace accelerate::ops
