#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_asinh(OpCases& cases) {
  cases.add("asinh", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return asinh(in[0]); });
  cases.add("asinh", "known")
      .values(DType::f32, {7}, {-1000, -0.5, 0, 0.25, 3, INFINITY, NAN})
      .graph([](auto in) { return asinh(in[0]); })
      .expect({-7.60090270954, -0.48121182506, 0, 0.247466461547, 1.81844645923, INFINITY, NAN});
  cases.add("asinh", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return asinh(in[0]);
  });
  cases.add("asinh", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return asinh(in[0]); });
  cases.add("asinh", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return asinh(in[0]); });
  cases.add("asinh", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return asinh(in[0]); });
  cases.add("asinh", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return asinh(in[0]); });
  cases.add("asinh", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return asinh(in[0]); });
  cases.add("asinh", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return asinh(in[0]); });
}

}  // namespace accelerate::ops
