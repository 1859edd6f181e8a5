#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_lgamma(OpCases& cases) {
  cases.add("lgamma", "known")
      .values(DType::f32, {9}, {-1.5, -0.25, 0.5, 1, 2, 5.5, 40, 0, -2})
      .graph([](auto in) { return lgamma(in[0]); })
      .expect({0.860047015376, 1.58957531255, 0.572364942925, 0, 0, 3.95781396762, 106.631760261, INFINITY, INFINITY})
      .loosen(2);
  cases.add("lgamma", "odd_size")
      .input(DType::f32, {"n", 37}, {3, 37}, 0.25, 30)
      .graph([](auto in) { return lgamma(in[0]); })
      .loosen(2);
  cases.add("lgamma", "half").input(DType::f16, {"n", 8}, {2, 8}, 0.25, 30).graph([](auto in) {
    return lgamma(in[0]);
  });
}

}  // namespace accelerate::ops
