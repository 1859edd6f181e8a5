#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_abs(OpCases& cases) {
  cases.add("abs", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "known")
      .values(DType::f32, {12}, {-2.5, -1, -0.5, -0.0, 0, 0.25, 0.5, 1.5, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return abs(in[0]); })
      .expect({2.5, 1, 0.5, 0, 0, 0.25, 0.5, 1.5, 3, INFINITY, INFINITY, NAN});
  cases.add("abs", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -2, 2).graph([](auto in) {
    return abs(in[0]);
  });
  cases.add("abs", "vector_tail").input(DType::f32, {"n"}, {67}, -2, 2).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "f16").input(DType::f16, {"n"}, {19}, -2, 2).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "bf16").input(DType::bf16, {"n"}, {19}, -2, 2).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "f64").input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) { return abs(in[0]); });
  cases.add("abs", "i64")
      .values(DType::i64, {5}, {-4503599627370497, -3, 0, 1, 9007199254740991})
      .graph([](auto in) { return abs(in[0]); })
      .expect({4503599627370497, 3, 0, 1, 9007199254740991});
  cases.add("abs", "i32")
      .values(DType::i32, {4}, {-2147483647, -1, 0, 7})
      .graph([](auto in) { return abs(in[0]); })
      .expect({2147483647, 1, 0, 7});
  cases.add("abs", "u8")
      .values(DType::u8, {4}, {0, 1, 200, 255})
      .graph([](auto in) { return abs(in[0]); })
      .expect({0, 1, 200, 255});
}

}  // namespace accelerate::ops
