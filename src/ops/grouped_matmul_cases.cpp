#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_grouped_matmul(OpCases& cases) {
  cases.add("grouped_matmul", "known")
      .values(DType::f32, {7, 5}, pattern(35))
      .values(DType::f32, {4, 5, 3}, pattern(60, 5, 13))
      .values(DType::i32, {4}, {2, 2, 5, 7})
      .graph([](auto in) { return grouped_matmul(in[0], in[1], in[2]); })
      .expect({1.75,   1.25,    -0.875, 0.5,   -1.9375, 1.3125, -0.875,  1.25,   1.75,   1.75,  0.3125,
               -1.125, -1.8125, 2.125,  -1.25, 0,       1.375,  -1.3125, -0.125, 1.5625, 0.8125})
      .reduction(5);
  cases.add("grouped_matmul", "transposed")
      .values(DType::f32, {7, 5}, pattern(35))
      .values(DType::f32, {4, 3, 5},
              {-1.5, -1,   -0.5,  0,     0.5,   -0.25, 0.25,  0.75,  1.25,  -1.5, 1,     1.5,   -1.25, -0.75, -0.25,
               1,    1.5,  -1.25, -0.75, -0.25, -1,    -0.5,  0,     0.5,   1,    0.25,  0.75,  1.25,  -1.5,  -1,
               0.25, 0.75, 1.25,  -1.5,  -1,    1.5,   -1.25, -0.75, -0.25, 0.25, -0.5,  0,     0.5,   1,     1.5,
               -0.5, 0,    0.5,   1,     1.5,   0.75,  1.25,  -1.5,  -1,    -0.5, -1.25, -0.75, -0.25, 0.25,  0.75})
      .values(DType::i64, {4}, {0, 3, 4, 6})
      .graph([](auto in) { return grouped_matmul(in[0], in[1], in[2], true); })
      .expect({-0.875, 1.875, -2.6875, 1.3125,  0.5, 1.3125, -2.6875, 1.875, -0.875, 1.75, 0.3125,
               -1.125, -1.25, 1.875,   -0.6875, 0,   1.375,  -1.3125, 0,     0,      0})
      .reduction(5);
  cases.add("grouped_matmul", "symbolic")
      .input(DType::f32, {"m", 33}, {29, 33})
      .input(DType::f32, {5, 33, 47}, {5, 33, 47})
      .values(DType::i64, {5}, {0, 11, 11, 20, 29})
      .graph([](auto in) { return grouped_matmul(in[0], in[1], in[2]); })
      .reduction(33);
  cases.add("grouped_matmul", "no_rows")
      .input(DType::f32, {"m", 8}, {0, 8})
      .input(DType::f32, {2, 8, 4}, {2, 8, 4})
      .values(DType::i64, {2}, {0, 0})
      .graph([](auto in) { return grouped_matmul(in[0], in[1], in[2]); });
  cases.add("grouped_matmul", "constant_weights")
      .values(DType::f32, {6, 4}, pattern(24))
      .values(DType::i64, {3}, {1, 4, 5})
      .graph([](auto in) {
        Value weights = constant(*in[0].builder, Tensor::from(DType::f32, {3, 4, 2}, pattern(24, 5, 13)));
        return grouped_matmul(in[0], weights, in[1]);
      })
      .expect({1.625, 0, -0.75, -0.9375, 2.375, -1.4375, -0.6875, -1.25, 2.25, -1.9375, 0, 0})
      .reduction(4);
  cases.add("grouped_matmul", "constant_transposed")
      .values(DType::f32, {6, 4}, pattern(24))
      .values(DType::i32, {3}, {1, 4, 6})
      .graph([](auto in) {
        Value weights = constant(*in[0].builder, Tensor::from(DType::f32, {3, 2, 4}, pattern(24, 5, 13)));
        return grouped_matmul(in[0], weights, in[1], true);
      })
      .expect({0, 1.625, 0.9375, 1, 1.875, -2.8125, 0.75, 0.9375, 1.5, -3.0625, -2.9375, 1.5})
      .reduction(4);
  cases.add("grouped_matmul", "half")
      .values(DType::f16, {7, 5}, pattern(35))
      .values(DType::f16, {4, 5, 3}, pattern(60, 5, 13))
      .values(DType::i32, {4}, {2, 2, 5, 7})
      .graph([](auto in) { return grouped_matmul(in[0], in[1], in[2]); })
      .expect({1.75,   1.25,    -0.875, 0.5,   -1.9375, 1.3125, -0.875,  1.25,   1.75,   1.75,  0.3125,
               -1.125, -1.8125, 2.125,  -1.25, 0,       1.375,  -1.3125, -0.125, 1.5625, 0.8125})
      .reduction(5);
}

}  // namespace accelerate::ops
