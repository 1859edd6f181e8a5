#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_embedding(OpCases& cases) {
  cases.add("embedding", "known")
      .values(DType::f32, {5, 3}, pattern(15))
      .values(DType::i64, {2, 2}, {4, 0, 3, 3})
      .graph([](auto in) { return embedding(in[0], in[1]); })
      .expect({0.5, -0.5, 1.25, -1.25, 0.5, -0.5, 0.75, -0.25, -1.25, 0.75, -0.25, -1.25});
  cases.add("embedding", "symbolic")
      .input(DType::f32, {11, 7}, {11, 7})
      .input(DType::i64, {"b", "t"}, {2, 3}, 0, 10)
      .graph([](auto in) { return embedding(in[0], in[1]); });
  cases.add("embedding", "bf16_i32")
      .input(DType::bf16, {11, 5}, {11, 5})
      .input(DType::i32, {"t"}, {4}, 0, 10)
      .graph([](auto in) { return embedding(in[0], in[1]); });
  cases.add("embedding", "no_indices")
      .input(DType::f32, {3, 5}, {3, 5})
      .input(DType::i64, {"t"}, {0}, 0, 2)
      .graph([](auto in) { return embedding(in[0], in[1]); });
}

}  // namespace accelerate::ops
