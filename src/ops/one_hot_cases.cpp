#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_one_hot(OpCases& cases) {
  cases.add("one_hot", "known")
      .values(DType::i64, {2, 2}, {0, 3, -1, 4})
      .graph([](auto in) { return one_hot(in[0], 4, DType::f32); })
      .expect({1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0});
  cases.add("one_hot", "symbolic_i64")
      .input(DType::i32, {"n"}, {5}, 0, 6)
      .input(DType::f32, {"d"}, {7})
      .graph([](auto in) { return one_hot(in[0], in[1].dim(0), DType::i64); });
  cases.add("one_hot", "bool").input(DType::i64, {"n"}, {5}, 0, 3).graph([](auto in) {
    return one_hot(in[0], 4, DType::boolean);
  });
}

}  // namespace accelerate::ops
