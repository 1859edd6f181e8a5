#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_histc(OpCases& cases) {
  cases.add("histc", "known")
      .values(DType::f32, {40}, pattern(40, 7, 37))
      .graph([](auto in) { return histc(in[0], 7, -3, 3.5); })
      .expect({5, 4, 5, 3, 4, 4, 4});
  cases.add("histc", "range_of_x")
      .values(DType::f32, {40}, pattern(40, 7, 37))
      .graph([](auto in) { return histc(in[0], 5); })
      .expect({10, 8, 7, 7, 8});
  cases.add("histc", "experts")
      .values(DType::f32, {10}, {0, 3, 1, 3, 2, 7, 7, 3, 0, 9})
      .graph([](auto in) { return histc(in[0], 8, 0, 7); })
      .expect({2, 1, 1, 3, 0, 0, 0, 2});
  cases.add("histc", "integers")
      .values(DType::i32, {6}, {0, 3, 1, 3, 2, 7})
      .graph([](auto in) { return histc(in[0], 8, 0, 7); })
      .expect({1, 1, 1, 2, 0, 0, 0, 1});
  cases.add("histc", "equal_elements")
      .values(DType::f32, {3}, {2, 2, 2})
      .graph([](auto in) { return histc(in[0], 4); })
      .expect({0, 0, 3, 0});
  cases.add("histc", "symbolic").input(DType::f32, {"n", 3}, {21, 3}, -5, 5).graph([](auto in) {
    return histc(in[0], 11, -4, 4);
  });
}

}  // namespace accelerate::ops
