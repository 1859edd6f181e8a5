#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_erf(OpCases& cases) {
  cases.add("erf", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return erf(in[0]); });
  cases.add("erf", "known")
      .values(DType::f32, {9}, {-INFINITY, -4, -0.5, 0, 1e-06, 0.25, 2, INFINITY, NAN})
      .graph([](auto in) { return erf(in[0]); })
      .expect({-1, -0.999999984583, -0.520499877813, 0, 1.1283791671e-06, 0.276326390168, 0.995322265019, 1, NAN});
  cases.add("erf", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return erf(in[0]);
  });
  cases.add("erf", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return erf(in[0]); });
  cases.add("erf", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return erf(in[0]); });
  cases.add("erf", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return erf(in[0]); });
  cases.add("erf", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return erf(in[0]); });
  cases.add("erf", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return erf(in[0]); });
  cases.add("erf", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return erf(in[0]); });
}

}  // namespace accelerate::ops
