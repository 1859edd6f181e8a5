#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_gather(OpCases& cases) {
  cases.add("gather", "known")
      .values(DType::f32, {2, 4, 3}, pattern(24))
      .values(DType::i64, {2, 3}, {3, 0, 1, -1, 2, -4})
      .graph([](auto in) { return gather(in[0], in[1], 1); })
      .expect({0.75, -0.25, -1.25, -1.25, 0.5,   -0.5, 1.25,  0.25,  -0.75, 0.75, -0.25, -1.25,
               1,    0,     -1,    -1.25, 0.5,   -0.5, -0.25, -1.25, 0.5,   0.5,  -0.5,  1.25,
               0.25, -0.75, 1,     -0.25, -1.25, 0.5,  0,     -1,    0.75,  0.5,  -0.5,  1.25});
  cases.add("gather", "scalar_index")
      .values(DType::f32, {2, 4, 3}, pattern(24))
      .values(DType::i64, {}, {2})
      .graph([](auto in) { return gather(in[0], in[1], -1); })
      .expect({-0.5, -0.75, -1, -1.25, 1.25, 1, 0.75, 0.5});
  cases.add("gather", "symbolic")
      .input(DType::i64, {"n", 5}, {3, 5}, -99, 99)
      .input(DType::i32, {"k"}, {4}, -3, 2)
      .graph([](auto in) { return gather(in[0], in[1], 0); });
  cases.add("gather", "bool")
      .input(DType::boolean, {"n", 5}, {3, 5})
      .input(DType::i64, {"k"}, {4}, 0, 4)
      .graph([](auto in) { return gather(in[0], in[1], 1); });
}

}  // namespace accelerate::ops
