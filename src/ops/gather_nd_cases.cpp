#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_gather_nd(OpCases& cases) {
  cases.add("gather_nd", "known")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .values(DType::i64, {2, 2}, {1, 2, 0, -3})
      .graph([](auto in) { return gather_nd(in[0], in[1]); })
      .expect({0.75, -0.25, -1.25, 0.5, -1.25, 0.5, -0.5, 1.25});
  cases.add("gather_nd", "batched")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .values(DType::i64, {2, 1}, {2, 0})
      .graph([](auto in) { return gather_nd(in[0], in[1], 1); })
      .expect({-1, 0.75, -0.25, -1.25, 0.5, -0.5, 1.25, 0.25});
  cases.add("gather_nd", "elements")
      .input(DType::f32, {"n", 3, 4}, {5, 3, 4})
      .input(DType::i32, {"k", 6, 3}, {2, 6, 3}, 0, 2)
      .graph([](auto in) { return gather_nd(in[0], in[1]); });
}

}  // namespace accelerate::ops
