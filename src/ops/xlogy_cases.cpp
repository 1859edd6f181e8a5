#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_xlogy(OpCases& cases) {
  cases.add("xlogy", "known")
      .values(DType::f32, {6}, {0, 0, 2, -1, 0.5, 0})
      .values(DType::f32, {6}, {0, 2, 3, 0.25, 0, NAN})
      .graph([](auto in) { return xlogy(in[0], in[1]); })
      .expect({0, 0, 2.19722457734, 1.38629436112, -INFINITY, NAN})
      .loosen(2);
  cases.add("xlogy", "broadcast")
      .input(DType::f32, {"n", 1, 5}, {3, 1, 5}, 0, 3)
      .input(DType::f32, {4, 1}, {4, 1}, 0, 3)
      .graph([](auto in) { return xlogy(in[0], in[1]); })
      .loosen(2);
}

}  // namespace accelerate::ops
