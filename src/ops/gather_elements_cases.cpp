#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_gather_elements(OpCases& cases) {
  cases.add("gather_elements", "known")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 4}, {0, 2, 1, 0, 2, -1, 0, 1})
      .graph([](auto in) { return gather_elements(in[0], in[1], 0); })
      .expect({-1.25, 0.75, 1, 1.25, -1, 0.75, -0.5, 0});
  cases.add("gather_elements", "longer_axis")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {3, 6}, {0, 1, 2, 3, 0, 1, 3, 3, 3, 3, 0, 0, 2, 1, 0, 1, 2, 3})
      .graph([](auto in) { return gather_elements(in[0], in[1], 1); })
      .expect({-1.25, 0.5, -0.5, 1.25, -1.25, 0.5, 0, 0, 0, 0, 0.25, 0.25, -0.25, 0.75, -1, 0.75, -0.25, -1.25});
  cases.add("gather_elements", "symbolic")
      .input(DType::f16, {"n", 2, 5}, {3, 2, 5})
      .input(DType::i32, {"n", 2, 7}, {3, 2, 7}, 0, 4)
      .graph([](auto in) { return gather_elements(in[0], in[1], -1); });
}

}  // namespace accelerate::ops
