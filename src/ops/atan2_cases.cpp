#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_atan2(OpCases& cases) {
  cases.add("atan2", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return atan2(in[0], in[1]);
  });
  cases.add("atan2", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "f64")
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .input(DType::f64, {"n"}, {9}, -2, 2)
      .graph([](auto in) { return atan2(in[0], in[1]); });
  cases.add("atan2", "special")
      .values(DType::f32, {8}, {1, -1, 0, 0, -0.0, INFINITY, NAN, 1})
      .values(DType::f32, {8}, {2, -1, 1, -1, -1, INFINITY, 1, 0})
      .graph([](auto in) { return atan2(in[0], in[1]); })
      .expect({0.463647603989, -2.35619449615, 0, 3.14159274101, -3.14159274101, 0.785398185253, NAN, 1.57079637051});
}

}  // namespace accelerate::ops
