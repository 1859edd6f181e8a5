#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_masked_scatter(OpCases& cases) {
  cases.add("masked_scatter", "known")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::boolean, {3, 4}, {0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1})
      .values(DType::f32, {2, 5}, pattern(10, 5, 13))
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); })
      .expect({-1.25, 0.5, -1.5, 1.25, -0.25, -0.75, 1, 0, -1, -1, -0.25, 0.25});
  cases.add("masked_scatter", "rows")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::boolean, {3, 1}, {1, 0, 1})
      .values(DType::f32, {2, 5}, pattern(10, 5, 13))
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); })
      .expect({-1.5, -0.25, 1, -1, 0.25, -0.75, 1, 0, 0.25, 1.5, -0.5, 0.75});
  cases.add("masked_scatter", "trailing")
      .values(DType::f32, {3, 4}, pattern(12))
      .values(DType::boolean, {4}, {1, 0, 1, 1})
      .values(DType::f32, {2, 5}, pattern(10, 5, 13))
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); })
      .expect({-1.5, 0.5, -0.25, 1, -1, -0.75, 0.25, 1.5, -0.5, 0.75, 0.75, -1.25});
  cases.add("masked_scatter", "symbolic")
      .input(DType::f32, {"b", "t", 8}, {2, 5, 8})
      .input(DType::boolean, {"b", "t", 1}, {2, 5, 1})
      .input(DType::f32, {"k", 8}, {10, 8})
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); });
  cases.add("masked_scatter", "symbolic_elements")
      .input(DType::f32, {"b", "t", 8}, {2, 5, 8})
      .input(DType::boolean, {"b", "t", 8}, {2, 5, 8})
      .input(DType::f32, {"k", 8}, {10, 8})
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); });
  cases.add("masked_scatter", "integers")
      .values(DType::i64, {4}, {1, 2, 3, 4})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .values(DType::i64, {2}, {9, 8})
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); })
      .expect({1, 9, 3, 8});
  cases.add("masked_scatter", "nothing")
      .values(DType::f32, {2}, {1, 2})
      .values(DType::boolean, {2}, {0, 0})
      .input(DType::f32, {"k"}, {0})
      .graph([](auto in) { return masked_scatter(in[0], in[1], in[2]); })
      .expect({1, 2});
}

}  // namespace accelerate::ops
