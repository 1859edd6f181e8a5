#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_nonzero(OpCases& cases) {
  cases.add("nonzero", "known")
      .values(DType::f32, {3, 4}, pattern(12, 3, 5))
      .graph([](auto in) { return nonzero(in[0], Dim::unbacked("u0")); })
      .expect({0, 0, 0, 1, 0, 2, 0, 3, 1, 1, 1, 2, 1, 3, 2, 0, 2, 2, 2, 3});
  cases.add("nonzero", "bool")
      .values(DType::boolean, {2, 2, 3}, {0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0})
      .graph([](auto in) { return nonzero(in[0], Dim::unbacked("u0")); })
      .expect({0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0});
  cases.add("nonzero", "none")
      .values(DType::i64, {3}, {0, 0, 0})
      .graph([](auto in) { return nonzero(in[0], Dim::unbacked("u0")); })
      .expect({});
  cases.add("nonzero", "known_count")
      .values(DType::i64, {4}, {0, 2, 0, -1})
      .graph([](auto in) { return nonzero(in[0], 2); })
      .expect({1, 3});
  cases.add("nonzero", "used")
      .values(DType::f32, {3, 4}, pattern(12, 3, 5))
      .graph([](auto in) {
        Value at = nonzero(in[0], Dim::unbacked("u0"));
        return reduce_sum(mul(at, at), {0});
      })
      .expect({15, 41});
}

}  // namespace accelerate::ops
