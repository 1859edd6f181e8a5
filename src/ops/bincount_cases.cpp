#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_bincount(OpCases& cases) {
  cases.add("bincount", "known")
      .values(DType::i64, {6}, {1, 4, 1, 0, 2, 1})
      .graph([](auto in) { return bincount(in[0], {}, Dim::unbacked("u0")); })
      .expect({1, 3, 1, 0, 1});
  cases.add("bincount", "min_length")
      .values(DType::i32, {6}, {1, 4, 1, 0, 2, 1})
      .graph([](auto in) { return bincount(in[0], {}, Dim::unbacked("u0"), 8); })
      .expect({1, 3, 1, 0, 1, 0, 0, 0});
  cases.add("bincount", "weights")
      .values(DType::i64, {6}, {1, 4, 1, 0, 2, 1})
      .values(DType::f32, {6}, pattern(6))
      .graph([](auto in) { return bincount(in[0], in[1], Dim::unbacked("u0")); })
      .expect({1.25, -2.5, 0.25, 0, 0.5})
      .reduction(3);
  cases.add("bincount", "known_size")
      .values(DType::i64, {6}, {1, 4, 1, 0, 2, 1})
      .graph([](auto in) { return bincount(in[0], {}, 6); })
      .expect({1, 3, 1, 0, 1, 0});
}

}  // namespace accelerate::ops
