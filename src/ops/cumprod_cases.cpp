#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_cumprod(OpCases& cases) {
  cases.add("cumprod", "known")
      .values(DType::f32, {2, 3}, {1, 2, 3, 4, -5, 0.5})
      .graph([](auto in) { return cumprod(in[0], -1); })
      .expect({1, 2, 6, 4, -20, -10});
  cases.add("cumprod", "odd")
      .input(DType::f32, {"n", 7, 3}, {2, 7, 3}, 0.6, 1.5)
      .graph([](auto in) { return cumprod(in[0], 1); })
      .reduction(7);
  cases.add("cumprod", "i32_widens")
      .values(DType::i32, {2}, {65536, 65536})
      .graph([](auto in) { return cumprod(in[0], 0); })
      .expect({65536, 4294967296});
  cases.add("cumprod", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return cumprod(in[0], 0); });
  cases.add("cumprod", "f16")
      .input(DType::f16, {"n", 5}, {3, 5})
      .graph([](auto in) { return cumprod(in[0], -1); })
      .reduction(5);
}

}  // namespace accelerate::ops
