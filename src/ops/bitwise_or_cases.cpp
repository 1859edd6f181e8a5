#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_bitwise_or(OpCases& cases) {
  cases.add("bitwise_or", "i64")
      .values(DType::i64, {4}, {9007199254740991, -3, 0, 7})
      .values(DType::i64, {4}, {5, -4, 9, -2})
      .graph([](auto in) { return bitwise_or(in[0], in[1]); })
      .expect({9007199254740991, -3, 9, -1});
  cases.add("bitwise_or", "i32")
      .values(DType::i32, {4}, {2147483647, -2147483648, 3, 0})
      .values(DType::i32, {4}, {1, -1, 4, -9})
      .graph([](auto in) { return bitwise_or(in[0], in[1]); })
      .expect({2147483647, -1, 7, -9});
  cases.add("bitwise_or", "u8")
      .values(DType::u8, {4}, {250, 3, 0, 255})
      .values(DType::u8, {4}, {10, 4, 9, 254})
      .graph([](auto in) { return bitwise_or(in[0], in[1]); })
      .expect({250, 7, 9, 255});
  cases.add("bitwise_or", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return bitwise_or(in[0], in[1]); });
  cases.add("bitwise_or", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return bitwise_or(in[0], in[1]); });
  cases.add("bitwise_or", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return bitwise_or(in[0], in[1]); })
      .expect({0, 1, 1, 1});
}

}  // namespace accelerate::ops
