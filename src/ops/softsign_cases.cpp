#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_softsign(OpCases& cases) {
  cases.add("softsign", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return softsign(in[0]);
  });
  cases.add("softsign", "known")
      .values(DType::f32, {8}, {-1000, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return softsign(in[0]); })
      .expect({-0.999000999001, -0.833333333333, -0.333333333333, 0, 0.2, 0.75, 0.952380952381, NAN});
  cases.add("softsign", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return softsign(in[0]);
  });
  cases.add("softsign", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) {
    return softsign(in[0]);
  });
  cases.add("softsign", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) { return softsign(in[0]); });
  cases.add("softsign", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return softsign(in[0]); });
  cases.add("softsign", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return softsign(in[0]); });
  cases.add("softsign", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return softsign(in[0]); });
  cases.add("softsign", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) { return softsign(in[0]); });
}

}  // namespace accelerate::ops
