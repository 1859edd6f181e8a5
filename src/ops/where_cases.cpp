#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_where(OpCases& cases) {
  cases.add("where", "odd_size")
      .input(DType::boolean, {"n", 7}, {3, 7})
      .input(DType::f32, {"n", 7}, {3, 7})
      .input(DType::f32, {"n", 7}, {3, 7})
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "broadcast")
      .input(DType::boolean, {"n", 1, 7}, {2, 1, 7})
      .input(DType::f32, {5, 1}, {5, 1})
      .input(DType::f32, {}, {})
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "condition_row")
      .input(DType::boolean, {7}, {7})
      .input(DType::f32, {"n", 7}, {3, 7})
      .input(DType::f32, {"n", 1}, {3, 1})
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "known")
      .values(DType::boolean, {4}, {1, 0, 1, 0})
      .values(DType::f32, {4}, {1, NAN, INFINITY, 4})
      .values(DType::f32, {4}, {NAN, -2, 3, -INFINITY})
      .graph([](auto in) { return where(in[0], in[1], in[2]); })
      .expect({1, -2, INFINITY, -INFINITY});
  cases.add("where", "i64")
      .input(DType::boolean, {"n", 1}, {3, 1})
      .input(DType::i64, {"n", 5}, {3, 5}, -9, 9)
      .input(DType::i64, {5}, {5}, -9, 9)
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "i32")
      .input(DType::boolean, {"n", 1}, {3, 1})
      .input(DType::i32, {"n", 5}, {3, 5}, -9, 9)
      .input(DType::i32, {5}, {5}, -9, 9)
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "f16")
      .input(DType::boolean, {"n", 1}, {3, 1})
      .input(DType::f16, {"n", 5}, {3, 5}, -9, 9)
      .input(DType::f16, {5}, {5}, -9, 9)
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "bf16")
      .input(DType::boolean, {"n", 1}, {3, 1})
      .input(DType::bf16, {"n", 5}, {3, 5}, -9, 9)
      .input(DType::bf16, {5}, {5}, -9, 9)
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "f64")
      .input(DType::boolean, {"n", 1}, {3, 1})
      .input(DType::f64, {"n", 5}, {3, 5}, -9, 9)
      .input(DType::f64, {5}, {5}, -9, 9)
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "boolean")
      .input(DType::boolean, {"n"}, {9})
      .input(DType::boolean, {"n"}, {9})
      .input(DType::boolean, {"n"}, {9})
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
  cases.add("where", "empty")
      .input(DType::boolean, {"n"}, {0})
      .input(DType::f32, {"n"}, {0})
      .input(DType::f32, {"n"}, {0})
      .graph([](auto in) { return where(in[0], in[1], in[2]); });
}

}  // namespace accelerate::ops
