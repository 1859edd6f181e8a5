#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_heaviside(OpCases& cases) {
  cases.add("heaviside", "known")
      .values(DType::f32, {5}, {-1, 0, 2, 0, NAN})
      .values(DType::f32, {5}, {5, 0.5, 7, -3, 2})
      .graph([](auto in) { return heaviside(in[0], in[1]); })
      .expect({0, 0.5, 1, -3, 0});
  cases.add("heaviside", "broadcast")
      .input(DType::f32, {"n", 1, 5}, {3, 1, 5}, -3, 3)
      .input(DType::f32, {4, 1}, {4, 1}, -3, 3)
      .graph([](auto in) { return heaviside(in[0], in[1]); });
}

}  // namespace accelerate::ops
