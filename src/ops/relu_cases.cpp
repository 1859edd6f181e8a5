#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_relu(OpCases& cases) {
  cases.add("relu", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "known")
      .values(DType::f32, {12}, {-2.5, -1, -0.5, -0.0, 0, 0.25, 0.5, 1.5, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return relu(in[0]); })
      .expect({0, 0, 0, -0.0, 0, 0.25, 0.5, 1.5, 3, INFINITY, 0, NAN});
  cases.add("relu", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -2, 2).graph([](auto in) {
    return relu(in[0]);
  });
  cases.add("relu", "vector_tail").input(DType::f32, {"n"}, {67}, -2, 2).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "f16").input(DType::f16, {"n"}, {19}, -2, 2).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "bf16").input(DType::bf16, {"n"}, {19}, -2, 2).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "f64").input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) { return relu(in[0]); });
  cases.add("relu", "i64")
      .values(DType::i64, {5}, {-4503599627370497, -3, 0, 1, 9007199254740991})
      .graph([](auto in) { return relu(in[0]); })
      .expect({0, 0, 0, 1, 9007199254740991});
  cases.add("relu", "i32")
      .values(DType::i32, {4}, {-2147483647, -1, 0, 7})
      .graph([](auto in) { return relu(in[0]); })
      .expect({0, 0, 0, 7});
  cases.add("relu", "u8")
      .values(DType::u8, {4}, {0, 1, 200, 255})
      .graph([](auto in) { return relu(in[0]); })
      .expect({0, 1, 200, 255});
}

}  // namespace accelerate::ops
