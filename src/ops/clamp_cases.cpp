#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_clamp(OpCases& cases) {
  cases.add("clamp", "both")
      .values(DType::f32, {9}, {-3, -1, -0.5, 0, 0.25, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return clamp(in[0], -0.5, 1); })
      .expect({-0.5, -0.5, -0.5, 0, 0.25, 1, 1, -0.5, NAN});
  cases.add("clamp", "both_odd").input(DType::f32, {"n", 7}, {3, 7}).graph([](auto in) {
    return clamp(in[0], -0.5, 1);
  });
  cases.add("clamp", "below")
      .values(DType::f32, {9}, {-3, -1, -0.5, 0, 0.25, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return clamp(in[0], 0.0, INFINITY); })
      .expect({0, 0, 0, 0, 0.25, 3, INFINITY, 0, NAN});
  cases.add("clamp", "below_odd").input(DType::f32, {"n", 7}, {3, 7}).graph([](auto in) {
    return clamp(in[0], 0.0, INFINITY);
  });
  cases.add("clamp", "above")
      .values(DType::f32, {9}, {-3, -1, -0.5, 0, 0.25, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return clamp(in[0], -INFINITY, 0.25); })
      .expect({-3, -1, -0.5, 0, 0.25, 0.25, 0.25, -INFINITY, NAN});
  cases.add("clamp", "above_odd").input(DType::f32, {"n", 7}, {3, 7}).graph([](auto in) {
    return clamp(in[0], -INFINITY, 0.25);
  });
  cases.add("clamp", "i64")
      .values(DType::i64, {5}, {-9007199254740991, -2, 0, 3, 9007199254740991})
      .graph([](auto in) { return clamp(in[0], -1.5, 3.0); })
      .expect({-1, -1, 0, 3, 3});
  cases.add("clamp", "u8")
      .values(DType::u8, {4}, {0, 2, 4, 255})
      .graph([](auto in) { return clamp(in[0], -1.5, 3.0); })
      .expect({0, 2, 3, 3});
  cases.add("clamp", "bf16").input(DType::bf16, {"n"}, {19}).graph([](auto in) { return clamp(in[0], -0.3, 0.7); });
  cases.add("clamp", "f16").input(DType::f16, {"n"}, {19}).graph([](auto in) { return clamp(in[0], -0.3, 0.7); });
  cases.add("clamp", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) {
    return clamp(in[0], -1.5, 3.0);
  });
}

}  // namespace accelerate::ops
