#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_slice(OpCases& cases) {
  cases.add("slice", "known")
      .values(DType::f32, {3, 7}, pattern(21))
      .graph([](auto in) { return slice(in[0], 1, 1, 6, 2); })
      .expect({0.5, 1.25, -0.75, -1, -0.25, 0.5, 0.25, 1, -1});
  cases.add("slice", "from_the_back")
      .values(DType::f32, {3, 7}, pattern(21))
      .graph([](auto in) { return slice(in[0], -1, -3, 1 << 30); })
      .expect({0.25, -0.75, 1, -1.25, 0.5, -0.5, 0, -1, 0.75});
  cases.add("slice", "symbolic_end").input(DType::f32, {"n", 5}, {7, 5}).graph([](auto in) {
    return slice(in[0], 0, 2, in[0].dim(0));
  });
  cases.add("slice", "symbolic_half").input(DType::f32, {Dim("n") * 2, 5}, {6, 5}).graph([](auto in) {
    return slice(in[0], 0, floordiv(in[0].dim(0), 2), in[0].dim(0));
  });
  cases.add("slice", "empty").values(DType::f32, {3, 7}, pattern(21)).graph([](auto in) {
    return slice(in[0], 0, 2, 1);
  });
  cases.add("slice", "i64").input(DType::i64, {"n", 6}, {4, 6}, -9, 9).graph([](auto in) {
    return slice(in[0], 1, 0, 6, 4);
  });
}

}  // namespace accelerate::ops
