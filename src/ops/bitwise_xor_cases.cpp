#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_bitwise_xor(OpCases& cases) {
  cases.add("bitwise_xor", "i64")
      .values(DType::i64, {4}, {9007199254740991, -3, 0, 7})
      .values(DType::i64, {4}, {5, -4, 9, -2})
      .graph([](auto in) { return bitwise_xor(in[0], in[1]); })
      .expect({9007199254740986, 1, 9, -7});
  cases.add("bitwise_xor", "i32")
      .values(DType::i32, {4}, {2147483647, -2147483648, 3, 0})
      .values(DType::i32, {4}, {1, -1, 4, -9})
      .graph([](auto in) { return bitwise_xor(in[0], in[1]); })
      .expect({2147483646, 2147483647, 7, -9});
  cases.add("bitwise_xor", "u8")
      .values(DType::u8, {4}, {250, 3, 0, 255})
      .values(DType::u8, {4}, {10, 4, 9, 254})
      .graph([](auto in) { return bitwise_xor(in[0], in[1]); })
      .expect({240, 7, 9, 1});
  cases.add("bitwise_xor", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return bitwise_xor(in[0], in[1]); });
  cases.add("bitwise_xor", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return bitwise_xor(in[0], in[1]); });
  cases.add("bitwise_xor", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return bitwise_xor(in[0], in[1]); })
      .expect({0, 1, 1, 0});
}

}  // namespace accelerate::ops
