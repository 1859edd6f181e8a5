#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_sinc(OpCases& cases) {
  cases.add("sinc", "known")
      .values(DType::f32, {6}, {-2.25, -1, -0.5, 0, 0.25, 0.75})
      .graph([](auto in) { return sinc(in[0]); })
      .expect({0.10003514624, 3.89817183252e-17, 0.636619772368, 1, 0.900316316157, 0.300105438719})
      .loosen(16);
  cases.add("sinc", "odd_size")
      .input(DType::f32, {"n", 37}, {3, 37}, -3, 3)
      .graph([](auto in) { return sinc(in[0]); })
      .loosen(16);
  cases.add("sinc", "half").input(DType::f16, {"n", 8}, {2, 8}, -3, 3).graph([](auto in) { return sinc(in[0]); });
}

}  // namespace accelerate::ops
