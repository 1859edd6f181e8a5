#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_shift_right(OpCases& cases) {
  cases.add("shift_right", "i64")
      .values(DType::i64, {5}, {1099511627776, -3, 5, -1, -7})
      .values(DType::i64, {5}, {40, 1, 0, 64, -1})
      .graph([](auto in) { return shift_right(in[0], in[1]); })
      .expect({1, -2, 5, -1, -1});
  cases.add("shift_right", "i32")
      .values(DType::i32, {4}, {1073741824, -3, 5, -1})
      .values(DType::i32, {4}, {30, 1, 0, 40})
      .graph([](auto in) { return shift_right(in[0], in[1]); })
      .expect({1, -2, 5, -1});
  cases.add("shift_right", "u8")
      .values(DType::u8, {3}, {128, 200, 5})
      .values(DType::u8, {3}, {7, 1, 8})
      .graph([](auto in) { return shift_right(in[0], in[1]); })
      .expect({1, 100, 0});
  cases.add("shift_right", "u64")
      .values(DType::u64, {1}, {1.844674407370955e+19})
      .values(DType::u64, {1}, {60})
      .graph([](auto in) { return shift_right(in[0], in[1]); })
      .expect({15});
  cases.add("shift_right", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, 0, 6)
      .input(DType::i64, {7}, {7}, 0, 6)
      .graph([](auto in) { return shift_right(in[0], in[1]); });
  cases.add("shift_right", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, 0, 6)
      .input(DType::i32, {11}, {11}, 0, 6)
      .graph([](auto in) { return shift_right(in[0], in[1]); });
}

}  // namespace accelerate::ops
