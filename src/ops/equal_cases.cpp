#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_equal(OpCases& cases) {
  cases.add("equal", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return equal(in[0], in[1]);
  });
  cases.add("equal", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "f64")
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "special")
      .values(DType::f32, {7}, {1, 2, -0.0, NAN, NAN, INFINITY, -INFINITY})
      .values(DType::f32, {7}, {1, 3, 0, NAN, 1, INFINITY, INFINITY})
      .graph([](auto in) { return equal(in[0], in[1]); })
      .expect({1, 0, 1, 0, 0, 1, 0});
  cases.add("equal", "i64")
      .values(DType::i64, {4}, {9007199254740991, 9007199254740990, -3, 7})
      .values(DType::i64, {4}, {9007199254740990, 9007199254740990, -2, -7})
      .graph([](auto in) { return equal(in[0], in[1]); })
      .expect({0, 1, 0, 0});
  cases.add("equal", "i32")
      .values(DType::i32, {3}, {1, 2, -3})
      .values(DType::i32, {3}, {1, -2, 3})
      .graph([](auto in) { return equal(in[0], in[1]); })
      .expect({1, 0, 0});
  cases.add("equal", "u8")
      .values(DType::u8, {3}, {1, 200, 3})
      .values(DType::u8, {3}, {200, 1, 3})
      .graph([](auto in) { return equal(in[0], in[1]); })
      .expect({0, 0, 1});
  cases.add("equal", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return equal(in[0], in[1]); });
  cases.add("equal", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return equal(in[0], in[1]); })
      .expect({1, 0, 0, 1});
  cases.add("equal", "u64")
      .values(DType::u64, {3}, {9.223372036854776e+18, 1, 5})
      .values(DType::u64, {3}, {1, 9.223372036854776e+18, 5})
      .graph([](auto in) { return equal(in[0], in[1]); })
      .expect({0, 0, 1});
}

}  // namespace accelerate::ops
