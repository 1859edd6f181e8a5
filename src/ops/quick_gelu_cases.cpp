#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_quick_gelu(OpCases& cases) {
  cases.add("quick_gelu", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) {
    return quick_gelu(in[0]);
  });
  cases.add("quick_gelu", "known")
      .values(DType::f32, {8}, {-20, -5, -0.5, 0, 0.25, 3, 20, NAN})
      .graph([](auto in) { return quick_gelu(in[0]); })
      .expect({-3.2934102414e-14, -0.00100701626735, -0.149611563394, 0, 0.1511996499, 2.98192869029, 20.0, NAN});
  cases.add("quick_gelu", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return quick_gelu(in[0]);
  });
  cases.add("quick_gelu", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) {
    return quick_gelu(in[0]);
  });
  cases.add("quick_gelu", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) { return quick_gelu(in[0]); });
  cases.add("quick_gelu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return quick_gelu(in[0]); });
  cases.add("quick_gelu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return quick_gelu(in[0]); });
  cases.add("quick_gelu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) {
    return quick_gelu(in[0]);
  });
  cases.add("quick_gelu", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) { return quick_gelu(in[0]); });
}

}  // namespace accelerate::ops
