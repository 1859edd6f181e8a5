#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_matmul(OpCases& cases) {
  cases.add("matmul", "known")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {5, 4}, pattern(20, 5, 13))
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .expect({3,       -0.75,   -2.0625, 3.125,   0.125, 3.375,   0.125,   0.125, -2.0625, -0.75,   3,       -2.1875,
               -0.8125, -1.4375, 0.375,   -1.0625, 1.125, -1.4375, -1.5625, 0.75,  -0.375,  -1.4375, -0.0625, 0.5})
      .reduction(5);
  cases.add("matmul", "batches_broadcast")
      .input(DType::f32, {"b", 1, 3, 7}, {2, 1, 3, 7})
      .input(DType::f32, {4, 7, "n"}, {4, 7, 5})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(7);
  cases.add("matmul", "vectors")
      .values(DType::f32, {5}, pattern(5))
      .values(DType::f32, {5}, pattern(5, 3, 11))
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .expect({2.1875})
      .reduction(5);
  cases.add("matmul", "row")
      .input(DType::f32, {7}, {7})
      .input(DType::f32, {"b", 7, 3}, {2, 7, 3})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(7);
  cases.add("matmul", "column")
      .input(DType::f32, {"b", 3, 7}, {2, 3, 7})
      .input(DType::f32, {7}, {7})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(7);
  cases.add("matmul", "f64")
      .input(DType::f64, {"m", 17}, {3, 17})
      .input(DType::f64, {17, 5}, {17, 5})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(17);
  cases.add("matmul", "f16")
      .input(DType::f16, {"m", 17}, {3, 17})
      .input(DType::f16, {17, 5}, {17, 5})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(17);
  cases.add("matmul", "bf16")
      .input(DType::bf16, {"m", 17}, {3, 17})
      .input(DType::bf16, {17, 5}, {17, 5})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(17);
  cases.add("matmul", "integers")
      .input(DType::i64, {"m", 9}, {3, 9}, -9, 9)
      .input(DType::i64, {9, 2}, {9, 2}, -9, 9)
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(9);
  cases.add("matmul", "int8_wraps")
      .values(DType::i8, {1, 2}, {100, 100})
      .values(DType::i8, {2, 1}, {2, 1})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .expect({44})
      .reduction(2);
  cases.add("matmul", "no_terms")
      .input(DType::f32, {"m", 0}, {3, 0})
      .input(DType::f32, {0, 2}, {0, 2})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .expect({0, 0, 0, 0, 0, 0});
  cases.add("matmul", "no_rows")
      .input(DType::f32, {"m", 4}, {0, 4})
      .input(DType::f32, {4, 2}, {4, 2})
      .graph([](auto in) { return matmul(in[0], in[1]); });
  cases.add("matmul", "long_sum")
      .input(DType::f32, {"m", "k"}, {2, 1025})
      .input(DType::f32, {"k", 3}, {1025, 3})
      .graph([](auto in) { return matmul(in[0], in[1]); })
      .reduction(1025);
}

}  // namespace accelerate::ops
