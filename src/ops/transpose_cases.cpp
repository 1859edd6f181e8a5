#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_transpose(OpCases& cases) {
  cases.add("transpose", "known")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .graph([](auto in) { return transpose(in[0], {2, 0, 1}); })
      .expect({-1.25, 0.25, -1,    0.5,  -0.75, 0.75,  0.5,  -0.75, 0.75,  -0.5, 1,  -0.25,
               -0.5,  1,    -0.25, 1.25, 0,     -1.25, 1.25, 0,     -1.25, 0.25, -1, 0.5});
  cases.add("transpose", "negative_axes").input(DType::f32, {"a", 3, 5, 2}, {2, 3, 5, 2}).graph([](auto in) {
    return transpose(in[0], {0, -2, 1, -1});
  });
  cases.add("transpose", "i64").input(DType::i64, {"n", 5}, {3, 5}, -9, 9).graph([](auto in) {
    return transpose(in[0], {1, 0});
  });
  cases.add("transpose", "boolean").input(DType::boolean, {"n", 5}, {3, 5}, 0, 1).graph([](auto in) {
    return transpose(in[0], {1, 0});
  });
  cases.add("transpose", "f16").input(DType::f16, {"n", 5}, {3, 5}, -2, 2).graph([](auto in) {
    return transpose(in[0], {1, 0});
  });
  cases.add("transpose", "u8").input(DType::u8, {"n", 5}, {3, 5}, 0, 255).graph([](auto in) {
    return transpose(in[0], {1, 0});
  });
  cases.add("transpose", "large_integers")
      .values(DType::i64, {2}, {9.00719925e+15, 1})
      .graph([](auto in) { return transpose(reshape(add(in[0], in[0]), {1, 2}), {1, 0}); })
      .expect({1.80143985e+16, 2});
  cases.add("transpose", "scalar").input(DType::f32, {}, {}).graph([](auto in) { return transpose(in[0], {}); });
  cases.add("transpose", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return transpose(in[0], {1, 0});
  });
}

}  // namespace accelerate::ops
