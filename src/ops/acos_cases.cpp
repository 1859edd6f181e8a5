#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_acos(OpCases& cases) {
  cases.add("acos", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -0.9, 0.9).graph([](auto in) {
    return acos(in[0]);
  });
  cases.add("acos", "known")
      .values(DType::f32, {7}, {-1, -0.5, 0, 0.25, 1, 1.5, NAN})
      .graph([](auto in) { return acos(in[0]); })
      .expect({3.14159265359, 2.09439510239, 1.57079632679, 1.31811607165, 0, NAN, NAN});
  cases.add("acos", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -0.9, 0.9).graph([](auto in) {
    return acos(in[0]);
  });
  cases.add("acos", "vector_tail").input(DType::f32, {"n"}, {67}, -0.9, 0.9).graph([](auto in) { return acos(in[0]); });
  cases.add("acos", "scalar").input(DType::f32, {}, {}, -0.9, 0.9).graph([](auto in) { return acos(in[0]); });
  cases.add("acos", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return acos(in[0]); });
  cases.add("acos", "f16").input(DType::f16, {"n"}, {19}, -0.9, 0.9).graph([](auto in) { return acos(in[0]); });
  cases.add("acos", "bf16").input(DType::bf16, {"n"}, {19}, -0.9, 0.9).graph([](auto in) { return acos(in[0]); });
  cases.add("acos", "f64").input(DType::f64, {"n"}, {9}, -0.9, 0.9).graph([](auto in) { return acos(in[0]); });
}

}  // namespace accelerate::ops
