#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_logical_not(OpCases& cases) {
  cases.add("logical_not", "bool")
      .values(DType::boolean, {3}, {1, 0, 1})
      .graph([](auto in) { return logical_not(in[0]); })
      .expect({0, 1, 0});
  cases.add("logical_not", "f32")
      .values(DType::f32, {4}, {0, -0.0, NAN, 2})
      .graph([](auto in) { return logical_not(in[0]); })
      .expect({1, 1, 0, 0});
  cases.add("logical_not", "i64")
      .values(DType::i64, {3}, {0, -1, 4294967296})
      .graph([](auto in) { return logical_not(in[0]); })
      .expect({1, 0, 0});
  cases.add("logical_not", "odd_size").input(DType::boolean, {"n", 7}, {5, 7}).graph([](auto in) {
    return logical_not(in[0]);
  });
}

}  // namespace accelerate::ops
