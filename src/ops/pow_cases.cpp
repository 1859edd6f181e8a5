#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_pow(OpCases& cases) {
  cases.add("pow", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, 0.1, 3)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, 0.1, 3)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, 0.1, 3)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, 0.1, 3)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, 0.1, 3)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "scalar_first")
      .input(DType::f32, {}, {}, 0.1, 3)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return pow(in[0], in[1]);
  });
  cases.add("pow", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, 0.1, 3)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, 0.1, 3)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "f64").input(DType::f64, {"n"}, {9}, 0.1, 3).input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) {
    return pow(in[0], in[1]);
  });
  cases.add("pow", "special")
      .values(DType::f32, {10}, {2, -2, 0, 0, 4, 1, NAN, INFINITY, -8, 2})
      .values(DType::f32, {10}, {3, 3, 0, -1, 0.5, NAN, 0, 2, 2, -2})
      .graph([](auto in) { return pow(in[0], in[1]); })
      .expect({8, -8, 1, INFINITY, 2, 1, 1, INFINITY, 64, 0.25});
  cases.add("pow", "i64")
      .values(DType::i64, {5}, {3, -2, 0, 7, 10})
      .values(DType::i64, {5}, {5, 3, 0, 0, 15})
      .graph([](auto in) { return pow(in[0], in[1]); })
      .expect({243, -8, 1, 1, 1000000000000000});
  cases.add("pow", "i32")
      .values(DType::i32, {4}, {3, -2, 0, 46341})
      .values(DType::i32, {4}, {5, 3, 0, 2})
      .graph([](auto in) { return pow(in[0], in[1]); })
      .expect({243, -8, 1, -2147479015});
  cases.add("pow", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, 0, 6)
      .input(DType::i64, {7}, {7}, 0, 6)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, 0, 6)
      .input(DType::i32, {11}, {11}, 0, 6)
      .graph([](auto in) { return pow(in[0], in[1]); });
  cases.add("pow", "i64_negative_exponent")
      .values(DType::i64, {5}, {1, -1, -1, 2, 0})
      .values(DType::i64, {5}, {-3, -3, -2, -1, -1})
      .graph([](auto in) { return pow(in[0], in[1]); })
      .expect({1, -1, 1, 0, 0});
}

}  // namespace accelerate::ops
