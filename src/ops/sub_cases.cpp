#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_sub(OpCases& cases) {
  cases.add("sub", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return sub(in[0], in[1]);
  });
  cases.add("sub", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "f64").input(DType::f64, {"n"}, {9}, -2, 2).input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) {
    return sub(in[0], in[1]);
  });
  cases.add("sub", "special")
      .values(DType::f32, {8}, {1, -1, 0, INFINITY, -INFINITY, NAN, 3, 0.5})
      .values(DType::f32, {8}, {2, -0.0, 0, -INFINITY, 1, 1, NAN, -4})
      .graph([](auto in) { return sub(in[0], in[1]); })
      .expect({-1, -1, 0, INFINITY, -INFINITY, NAN, NAN, 4.5});
  cases.add("sub", "i64")
      .values(DType::i64, {4}, {9007199254740991, -3, 0, 7})
      .values(DType::i64, {4}, {5, -4, 9, -2})
      .graph([](auto in) { return sub(in[0], in[1]); })
      .expect({9007199254740986, 1, -9, 9});
  cases.add("sub", "i32")
      .values(DType::i32, {4}, {2147483647, -2147483648, 3, 0})
      .values(DType::i32, {4}, {1, -1, 4, -9})
      .graph([](auto in) { return sub(in[0], in[1]); })
      .expect({2147483646, -2147483647, -1, 9});
  cases.add("sub", "u8")
      .values(DType::u8, {4}, {250, 3, 0, 255})
      .values(DType::u8, {4}, {10, 4, 9, 255})
      .graph([](auto in) { return sub(in[0], in[1]); })
      .expect({240, 255, 247, 0});
  cases.add("sub", "i8")
      .values(DType::i8, {3}, {127, -128, 3})
      .values(DType::i8, {3}, {1, -1, 4})
      .graph([](auto in) { return sub(in[0], in[1]); })
      .expect({126, -127, -1});
  cases.add("sub", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return sub(in[0], in[1]); });
  cases.add("sub", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return sub(in[0], in[1]); });
}

}  // namespace accelerate::ops
