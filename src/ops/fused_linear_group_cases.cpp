#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_fused_linear_group(OpCases& cases) {
  cases.add("fused_linear_group", "known")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {2, 5}, pattern(10, 2, 9))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2}, pattern(2, 5, 13))
      .graph_multi([](auto in) { return fused_linear_group(in[0], {in[1], in[2]}, {in[3], in[4]}); })
      .expect({-0.6875, -4.0625, -3.375, -0.375, 1.3125,  -0.375,  0.375, -3.875, 1.25,    1.25,    2.0625, -0.5,
               -0.1875, 1.5,     2.375,  1.5,    -3.6875, -0.3125, 0.625, 1.4375, -4.4375, -0.0625, 0.25,   2.0625})
      .expect({0.375, 1.125, -1, -1.4375, 0.375, -1.25, -2.375, 1, -2.375, -0.1875, -2.375, -0.6875})
      .reduction(5);
  cases.add("fused_linear_group", "no_bias")
      .input(DType::f32, {"b", "t", 19}, {2, 3, 19})
      .input(DType::f32, {7, 19}, {7, 19})
      .input(DType::f32, {7, 19}, {7, 19})
      .input(DType::f32, {3, 19}, {3, 19})
      .graph_multi([](auto in) { return fused_linear_group(in[0], {in[1], in[2], in[3]}, {}, "silu"); })
      .reduction(19);
}

}  // namespace accelerate::ops
