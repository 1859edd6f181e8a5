#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_tanh(OpCases& cases) {
  cases.add("tanh", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -3, 3).graph([](auto in) { return tanh(in[0]); });
  cases.add("tanh", "known")
      .values(DType::f32, {9}, {-INFINITY, -20, -0.5, 0, 1e-06, 0.25, 3, INFINITY, NAN})
      .graph([](auto in) { return tanh(in[0]); })
      .expect({-1, -1, -0.46211715726, 0, 1e-06, 0.244918662404, 0.995054753687, 1, NAN});
  cases.add("tanh", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -3, 3).graph([](auto in) {
    return tanh(in[0]);
  });
  cases.add("tanh", "vector_tail").input(DType::f32, {"n"}, {67}, -3, 3).graph([](auto in) { return tanh(in[0]); });
  cases.add("tanh", "scalar").input(DType::f32, {}, {}, -3, 3).graph([](auto in) { return tanh(in[0]); });
  cases.add("tanh", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return tanh(in[0]); });
  cases.add("tanh", "f16").input(DType::f16, {"n"}, {19}, -3, 3).graph([](auto in) { return tanh(in[0]); });
  cases.add("tanh", "bf16").input(DType::bf16, {"n"}, {19}, -3, 3).graph([](auto in) { return tanh(in[0]); });
  cases.add("tanh", "f64").input(DType::f64, {"n"}, {9}, -3, 3).graph([](auto in) { return tanh(in[0]); });
}

}  // namespace accelerate::ops
