#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_relu(OpCases& cases) {
  cases.add("relu", "odd_size").input(DType::f32, {"n", 7}, {3, 7}).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "special")
      .values(DType::f32, {4}, {-1.0, 0.0, 2.5, -0.25})
      .graph([](auto in) { return relu(in[0]); })
      .expect({0.0, 0.0, 2.5, 0.0});
}

}  // namespace accelerate::ops
