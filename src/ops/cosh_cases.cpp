#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_cosh(OpCases& cases) {
  cases.add("cosh", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return cosh(in[0]); });
  cases.add("cosh", "known")
      .values(DType::f32, {7}, {-5, -0.5, 0, 0.25, 3, -INFINITY, NAN})
      .graph([](auto in) { return cosh(in[0]); })
      .expect({74.2099485248, 1.12762596521, 1, 1.03141309988, 10.0676619958, INFINITY, NAN});
  cases.add("cosh", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return cosh(in[0]);
  });
  cases.add("cosh", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return cosh(in[0]); });
  cases.add("cosh", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return cosh(in[0]); });
  cases.add("cosh", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return cosh(in[0]); });
  cases.add("cosh", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return cosh(in[0]); });
  cases.add("cosh", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return cosh(in[0]); });
  cases.add("cosh", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return cosh(in[0]); });
}

}  // namespace accelerate::ops
