#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_bitwise_not(OpCases& cases) {
  cases.add("bitwise_not", "bool")
      .values(DType::boolean, {3}, {1, 0, 1})
      .graph([](auto in) { return bitwise_not(in[0]); })
      .expect({0, 1, 0});
  cases.add("bitwise_not", "i64")
      .values(DType::i64, {4}, {0, -1, 4294967296, 5})
      .graph([](auto in) { return bitwise_not(in[0]); })
      .expect({-1, 0, -4294967297, -6});
  cases.add("bitwise_not", "u8")
      .values(DType::u8, {3}, {0, 255, 5})
      .graph([](auto in) { return bitwise_not(in[0]); })
      .expect({255, 0, 250});
  cases.add("bitwise_not", "i32").input(DType::i32, {"n"}, {13}, -9, 9).graph([](auto in) {
    return bitwise_not(in[0]);
  });
}

}  // namespace accelerate::ops
