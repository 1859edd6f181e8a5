#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_flip(OpCases& cases) {
  cases.add("flip", "known")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .graph([](auto in) { return flip(in[0], {0, -1}); })
      .expect({0.25, 1.25, -0.5, 0.5,   -1, 0, 1,     -0.75, 0.5,   -1.25, -0.25, 0.75,
               1.25, -0.5, 0.5,  -1.25, 0,  1, -0.75, 0.25,  -1.25, -0.25, 0.75,  -1});
  cases.add("flip", "symbolic").input(DType::i32, {"n", 5}, {3, 5}, -9, 9).graph([](auto in) {
    return flip(in[0], {0});
  });
  cases.add("flip", "empty").input(DType::f32, {"n", 5}, {0, 5}).graph([](auto in) { return flip(in[0], {0, 1}); });
}

}  // namespace accelerate::ops
