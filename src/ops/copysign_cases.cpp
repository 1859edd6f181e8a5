#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_copysign(OpCases& cases) {
  cases.add("copysign", "known")
      .values(DType::f32, {6}, {1, -2, 3, -4, 0.5, 0})
      .values(DType::f32, {6}, {-1, 1, 0, 2, -3, -1})
      .graph([](auto in) { return copysign(in[0], in[1]); })
      .expect({-1, 2, 3, 4, -0.5, 0});
  cases.add("copysign", "broadcast")
      .input(DType::f32, {"n", 1, 5}, {3, 1, 5}, -3, 3)
      .input(DType::f32, {4, 1}, {4, 1}, -3, 3)
      .graph([](auto in) { return copysign(in[0], in[1]); });
}

}  // namespace accelerate::ops
