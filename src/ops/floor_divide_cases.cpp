#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_floor_divide(OpCases& cases) {
  cases.add("floor_divide", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return floor_divide(in[0], in[1]);
  });
  cases.add("floor_divide", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "f64")
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .input(DType::f64, {"n"}, {9}, 0.5, 2)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "special")
      .values(DType::f32, {10}, {-7, 7, -7, 7, 5.5, -5.5, 1, NAN, INFINITY, -7})
      .values(DType::f32, {10}, {3, -3, INFINITY, -INFINITY, 2.5, 2.5, 0, 1, 2, 7})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({-3, -3, -1, -1, 2, -3, INFINITY, NAN, NAN, -1});
  cases.add("floor_divide", "i64")
      .values(DType::i64, {6}, {-7, 7, -7, 7, 9007199254740991, 0})
      .values(DType::i64, {6}, {3, -3, -3, 3, -1, 5})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({-3, -3, 2, 2, -9007199254740991, 0});
  cases.add("floor_divide", "i32")
      .values(DType::i32, {3}, {-2147483647, 7, -7})
      .values(DType::i32, {3}, {10, -3, -3})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({-214748365, -3, 2});
  cases.add("floor_divide", "u8")
      .values(DType::u8, {3}, {250, 3, 0})
      .values(DType::u8, {3}, {7, 4, 9})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({35, 0, 0});
  cases.add("floor_divide", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return floor_divide(in[0], in[1]); });
  cases.add("floor_divide", "by_zero")
      .values(DType::i64, {3}, {7, -7, 0})
      .values(DType::i64, {3}, {0, 0, 0})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({0, 0, 0});
  cases.add("floor_divide", "smallest_by_minus_one")
      .values(DType::i32, {1}, {-2147483648})
      .values(DType::i32, {1}, {-1})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({-2147483648});
  cases.add("floor_divide", "u64")
      .values(DType::u64, {2}, {1.844674407370955e+19, 9})
      .values(DType::u64, {2}, {2048, 4})
      .graph([](auto in) { return floor_divide(in[0], in[1]); })
      .expect({9007199254740991, 2});
}

}  // namespace accelerate::ops
