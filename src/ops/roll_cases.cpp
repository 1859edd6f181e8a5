#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_roll(OpCases& cases) {
  cases.add("roll", "known")
      .values(DType::f32, {3, 5}, pattern(15))
      .graph([](auto in) { return roll(in[0], {1, -2}, {0, 1}); })
      .expect({0.5, -0.5, 1.25, -0.25, -1.25, -0.5, 1.25, 0.25, -1.25, 0.5, 0, -1, 0.75, -0.75, 1});
  cases.add("roll", "beyond_extent")
      .values(DType::f32, {3, 5}, pattern(15))
      .graph([](auto in) { return roll(in[0], {7, -13}, {0, -1}); })
      .expect({-0.5, 1.25, -0.25, -1.25, 0.5, 1.25, 0.25, -1.25, 0.5, -0.5, -1, 0.75, -0.75, 1, 0});
  cases.add("roll", "symbolic").input(DType::f32, {"h", "w", 2}, {4, 5, 2}).graph([](auto in) {
    return roll(in[0], {-3, 2}, {0, 1});
  });
  cases.add("roll", "empty").input(DType::f32, {"n", 2}, {0, 2}).graph([](auto in) { return roll(in[0], {1}, {0}); });
}

}  // namespace accelerate::ops
