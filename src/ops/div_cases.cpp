#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_div(OpCases& cases) {
  cases.add("div", "same_shape")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {"n", 7}, {3, 7}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "row")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .input(DType::f32, {7}, {7}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "column")
      .input(DType::f32, {"n", 1}, {5, 1}, -2, 2)
      .input(DType::f32, {"n", 9}, {5, 9}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "outer")
      .input(DType::f32, {"n", 1, 3}, {2, 1, 3}, -2, 2)
      .input(DType::f32, {5, 1}, {5, 1}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "scalar")
      .input(DType::f32, {"n", 17}, {3, 17}, -2, 2)
      .input(DType::f32, {}, {}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "scalar_first")
      .input(DType::f32, {}, {}, -2, 2)
      .input(DType::f32, {"n"}, {33}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "empty").input(DType::f32, {"n", 3}, {0, 3}).input(DType::f32, {3}, {3}).graph([](auto in) {
    return div(in[0], in[1]);
  });
  cases.add("div", "f16")
      .input(DType::f16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::f16, {5}, {5}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "bf16")
      .input(DType::bf16, {"n", 5}, {3, 5}, -2, 2)
      .input(DType::bf16, {5}, {5}, 0.5, 4)
      .graph([](auto in) { return div(in[0], in[1]); });
  cases.add("div", "f64").input(DType::f64, {"n"}, {9}, -2, 2).input(DType::f64, {"n"}, {9}, 0.5, 4).graph([](auto in) {
    return div(in[0], in[1]);
  });
  cases.add("div", "special")
      .values(DType::f32, {8}, {1, -1, 0, INFINITY, -INFINITY, NAN, 3, 0.5})
      .values(DType::f32, {8}, {2, -0.0, 0, -INFINITY, 1, 1, NAN, -4})
      .graph([](auto in) { return div(in[0], in[1]); })
      .expect({0.5, INFINITY, NAN, NAN, -INFINITY, NAN, NAN, -0.125});
}

}  // namespace accelerate::ops
