#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_add(OpCases& cases) {
  cases.add("add", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return add(in[0], in[1]);
  });
  cases.add("add", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "f64").input(DType::f64, {"n"}, {9}, -2, 2).input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) {
    return add(in[0], in[1]);
  });
  cases.add("add", "special")
      .values(DType::f32, {8}, {1, -1, 0, INFINITY, -INFINITY, NAN, 3, 0.5})
      .values(DType::f32, {8}, {2, -0.0, 0, -INFINITY, 1, 1, NAN, -4})
      .graph([](auto in) { return add(in[0], in[1]); })
      .expect({3, -1, 0, NAN, -INFINITY, NAN, NAN, -3.5});
  cases.add("add", "i64")
      .values(DType::i64, {4}, {9007199254740991, -3, 0, 7})
      .values(DType::i64, {4}, {5, -4, 9, -2})
      .graph([](auto in) { return add(in[0], in[1]); })
      .expect({9007199254740996.0, -7, 9, 5});
  cases.add("add", "i32")
      .values(DType::i32, {4}, {2147483647, -2147483648, 3, 0})
      .values(DType::i32, {4}, {1, -1, 4, -9})
      .graph([](auto in) { return add(in[0], in[1]); })
      .expect({-2147483648, 2147483647, 7, -9});
  cases.add("add", "u8")
      .values(DType::u8, {4}, {250, 3, 0, 255})
      .values(DType::u8, {4}, {10, 4, 9, 255})
      .graph([](auto in) { return add(in[0], in[1]); })
      .expect({4, 7, 9, 254});
  cases.add("add", "i8")
      .values(DType::i8, {3}, {127, -128, 3})
      .values(DType::i8, {3}, {1, -1, 4})
      .graph([](auto in) { return add(in[0], in[1]); })
      .expect({-128, 127, 7});
  cases.add("add", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return add(in[0], in[1]); });
  cases.add("add", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return add(in[0], in[1]); })
      .expect({0, 1, 1, 1});
}

}  // namespace accelerate::ops
