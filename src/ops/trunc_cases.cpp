#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_trunc(OpCases& cases) {
  cases.add("trunc", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "known")
      .values(
          DType::f32, {16},
          {-2.5, -1, -0.5, -0.0, 0, 0.25, 0.5, 1.5, 3, INFINITY, -INFINITY, NAN, 0.9999999, -0.9999999, 8388609, 1e+30})
      .graph([](auto in) { return trunc(in[0]); })
      .expect({-2, -1, -0.0, -0.0, 0, 0, 0, 1, 3, INFINITY, -INFINITY, NAN, 0, -0.0, 8388609, 1e+30});
  cases.add("trunc", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -2, 2).graph([](auto in) {
    return trunc(in[0]);
  });
  cases.add("trunc", "vector_tail").input(DType::f32, {"n"}, {67}, -2, 2).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "f16").input(DType::f16, {"n"}, {19}, -2, 2).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "bf16").input(DType::bf16, {"n"}, {19}, -2, 2).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "f64").input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) { return trunc(in[0]); });
  cases.add("trunc", "i64")
      .values(DType::i64, {3}, {-4503599627370497, 0, 9007199254740991})
      .graph([](auto in) { return trunc(in[0]); })
      .expect({-4503599627370497, 0, 9007199254740991});
  cases.add("trunc", "i32")
      .values(DType::i32, {3}, {-5, 0, 7})
      .graph([](auto in) { return trunc(in[0]); })
      .expect({-5, 0, 7});
}

}  // namespace accelerate::ops
