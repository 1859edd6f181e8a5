#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_square(OpCases& cases) {
  cases.add("square", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) {
    return square(in[0]);
  });
  cases.add("square", "known")
      .values(DType::f32, {12}, {-2.5, -1, -0.5, -0.0, 0, 0.25, 0.5, 1.5, 3, INFINITY, -INFINITY, NAN})
      .graph([](auto in) { return square(in[0]); })
      .expect({6.25, 1, 0.25, 0, 0, 0.0625, 0.25, 2.25, 9, INFINITY, INFINITY, NAN});
  cases.add("square", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -2, 2).graph([](auto in) {
    return square(in[0]);
  });
  cases.add("square", "vector_tail").input(DType::f32, {"n"}, {67}, -2, 2).graph([](auto in) { return square(in[0]); });
  cases.add("square", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) { return square(in[0]); });
  cases.add("square", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return square(in[0]); });
  cases.add("square", "f16").input(DType::f16, {"n"}, {19}, -2, 2).graph([](auto in) { return square(in[0]); });
  cases.add("square", "bf16").input(DType::bf16, {"n"}, {19}, -2, 2).graph([](auto in) { return square(in[0]); });
  cases.add("square", "f64").input(DType::f64, {"n"}, {9}, -2, 2).graph([](auto in) { return square(in[0]); });
  cases.add("square", "i64")
      .values(DType::i64, {5}, {-94906265, -3, 0, 1, 94906265})
      .graph([](auto in) { return square(in[0]); })
      .expect({9007199136250225, 9, 0, 1, 9007199136250225});
  cases.add("square", "i32")
      .values(DType::i32, {4}, {-46341, -1, 0, 7})
      .graph([](auto in) { return square(in[0]); })
      .expect({-2147479015, 1, 0, 49});
  cases.add("square", "u8")
      .values(DType::u8, {4}, {0, 1, 200, 255})
      .graph([](auto in) { return square(in[0]); })
      .expect({0, 1, 64, 1});
}

}  // namespace accelerate::ops
