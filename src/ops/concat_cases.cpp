#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_concat(OpCases& cases) {
  cases.add("concat", "known")
      .values(DType::f32, {2, 3}, pattern(6))
      .values(DType::f32, {2, 2}, pattern(4, 5, 11))
      .graph([](auto in) { return concat({in[0], in[1]}, 1); })
      .expect({-1.25, 0.5, -0.5, -1.25, 0, 1.25, 0.25, -0.75, 1.25, -0.25});
  cases.add("concat", "three_symbolic")
      .input(DType::f32, {"a", 5}, {2, 5})
      .input(DType::f32, {"b", 5}, {1, 5})
      .input(DType::f32, {"a", 5}, {2, 5})
      .graph([](auto in) { return concat({in[0], in[1], in[2]}, 0); });
  cases.add("concat", "empty_part")
      .input(DType::bf16, {2, "a", 3}, {2, 0, 3})
      .input(DType::bf16, {2, 4, 3}, {2, 4, 3})
      .graph([](auto in) { return concat({in[0], in[1]}, -2); });
  cases.add("concat", "bool").input(DType::boolean, {3}, {3}).input(DType::boolean, {2}, {2}).graph([](auto in) {
    return concat({in[0], in[1]}, 0);
  });
}

}  // namespace accelerate::ops
