#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_is_nan(OpCases& cases) {
  cases.add("is_nan", "special")
      .values(DType::f32, {6}, {NAN, 1, INFINITY, -INFINITY, 0, NAN})
      .graph([](auto in) { return is_nan(in[0]); })
      .expect({1, 0, 0, 0, 0, 1});
  cases.add("is_nan", "f16")
      .values(DType::f16, {3}, {NAN, 1, INFINITY})
      .graph([](auto in) { return is_nan(in[0]); })
      .expect({1, 0, 0});
  cases.add("is_nan", "odd_size").input(DType::f32, {"n", 7}, {3, 7}).graph([](auto in) { return is_nan(in[0]); });
  cases.add("is_nan", "bf16")
      .values(DType::bf16, {3}, {NAN, 1, INFINITY})
      .graph([](auto in) { return is_nan(in[0]); })
      .expect({1, 0, 0});
}

}  // namespace accelerate::ops
