#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_cumsum(OpCases& cases) {
  cases.add("cumsum", "known_inclusive")
      .values(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6})
      .graph([](auto in) { return cumsum(in[0], -1, false, false); })
      .expect({1, 3, 6, 4, 9, 15});
  cases.add("cumsum", "odd_inclusive")
      .input(DType::f32, {"n", 7, 3}, {2, 7, 3})
      .graph([](auto in) { return cumsum(in[0], 1, false, false); })
      .reduction(7);
  cases.add("cumsum", "known_inclusive_reverse")
      .values(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6})
      .graph([](auto in) { return cumsum(in[0], -1, false, true); })
      .expect({6, 5, 3, 15, 11, 6});
  cases.add("cumsum", "odd_inclusive_reverse")
      .input(DType::f32, {"n", 7, 3}, {2, 7, 3})
      .graph([](auto in) { return cumsum(in[0], 1, false, true); })
      .reduction(7);
  cases.add("cumsum", "known_exclusive")
      .values(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6})
      .graph([](auto in) { return cumsum(in[0], -1, true, false); })
      .expect({0, 1, 3, 0, 4, 9});
  cases.add("cumsum", "odd_exclusive")
      .input(DType::f32, {"n", 7, 3}, {2, 7, 3})
      .graph([](auto in) { return cumsum(in[0], 1, true, false); })
      .reduction(7);
  cases.add("cumsum", "known_exclusive_reverse")
      .values(DType::f32, {2, 3}, {1, 2, 3, 4, 5, 6})
      .graph([](auto in) { return cumsum(in[0], -1, true, true); })
      .expect({5, 3, 0, 11, 6, 0});
  cases.add("cumsum", "odd_exclusive_reverse")
      .input(DType::f32, {"n", 7, 3}, {2, 7, 3})
      .graph([](auto in) { return cumsum(in[0], 1, true, true); })
      .reduction(7);
  cases.add("cumsum", "i64")
      .values(DType::i64, {3}, {9007199254740981, -1, 5})
      .graph([](auto in) { return cumsum(in[0], 0); })
      .expect({9007199254740981, 9007199254740980, 9007199254740985});
  cases.add("cumsum", "i32_widens")
      .values(DType::i32, {2}, {2147483647, 1})
      .graph([](auto in) { return cumsum(in[0], 0); })
      .expect({2147483647, 2147483648});
  cases.add("cumsum", "bool")
      .values(DType::boolean, {4}, {1, 0, 1, 1})
      .graph([](auto in) { return cumsum(in[0], 0); })
      .expect({1, 1, 2, 3});
  cases.add("cumsum", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return cumsum(in[0], 0); });
  cases.add("cumsum", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5})
      .graph([](auto in) { return cumsum(in[0], -1); })
      .reduction(5);
  cases.add("cumsum", "f64")
      .input(DType::f64, {"n", 5}, {3, 5})
      .graph([](auto in) { return cumsum(in[0], -1); })
      .reduction(5);
}

}  // namespace accelerate::ops
