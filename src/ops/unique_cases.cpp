#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_unique(OpCases& cases) {
  cases.add("unique", "known")
      .values(DType::i64, {6}, {3, 1, 3, 2, 1, 1})
      .graph_multi([](auto in) { return unique(in[0], Dim::unbacked("u0")); })
      .expect({1, 2, 3})
      .expect({2, 0, 2, 1, 0, 0})
      .expect({3, 1, 2});
  cases.add("unique", "consecutive")
      .values(DType::i64, {6}, {3, 1, 3, 2, 1, 1})
      .graph_multi([](auto in) { return unique(in[0], Dim::unbacked("u0"), true); })
      .expect({3, 1, 3, 2, 1})
      .expect({0, 1, 2, 3, 4, 4})
      .expect({1, 1, 1, 1, 2});
  cases.add("unique", "matrix")
      .values(DType::f32, {3, 4}, pattern(12, 3, 5))
      .graph_multi([](auto in) { return unique(in[0], Dim::unbacked("u0")); })
      .expect({-0.5, -0.25, 0, 0.25, 0.5})
      .expect({0, 3, 1, 4, 2, 0, 3, 1, 4, 2, 0, 3})
      .expect({3, 2, 2, 3, 2});
  cases.add("unique", "empty").input(DType::f32, {"n"}, {0}).graph_multi([](auto in) {
    return unique(in[0], Dim::unbacked("u0"));
  });
}

}  // namespace accelerate::ops
