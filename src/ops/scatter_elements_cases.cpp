#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_scatter_elements(OpCases& cases) {
  cases.add("scatter_elements", "known")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 4}, {0, 2, 1, 0, 2, 0, 0, 1})
      .values(DType::f32, {2, 4}, pattern(8, 5, 13))
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 0); })
      .expect({-1.5, 1.5, -0.5, -1, 0.25, -0.75, 1, 0.75, 0.25, -0.25, -0.25, -1.25});
  cases.add("scatter_elements", "add")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 4}, {0, 2, 1, 0, 2, 2, 0, 0})
      .values(DType::f32, {2, 4}, pattern(8, 5, 13))
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 0, "add"); })
      .expect({-2.75, 0.5, -1, 1, 0.25, -0.75, 2, 0, -0.75, 2, -0.25, -1.25})
      .reduction(2);
  cases.add("scatter_elements", "add_i64")
      .input(DType::i64, {"n", 4}, {3, 4}, -9, 9)
      .input(DType::i64, {"n", 6}, {3, 6}, -4, 3)
      .input(DType::i64, {"n", 6}, {3, 6}, -9, 9)
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 1, "add"); });
  cases.add("scatter_elements", "mul")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 4}, {0, 2, 1, 0, 2, 2, 0, 0})
      .values(DType::f32, {2, 4}, pattern(8, 5, 13))
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 0, "mul"); })
      .expect({1.875, 0.5, 0.25, -0.9375, 0.25, -0.75, 1, 0, -0.25, -0.28125, -0.25, -1.25})
      .reduction(2);
  cases.add("scatter_elements", "mul_i64")
      .input(DType::i64, {"n", 4}, {3, 4}, -9, 9)
      .input(DType::i64, {"n", 6}, {3, 6}, -4, 3)
      .input(DType::i64, {"n", 6}, {3, 6}, -9, 9)
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 1, "mul"); });
  cases.add("scatter_elements", "max")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 4}, {0, 2, 1, 0, 2, 2, 0, 0})
      .values(DType::f32, {2, 4}, pattern(8, 5, 13))
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 0, "max"); })
      .expect({-1.25, 0.5, -0.5, 1.25, 0.25, -0.75, 1, 0, 0.25, 1.5, -0.25, -1.25})
      .reduction(2);
  cases.add("scatter_elements", "max_i64")
      .input(DType::i64, {"n", 4}, {3, 4}, -9, 9)
      .input(DType::i64, {"n", 6}, {3, 6}, -4, 3)
      .input(DType::i64, {"n", 6}, {3, 6}, -9, 9)
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 1, "max"); });
  cases.add("scatter_elements", "min")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::i64, {2, 4}, {0, 2, 1, 0, 2, 2, 0, 0})
      .values(DType::f32, {2, 4}, pattern(8, 5, 13))
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 0, "min"); })
      .expect({-1.5, 0.5, -0.5, -1, 0.25, -0.75, 1, 0, -1, -0.25, -0.25, -1.25})
      .reduction(2);
  cases.add("scatter_elements", "min_i64")
      .input(DType::i64, {"n", 4}, {3, 4}, -9, 9)
      .input(DType::i64, {"n", 6}, {3, 6}, -4, 3)
      .input(DType::i64, {"n", 6}, {3, 6}, -9, 9)
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 1, "min"); });
  cases.add("scatter_elements", "bf16_add")
      .input(DType::bf16, {2, 3}, {2, 3})
      .input(DType::i32, {2, 9}, {2, 9}, 0, 2)
      .input(DType::bf16, {2, 9}, {2, 9})
      .graph([](auto in) { return scatter_elements(in[0], in[1], in[2], 1, "add"); })
      .reduction(9);
}

}  // namespace accelerate::ops
