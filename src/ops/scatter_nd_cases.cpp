#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_scatter_nd(OpCases& cases) {
  cases.add("scatter_nd", "known")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 1}, {2, 0})
      .values(DType::f32, {2, 4}, pattern(8, 5, 13))
      .graph([](auto in) { return scatter_nd(in[0], in[1], in[2]); })
      .expect({0.25, 1.5, -0.5, 0.75, 0.25, -0.75, 1, 0, -1.5, -0.25, 1, -1});
  cases.add("scatter_nd", "add")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {3, 2}, {2, 0, 2, 0, 1, -1})
      .values(DType::f32, {3}, {1, 2, 3})
      .graph([](auto in) { return scatter_nd(in[0], in[1], in[2], "add"); })
      .expect({-1.25, 0.5, -0.5, 1.25, 0.25, -0.75, 1, 3, 2, 0.75, -0.25, -1.25})
      .reduction(2);
  cases.add("scatter_nd", "mul")
      .input(DType::f32, {"n", 2}, {4, 2})
      .input(DType::i32, {"k", 1}, {6, 1}, 0, 3)
      .input(DType::f32, {"k", 2}, {6, 2})
      .graph([](auto in) { return scatter_nd(in[0], in[1], in[2], "mul"); })
      .reduction(6);
  cases.add("scatter_nd", "max")
      .input(DType::f32, {"n", 2}, {4, 2})
      .input(DType::i32, {"k", 1}, {6, 1}, 0, 3)
      .input(DType::f32, {"k", 2}, {6, 2})
      .graph([](auto in) { return scatter_nd(in[0], in[1], in[2], "max"); })
      .reduction(6);
  cases.add("scatter_nd", "min")
      .input(DType::f32, {"n", 2}, {4, 2})
      .input(DType::i32, {"k", 1}, {6, 1}, 0, 3)
      .input(DType::f32, {"k", 2}, {6, 2})
      .graph([](auto in) { return scatter_nd(in[0], in[1], in[2], "min"); })
      .reduction(6);
}

}  // namespace accelerate::ops
