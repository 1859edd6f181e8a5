#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_acosh(OpCases& cases) {
  cases.add("acosh", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, 1.5, 4).graph([](auto in) {
    return acosh(in[0]);
  });
  cases.add("acosh", "known")
      .values(DType::f32, {7}, {1, 1.5, 3, 1000, 0.5, INFINITY, NAN})
      .graph([](auto in) { return acosh(in[0]); })
      .expect({0, 0.962423650119, 1.76274717404, 7.60090220954, NAN, INFINITY, NAN});
  cases.add("acosh", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, 1.5, 4).graph([](auto in) {
    return acosh(in[0]);
  });
  cases.add("acosh", "vector_tail").input(DType::f32, {"n"}, {67}, 1.5, 4).graph([](auto in) { return acosh(in[0]); });
  cases.add("acosh", "scalar").input(DType::f32, {}, {}, 1.5, 4).graph([](auto in) { return acosh(in[0]); });
  cases.add("acosh", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return acosh(in[0]); });
  cases.add("acosh", "f16").input(DType::f16, {"n"}, {19}, 1.5, 4).graph([](auto in) { return acosh(in[0]); });
  cases.add("acosh", "bf16").input(DType::bf16, {"n"}, {19}, 1.5, 4).graph([](auto in) { return acosh(in[0]); });
  cases.add("acosh", "f64").input(DType::f64, {"n"}, {9}, 1.5, 4).graph([](auto in) { return acosh(in[0]); });
}

}  // namespace accelerate::ops
