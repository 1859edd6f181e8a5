#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_adaptive_max_pool(OpCases& cases) {
  cases.add("adaptive_max_pool", "known")
      .values(DType::f32, {2, 2, 6, 7}, pattern(168))
      .graph_multi([](auto in) { return adaptive_max_pool(in[0], {3, 4}); })
      .expect({0.5,  1.25, 1.25, 1,    1.25, 1,    1.25, 0.75, 1.25, 1.25, 1,    0.5,  1,   1,    1.25, 1.25,
               0.75, 1.25, 1,    1.25, 0.5,  1.25, 1.25, 1,    1.25, 1,    1,    0.75, 1,   0.75, 1.25, 0.5,
               1.25, 1.25, 1.25, 1.25, 1,    1.25, 1,    1,    0.75, 1,    0.75, 1.25, 0.5, 1.25, 1.25, 1})
      .expect({1, 3,  3,  6,  14, 17, 25, 20, 36, 36, 39, 34, 8, 8, 5,  5,  22, 16, 19, 27, 36, 38, 38, 41,
               7, 10, 10, 13, 21, 24, 18, 27, 29, 29, 40, 40, 1, 9, 12, 12, 15, 23, 26, 20, 29, 31, 31, 34});
  cases.add("adaptive_max_pool", "one_axis")
      .values(DType::f32, {2, 3, 7}, pattern(42))
      .graph_multi([](auto in) { return adaptive_max_pool(in[0], {4}); })
      .expect({0.5,   1.25, 1.25, 1,    0, 0.75, 0.5,  0.5, 1.25, 1,    1, 0.75,
               -0.25, 0.5,  1.25, 0.25, 1, 0.75, 0.75, 0.5, 1.25, 1.25, 1, 0})
      .expect({1, 3, 3, 6, 0, 2, 5, 5, 0, 3, 3, 6, 0, 2, 4, 5, 0, 3, 3, 6, 1, 1, 4, 5});
  cases.add("adaptive_max_pool", "volume")
      .values(DType::f32, {1, 2, 4, 4, 3}, pattern(96))
      .graph_multi([](auto in) { return adaptive_max_pool(in[0], {2, 3, 2}); })
      .expect({1.25, 1.25, 1.25, 1,    1,    0.75, 1.25, 1.25, 1,    1,    0.75, 1.25,
               1,    1,    0.75, 0.75, 1.25, 1.25, 1,    0.75, 1.25, 1.25, 1.25, 1.25})
      .expect({3, 14, 3, 17, 6, 20, 25, 25, 28, 28, 31, 47, 13, 2, 16, 5, 10, 10, 24, 38, 43, 32, 43, 32});
  cases.add("adaptive_max_pool", "symbolic")
      .input(DType::f32, {"n", 3, "h", "w"}, {2, 3, 9, 10})
      .graph_multi([](auto in) { return adaptive_max_pool(in[0], {2, in[0].dim(3)}); });
}

}  // namespace accelerate::ops
