#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_minimum(OpCases& cases) {
  cases.add("minimum", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return minimum(in[0], in[1]);
  });
  cases.add("minimum", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "f64")
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "special")
      .values(DType::f32, {8}, {1, -1, 0, INFINITY, -INFINITY, NAN, 3, 0.5})
      .values(DType::f32, {8}, {2, -1, 0, -INFINITY, 1, 1, NAN, -4})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({1, -1, 0, -INFINITY, -INFINITY, NAN, NAN, -4});
  cases.add("minimum", "i64")
      .values(DType::i64, {4}, {9007199254740991, -3, 0, 7})
      .values(DType::i64, {4}, {5, -4, 9, -2})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({5, -4, 0, -2});
  cases.add("minimum", "i32")
      .values(DType::i32, {4}, {2147483647, -2147483648, 3, 0})
      .values(DType::i32, {4}, {1, -1, 4, -9})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({1, -2147483648, 3, -9});
  cases.add("minimum", "u8")
      .values(DType::u8, {4}, {250, 3, 0, 255})
      .values(DType::u8, {4}, {10, 4, 9, 255})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({10, 3, 0, 255});
  cases.add("minimum", "i8")
      .values(DType::i8, {3}, {127, -128, 3})
      .values(DType::i8, {3}, {1, -1, 4})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({1, -128, 3});
  cases.add("minimum", "u64")
      .values(DType::u64, {2}, {9.223372036854776e+18, 1})
      .values(DType::u64, {2}, {5, 2})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({5, 1});
  cases.add("minimum", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return minimum(in[0], in[1]); });
  cases.add("minimum", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return minimum(in[0], in[1]); })
      .expect({0, 0, 0, 1});
}

}  // namespace accelerate::ops
