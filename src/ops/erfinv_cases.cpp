#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_erfinv(OpCases& cases) {
  cases.add("erfinv", "known")
      .values(DType::f32, {9}, {-0.96875, -0.5, 0, 0.25, 0.75, 0.9990234375, 1, -1, 1.5})
      .graph([](auto in) { return erfinv(in[0]); })
      .expect(
          {-1.523019402, -0.476936276204, 0, 0.225312055012, 0.813419847598, 2.33146777362, INFINITY, -INFINITY, NAN})
      .loosen(2);
  cases.add("erfinv", "odd_size")
      .input(DType::f32, {"n", 37}, {3, 37}, -0.99, 0.99)
      .graph([](auto in) { return erfinv(in[0]); })
      .loosen(2);
  cases.add("erfinv", "half").input(DType::f16, {"n", 8}, {2, 8}, -0.99, 0.99).graph([](auto in) {
    return erfinv(in[0]);
  });
}

}  // namespace accelerate::ops
