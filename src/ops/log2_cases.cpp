#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_log2(OpCases& cases) {
  cases.add("log2", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, 0.1, 4).graph([](auto in) { return log2(in[0]); });
  cases.add("log2", "known")
      .values(DType::f32, {10}, {0, 0.25, 0.5, 1, 2, 1000, 1e-30, INFINITY, -1, NAN})
      .graph([](auto in) { return log2(in[0]); })
      .expect({-INFINITY, -2, -1, 0, 1, 9.96578428466, -99.6578428466, INFINITY, NAN, NAN});
  cases.add("log2", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, 0.1, 4).graph([](auto in) {
    return log2(in[0]);
  });
  cases.add("log2", "vector_tail").input(DType::f32, {"n"}, {67}, 0.1, 4).graph([](auto in) { return log2(in[0]); });
  cases.add("log2", "scalar").input(DType::f32, {}, {}, 0.1, 4).graph([](auto in) { return log2(in[0]); });
  cases.add("log2", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return log2(in[0]); });
  cases.add("log2", "f16").input(DType::f16, {"n"}, {19}, 0.1, 4).graph([](auto in) { return log2(in[0]); });
  cases.add("log2", "bf16").input(DType::bf16, {"n"}, {19}, 0.1, 4).graph([](auto in) { return log2(in[0]); });
  cases.add("log2", "f64").input(DType::f64, {"n"}, {9}, 0.1, 4).graph([](auto in) { return log2(in[0]); });
}

}  // namespace accelerate::ops
