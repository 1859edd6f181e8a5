#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_logical_or(OpCases& cases) {
  cases.add("logical_or", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return logical_or(in[0], in[1]);
  });
  cases.add("logical_or", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "f64")
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "special")
      .values(DType::f32, {5}, {0, 1, 0, NAN, -0.0})
      .values(DType::f32, {5}, {0, 0, 2, NAN, 0})
      .graph([](auto in) { return logical_or(in[0], in[1]); })
      .expect({0, 1, 1, 1, 0});
  cases.add("logical_or", "i64")
      .values(DType::i64, {4}, {0, 4294967296, 0, 7})
      .values(DType::i64, {4}, {0, 0, 9, -2})
      .graph([](auto in) { return logical_or(in[0], in[1]); })
      .expect({0, 1, 1, 1});
  cases.add("logical_or", "i64_broadcast")
      .input(DType::i64, {"n", 7}, {3, 7}, -9, 9)
      .input(DType::i64, {7}, {7}, 1, 9)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "i32_broadcast")
      .input(DType::i32, {"n", 1}, {3, 1}, -9, 9)
      .input(DType::i32, {11}, {11}, 1, 9)
      .graph([](auto in) { return logical_or(in[0], in[1]); });
  cases.add("logical_or", "boolean")
      .values(DType::boolean, {4}, {0, 0, 1, 1})
      .values(DType::boolean, {4}, {0, 1, 0, 1})
      .graph([](auto in) { return logical_or(in[0], in[1]); })
      .expect({0, 1, 1, 1});
}

}  // namespace accelerate::ops
