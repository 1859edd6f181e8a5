#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_arg_max(OpCases& cases) {
  cases.add("arg_max", "known")
      .values(DType::f32, {4, 4}, {1, 5, 5, -2, 3, 3, 3, 3, NAN, 1, 2, NAN, -INFINITY, INFINITY, 0, 1})
      .graph([](auto in) { return arg_max(in[0], -1); })
      .expect({1, 0, 0, 1});
  cases.add("arg_max", "odd").input(DType::f32, {"n", 7, 3}, {2, 7, 3}).graph([](auto in) {
    return arg_max(in[0], 1);
  });
  cases.add("arg_max", "keep").input(DType::f32, {"n", 37}, {3, 37}).graph([](auto in) {
    return arg_max(in[0], -1, true);
  });
  cases.add("arg_max", "first").input(DType::f32, {"n", 5}, {3, 5}).graph([](auto in) { return arg_max(in[0], 0); });
  cases.add("arg_max", "i64")
      .values(DType::i64, {3}, {9007199254740990, 9007199254740991, 9007199254740991})
      .graph([](auto in) { return arg_max(in[0], 0); })
      .expect({1});
  cases.add("arg_max", "f16").input(DType::f16, {"n", 5}, {3, 5}).graph([](auto in) { return arg_max(in[0], -1); });
  cases.add("arg_max", "bf16").input(DType::bf16, {"n", 5}, {3, 5}).graph([](auto in) { return arg_max(in[0], -1); });
  cases.add("arg_max", "i32").input(DType::i32, {"n", 5}, {3, 5}, -9, 9).graph([](auto in) {
    return arg_max(in[0], -1);
  });
  cases.add("arg_max", "no_rows").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return arg_max(in[0], -1); });
}

}  // namespace accelerate::ops
