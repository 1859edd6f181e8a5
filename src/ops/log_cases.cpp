#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_log(OpCases& cases) {
  cases.add("log", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, 0.1, 4).graph([](auto in) { return log(in[0]); });
  cases.add("log", "known")
      .values(DType::f32, {10}, {0, 0.25, 0.5, 1, 2, 1000, 1e-30, INFINITY, -1, NAN})
      .graph([](auto in) { return log(in[0]); })
      .expect({-INFINITY, -1.38629436112, -0.69314718056, 0, 0.69314718056, 6.90775527898, -69.0775527898, INFINITY,
               NAN, NAN});
  cases.add("log", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, 0.1, 4).graph([](auto in) {
    return log(in[0]);
  });
  cases.add("log", "vector_tail").input(DType::f32, {"n"}, {67}, 0.1, 4).graph([](auto in) { return log(in[0]); });
  cases.add("log", "scalar").input(DType::f32, {}, {}, 0.1, 4).graph([](auto in) { return log(in[0]); });
  cases.add("log", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return log(in[0]); });
  cases.add("log", "f16").input(DType::f16, {"n"}, {19}, 0.1, 4).graph([](auto in) { return log(in[0]); });
  cases.add("log", "bf16").input(DType::bf16, {"n"}, {19}, 0.1, 4).graph([](auto in) { return log(in[0]); });
  cases.add("log", "f64").input(DType::f64, {"n"}, {9}, 0.1, 4).graph([](auto in) { return log(in[0]); });
}

}  // namespace accelerate::ops
