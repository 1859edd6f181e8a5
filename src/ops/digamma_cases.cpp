#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_digamma(OpCases& cases) {
  cases.add("digamma", "known")
      .values(DType::f32, {8}, {-1.5, -0.25, 0.5, 1, 2, 5.5, 40, 0})
      .graph([](auto in) { return digamma(in[0]); })
      .expect({0.703156640645, 2.91413912021, -1.96351002602, -0.577215664902, 0.422784335098, 1.61109314858,
               3.67632737403, -INFINITY})
      .loosen(2);
  cases.add("digamma", "odd_size")
      .input(DType::f32, {"n", 37}, {3, 37}, 0.25, 30)
      .graph([](auto in) { return digamma(in[0]); })
      .loosen(2);
  cases.add("digamma", "half").input(DType::f16, {"n", 8}, {2, 8}, 0.25, 30).graph([](auto in) {
    return digamma(in[0]);
  });
}

}  // namespace accelerate::ops
