#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_expand(OpCases& cases) {
  cases.add("expand", "known")
      .values(DType::f32, {3, 1}, pattern(3))
      .graph([](auto in) { return expand(in[0], {2, 3, 4}); })
      .expect({-1.25, -1.25, -1.25, -1.25, 0.5, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.5,
               -1.25, -1.25, -1.25, -1.25, 0.5, 0.5, 0.5, 0.5, -0.5, -0.5, -0.5, -0.5});
  cases.add("expand", "symbolic")
      .input(DType::f32, {1, 1, 5}, {1, 1, 5})
      .input(DType::f32, {"b", "t"}, {2, 3})
      .graph([](auto in) { return expand(in[0], {in[1].dim(0), in[1].dim(1), -1}); });
  cases.add("expand", "scalar").input(DType::i64, {}, {}, -9, 9).graph([](auto in) { return expand(in[0], {3, 2}); });
  cases.add("expand", "to_none").input(DType::f32, {1, 3}, {1, 3}).graph([](auto in) { return expand(in[0], {0, 3}); });
}

}  // namespace accelerate::ops
