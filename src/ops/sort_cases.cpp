#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_sort(OpCases& cases) {
  cases.add("sort", "ascending")
      .values(DType::f32, {6}, {3, 1, 2, 3, -1, NAN})
      .graph_multi([](auto in) { return sort(in[0]); })
      .expect({-1, 1, 2, 3, 3, NAN})
      .expect({4, 1, 2, 0, 3, 5});
  cases.add("sort", "descending")
      .values(DType::f32, {6}, {3, 1, 2, 3, -1, NAN})
      .graph_multi([](auto in) { return sort(in[0], 0, true); })
      .expect({NAN, 3, 3, 2, 1, -1})
      .expect({5, 0, 3, 2, 1, 4});
  cases.add("sort", "odd").input(DType::f32, {"n", 7, 3}, {2, 7, 3}, -3, 3).graph_multi([](auto in) {
    return sort(in[0], 1);
  });
  cases.add("sort", "long").input(DType::f32, {"n", 65}, {2, 65}, -3, 3).graph_multi([](auto in) {
    return sort(in[0], -1);
  });
  cases.add("sort", "i64").input(DType::i64, {"n", 9}, {2, 9}, -3, 3).graph_multi([](auto in) {
    return sort(in[0], -1);
  });
  cases.add("sort", "f16").input(DType::f16, {"n", 5}, {3, 5}, -3, 3).graph_multi([](auto in) {
    return sort(in[0], 0);
  });
  cases.add("sort", "bf16").input(DType::bf16, {"n", 5}, {3, 5}, -3, 3).graph_multi([](auto in) {
    return sort(in[0], -1);
  });
  cases.add("sort", "bool")
      .values(DType::boolean, {4}, {1, 0, 1, 0})
      .graph_multi([](auto in) { return sort(in[0]); })
      .expect({0, 0, 1, 1})
      .expect({1, 3, 0, 2});
  cases.add("sort", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph_multi([](auto in) { return sort(in[0], 0); });
}

}  // namespace accelerate::ops
