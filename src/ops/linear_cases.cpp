#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_linear(OpCases& cases) {
  cases.add("linear", "known")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) { return linear(in[0], in[1], in[2]); })
      .expect({-0.6875, -4.0625, -3.375, -0.375, 1.3125,  -0.375,  0.375, -3.875, 1.25,    1.25,    2.0625, -0.5,
               -0.1875, 1.5,     2.375,  1.5,    -3.6875, -0.3125, 0.625, 1.4375, -4.4375, -0.0625, 0.25,   2.0625})
      .reduction(5);
  cases.add("linear", "no_bias")
      .input(DType::f32, {"b", "t", 33}, {2, 3, 33})
      .input(DType::f32, {17, 33}, {17, 33})
      .graph([](auto in) { return linear(in[0], in[1]); })
      .reduction(33);
  cases.add("linear", "vector")
      .input(DType::f32, {7}, {7})
      .input(DType::f32, {3, 7}, {3, 7})
      .input(DType::f32, {3}, {3})
      .graph([](auto in) { return linear(in[0], in[1], in[2]); })
      .reduction(7);
  cases.add("linear", "weight_bf16")
      .input(DType::f32, {"n", 19}, {5, 19})
      .input(DType::bf16, {7, 19}, {7, 19})
      .input(DType::bf16, {7}, {7})
      .graph([](auto in) { return linear(in[0], in[1], in[2]); })
      .reduction(19);
  cases.add("linear", "weight_f16")
      .input(DType::f32, {"n", 19}, {5, 19})
      .input(DType::f16, {7, 19}, {7, 19})
      .graph([](auto in) { return linear(in[0], in[1]); })
      .reduction(19);
  cases.add("linear", "f16")
      .input(DType::f16, {"n", 19}, {5, 19})
      .input(DType::f16, {7, 19}, {7, 19})
      .input(DType::f16, {7}, {7})
      .graph([](auto in) { return linear(in[0], in[1], in[2]); })
      .reduction(19);
  cases.add("linear", "bf16")
      .input(DType::bf16, {"n", 19}, {5, 19})
      .input(DType::bf16, {7, 19}, {7, 19})
      .input(DType::bf16, {7}, {7})
      .graph([](auto in) { return linear(in[0], in[1], in[2]); })
      .reduction(19);
  cases.add("linear", "no_rows")
      .input(DType::f32, {"n", 5}, {0, 5})
      .input(DType::f32, {3, 5}, {3, 5})
      .graph([](auto in) { return linear(in[0], in[1]); });
}

}  // namespace accelerate::ops
