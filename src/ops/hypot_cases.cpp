#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_hypot(OpCases& cases) {
  cases.add("hypot", "known")
      .values(DType::f32, {5}, {3, -4, 0, 0.5, INFINITY})
      .values(DType::f32, {5}, {4, 3, 0, -1.25, 1})
      .graph([](auto in) { return hypot(in[0], in[1]); })
      .expect({5, 5, 0, 1.34629120178, INFINITY})
      .loosen(2);
  cases.add("hypot", "broadcast")
      .input(DType::f32, {"n", 1, 5}, {3, 1, 5}, -3, 3)
      .input(DType::f32, {4, 1}, {4, 1}, -3, 3)
      .graph([](auto in) { return hypot(in[0], in[1]); })
      .loosen(2);
}

}  // namespace accelerate::ops
