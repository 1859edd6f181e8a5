#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_mul(OpCases& cases) {
  cases.add("mul", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return mul(in[0], in[1]);
  });
  cases.add("mul", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "f64").input(DType::f64, {"n"}, {9}, -2, 2).input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) {
    return mul(in[0], in[1]);
  });
  cases.add("mul", "special")
      .values(DType::f32, {8}, {1, -1, 0, INFINITY, -INFINITY, NAN, 3, 0.5})
      .values(DType::f32, {8}, {2, -0.0, 0, -INFINITY, 1, 1, NAN, -4})
      .graph([](auto in) { return mul(in[0], in[1]); })
      .expect({2, 0, 0, -INFINITY, -INFINITY, NAN, NAN, -2});
  cases.add("mul", "i64")
      .values(DType::i64, {4}, {94906265, -3, 0, 7})
      .values(DType::i64, {4}, {94906265, -4, 9, -2})
      .graph([](auto in) { return mul(in[0], in[1]); })
      .expect({9007199136250225, 12, 0, -14});
  cases.add("mul", "i32")
      .values(DType::i32, {4}, {65536, -2147483648, 3, 0})
      .values(DType::i32, {4}, {65537, -1, 4, -9})
      .graph([](auto in) { return mul(in[0], in[1]); })
      .expect({65536, -2147483648, 12, 0});
  cases.add("mul", "u8")
      .values(DType::u8, {4}, {250, 3, 0, 255})
      .values(DType::u8, {4}, {10, 4, 9, 255})
      .graph([](auto in) { return mul(in[0], in[1]); })
      .expect({196, 12, 0, 1});
  cases.add("mul", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return mul(in[0], in[1]); });
  cases.add("mul", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return mul(in[0], in[1]); })
      .expect({0, 0, 0, 1});
}

}  // namespace accelerate::ops
