#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_neg(OpCases& cases) {
  cases.add("neg", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "known")
      .values(DType::f32, {12}, {-2.5, -1, -0.5, -0.0, 0, 0.25, 0.5, 1.5, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return neg(in[0]); })
      .expect({2.5, 1, 0.5, 0, -0.0, -0.25, -0.5, -1.5, -3, -INFINITY, INFINITY, NAN});
  cases.add("neg", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -2, 2).graph([](auto in) {
    return neg(in[0]);
  });
  cases.add("neg", "vector_tail").input(DType::f32, {"n"}, {67}, -2, 2).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "f16").input(DType::f16, {"n"}, {19}, -2, 2).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "bf16").input(DType::bf16, {"n"}, {19}, -2, 2).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "f64").input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) { return neg(in[0]); });
  cases.add("neg", "i64")
      .values(DType::i64, {5}, {-4503599627370497, -3, 0, 1, 9007199254740991})
      .graph([](auto in) { return neg(in[0]); })
      .expect({4503599627370497, 3, 0, -1, -9007199254740991});
  cases.add("neg", "i32")
      .values(DType::i32, {4}, {-2147483647, -1, 0, 7})
      .graph([](auto in) { return neg(in[0]); })
      .expect({2147483647, 1, 0, -7});
  cases.add("neg", "u8")
      .values(DType::u8, {4}, {0, 1, 200, 255})
      .graph([](auto in) { return neg(in[0]); })
      .expect({0, 255, 56, 1});
}

}  // namespace accelerate::ops
