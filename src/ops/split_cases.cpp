#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_split(OpCases& cases) {
  cases.add("split", "known")
      .values(DType::f32, {2, 7}, pattern(14))
      .graph_multi([](auto in) { return split(in[0], {2, 1, 4}, 1); })
      .expect({-1.25, 0.5, 0, -1})
      .expect({-0.5, 0.75})
      .expect({1.25, 0.25, -0.75, 1, -0.25, -1.25, 0.5, -0.5});
  cases.add("split", "symbolic").input(DType::f32, {Dim("n") * 2, 3}, {6, 3}).graph_multi([](auto in) {
    return split(in[0], {"n", "n"}, 0);
  });
  cases.add("split", "middle_axis").input(DType::i32, {2, 6, 3}, {2, 6, 3}, -9, 9).graph_multi([](auto in) {
    return chunk(in[0], 3, -2);
  });
}

}  // namespace accelerate::ops
