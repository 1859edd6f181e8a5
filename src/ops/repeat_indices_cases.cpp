#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_repeat_indices(OpCases& cases) {
  cases.add("repeat_indices", "known")
      .values(DType::i64, {4}, {2, 0, 3, 1})
      .graph([](auto in) { return repeat_indices(in[0], Dim::unbacked("u0")); })
      .expect({0, 0, 2, 2, 2, 3});
  cases.add("repeat_indices", "known_total")
      .values(DType::i32, {3}, {1, 2, 1})
      .graph([](auto in) { return repeat_indices(in[0], 4); })
      .expect({0, 1, 1, 2});
  cases.add("repeat_indices", "rows")
      .values(DType::f32, {3, 2}, pattern(6))
      .values(DType::i64, {3}, {1, 2, 0})
      .graph([](auto in) { return gather(in[0], repeat_indices(in[1], Dim::unbacked("u0")), 0); })
      .expect({-1.25, 0.5, -0.5, 1.25, -0.5, 1.25});
  cases.add("repeat_indices", "none")
      .values(DType::i64, {2}, {0, 0})
      .graph([](auto in) { return repeat_indices(in[0], Dim::unbacked("u0")); })
      .expect({});
}

}  // namespace accelerate::ops
