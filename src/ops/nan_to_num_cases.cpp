#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_nan_to_num(OpCases& cases) {
  cases.add("nan_to_num", "known")
      .values(DType::f32, {5}, {NAN, INFINITY, -INFINITY, 1.5, -2})
      .graph([](auto in) { return nan_to_num(in[0]); })
      .expect({0, 0x1.fffffep127, -0x1.fffffep127, 1.5, -2});
  cases.add("nan_to_num", "given")
      .values(DType::f32, {5}, {NAN, INFINITY, -INFINITY, 1.5, -2})
      .graph([](auto in) { return nan_to_num(in[0], 0.25, 7.0, -8.0); })
      .expect({0.25, 7, -8, 1.5, -2});
  cases.add("nan_to_num", "half")
      .values(DType::f16, {5}, {NAN, INFINITY, -INFINITY, 1.5, -2})
      .graph([](auto in) { return nan_to_num(in[0]); })
      .expect({0, 65504, -65504, 1.5, -2});
  cases.add("nan_to_num", "symbolic").input(DType::f32, {"n", 7}, {5, 7}).graph([](auto in) {
    return nan_to_num(in[0], 1.0);
  });
}

}  // namespace accelerate::ops
