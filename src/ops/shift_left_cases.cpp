#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_shift_left(OpCases& cases) {
  cases.add("shift_left", "i64")
      .values(DType::i64, {5}, {1, -3, 5, 1, 7})
      .values(DType::i64, {5}, {40, 2, 0, 64, -1})
      .graph([](auto in) { return shift_left(in[0], in[1]); })
      .expect({1099511627776, -12, 5, 0, 0});
  cases.add("shift_left", "i32")
      .values(DType::i32, {4}, {1, -3, 5, 1})
      .values(DType::i32, {4}, {30, 2, 0, 32})
      .graph([](auto in) { return shift_left(in[0], in[1]); })
      .expect({1073741824, -12, 5, 0});
  cases.add("shift_left", "u8")
      .values(DType::u8, {3}, {1, 200, 5})
      .values(DType::u8, {3}, {7, 1, 8})
      .graph([](auto in) { return shift_left(in[0], in[1]); })
      .expect({128, 144, 0});
  cases.add("shift_left", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, 0, 6)
      .input(DType::i64, {7}, {7}, 0, 6)
      .graph([](auto in) { return shift_left(in[0], in[1]); });
  cases.add("shift_left", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, 0, 6)
      .input(DType::i32, {11}, {11}, 0, 6)
      .graph([](auto in) { return shift_left(in[0], in[1]); });
}

}  // namespace accelerate::ops
