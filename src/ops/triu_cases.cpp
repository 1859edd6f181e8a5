#include <cmath>

#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_triu(OpCases& cases) {
  cases.add("triu", "known")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .graph([](auto in) { return triu(in[0]); })
      .expect({-1.25, 0.5,  -0.5, 1.25, 0, -0.75, 1, 0,  0, 0, -0.25, -1.25,
               0.5,   -0.5, 1.25, 0.25, 0, 1,     0, -1, 0, 0, -1.25, 0.5});
  cases.add("triu", "above")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .graph([](auto in) { return triu(in[0], 1); })
      .expect({0, 0.5, -0.5, 1.25, 0, 0, 1, 0, 0, 0, 0, -1.25, 0, -0.5, 1.25, 0.25, 0, 0, 0, -1, 0, 0, 0, 0.5});
  cases.add("triu", "below")
      .values(DType::f32, {2, 3, 4}, pattern(24))
      .graph([](auto in) { return triu(in[0], -1); })
      .expect({-1.25, 0.5,  -0.5, 1.25, 0.25,  -0.75, 1, 0,  0, 0.75,  -0.25, -1.25,
               0.5,   -0.5, 1.25, 0.25, -0.75, 1,     0, -1, 0, -0.25, -1.25, 0.5});
  cases.add("triu", "infinite")
      .values(DType::f32, {2, 2}, {INFINITY, INFINITY, INFINITY, INFINITY})
      .graph([](auto in) { return triu(in[0]); })
      .expect({INFINITY, INFINITY, 0, INFINITY});
  cases.add("triu", "symbolic").input(DType::i64, {"n", "m"}, {4, 3}, -9, 9).graph([](auto in) { return triu(in[0]); });
  cases.add("triu", "bool").input(DType::boolean, {"n", "n"}, {4, 4}).graph([](auto in) { return triu(in[0], 5); });
}

}  // namespace accelerate::ops
