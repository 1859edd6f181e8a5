#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_masked_select(OpCases& cases) {
  cases.add("masked_select", "known")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::boolean, {3, 4}, {0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1})
      .graph([](auto in) { return masked_select(in[0], in[1], Dim::unbacked("u0")); })
      .expect({-0.5, 0.25, 1, 0.75, -1.25});
  cases.add("masked_select", "broadcast")
      .input(DType::f32, {"n", 1}, {3, 1})
      .values(DType::boolean, {4}, {1, 0, 1, 1})
      .graph([](auto in) { return masked_select(in[0], in[1], Dim::unbacked("u0")); });
  cases.add("masked_select", "integers")
      .values(DType::i64, {5}, {4, 1, 3, 2, 9})
      .values(DType::boolean, {5}, {0, 1, 1, 0, 1})
      .graph([](auto in) { return masked_select(in[0], in[1], Dim::unbacked("u0")); })
      .expect({1, 3, 9});
  cases.add("masked_select", "none")
      .values(DType::f32, {2}, {1, 2})
      .values(DType::boolean, {2}, {0, 0})
      .graph([](auto in) { return masked_select(in[0], in[1], Dim::unbacked("u0")); })
      .expect({});
}

}  // namespace accelerate::ops
