#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_frac(OpCases& cases) {
  cases.add("frac", "known")
      .values(DType::f32, {5}, {-2.75, -0.5, 0, 0.25, 3.5})
      .graph([](auto in) { return frac(in[0]); })
      .expect({-0.75, -0.5, 0, 0.25, 0.5});
  cases.add("frac", "odd_size").input(DType::f32, {"n", 37}, {3, 37}, -20, 20).graph([](auto in) {
    return frac(in[0]);
  });
  cases.add("frac", "half").input(DType::f16, {"n", 8}, {2, 8}, -20, 20).graph([](auto in) { return frac(in[0]); });
}

}  // namespace accelerate::ops
