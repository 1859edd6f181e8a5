#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_selu(OpCases& cases) {
  cases.add("selu", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -4, 4).graph([](auto in) { return selu(in[0]); });
  cases.add("selu", "known")
      .values(DType::f32, {9}, {-100, -5, -0.5, 0, 0.25, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return selu(in[0]); })
      .expect({-1.75809934085, -1.74625336067, -0.691758187803, 0, 0.262675246839, 3.15210296207, INFINITY,
               -1.75809934085, NAN});
  cases.add("selu", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -4, 4).graph([](auto in) {
    return selu(in[0]);
  });
  cases.add("selu", "vector_tail").input(DType::f32, {"n"}, {67}, -4, 4).graph([](auto in) { return selu(in[0]); });
  cases.add("selu", "scalar").input(DType::f32, {}, {}, -4, 4).graph([](auto in) { return selu(in[0]); });
  cases.add("selu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return selu(in[0]); });
  cases.add("selu", "f16").input(DType::f16, {"n"}, {19}, -4, 4).graph([](auto in) { return selu(in[0]); });
  cases.add("selu", "bf16").input(DType::bf16, {"n"}, {19}, -4, 4).graph([](auto in) { return selu(in[0]); });
  cases.add("selu", "f64").input(DType::f64, {"n"}, {9}, -4, 4).graph([](auto in) { return selu(in[0]); });
}

}  // namespace accelerate::ops
