#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_tile(OpCases& cases) {
  cases.add("tile", "known")
      .values(DType::f32, {2, 3}, pattern(6))
      .graph([](auto in) { return tile(in[0], {2, 3}); })
      .expect({-1.25, 0.5,  -0.5,  -1.25, 0.5,  -0.5,  -1.25, 0.5,  -0.5,  1.25,  0.25, -0.75,
               1.25,  0.25, -0.75, 1.25,  0.25, -0.75, -1.25, 0.5,  -0.5,  -1.25, 0.5,  -0.5,
               -1.25, 0.5,  -0.5,  1.25,  0.25, -0.75, 1.25,  0.25, -0.75, 1.25,  0.25, -0.75});
  cases.add("tile", "symbolic")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3})
      .input(DType::f32, {"t"}, {4})
      .graph([](auto in) { return tile(in[0], {1, in[1].dim(0), 2}); });
  cases.add("tile", "none").input(DType::f32, {"n", 3}, {2, 3}).graph([](auto in) { return tile(in[0], {0, 1}); });
}

}  // namespace accelerate::ops
