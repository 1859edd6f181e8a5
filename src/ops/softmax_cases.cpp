#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_softmax(OpCases& cases) {
  cases.add("softmax", "known")
      .values(DType::f32, {5, 3},
              {1, 2, 3, 1000, 1000, 999, -INFINITY, 0, 1, -INFINITY, -INFINITY, -INFINITY, NAN, 1, 2})
      .graph([](auto in) { return softmax(in[0]); })
      .expect({0.0900305731704, 0.244728471055, 0.665240955775, 0.422318798252, 0.422318798252, 0.155362403497, 0,
               0.26894142137, 0.73105857863, NAN, NAN, NAN, NAN, NAN, NAN});
  cases.add("softmax", "odd")
      .input(DType::f32, {"n", 7}, {3, 7}, -5, 5)
      .graph([](auto in) { return softmax(in[0], -1); })
      .reduction(7);
  cases.add("softmax", "long")
      .input(DType::f32, {"n", 131}, {2, 131}, -5, 5)
      .graph([](auto in) { return softmax(in[0], 1); })
      .reduction(131);
  cases.add("softmax", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -5, 5)
      .graph([](auto in) { return softmax(in[0], 1); })
      .reduction(3);
  cases.add("softmax", "first")
      .input(DType::f32, {"n", 5}, {3, 5}, -5, 5)
      .graph([](auto in) { return softmax(in[0], 0); })
      .reduction(3);
  cases.add("softmax", "one")
      .input(DType::f32, {"n", 1}, {3, 1}, -5, 5)
      .graph([](auto in) { return softmax(in[0], -1); })
      .reduction(1);
  cases.add("softmax", "rank4")
      .input(DType::f32, {"b", 2, "t", "t"}, {1, 2, 5, 5}, -5, 5)
      .graph([](auto in) { return softmax(in[0], -1); })
      .reduction(5);
  cases.add("softmax", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return softmax(in[0]); });
  cases.add("softmax", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, -5, 5)
      .graph([](auto in) { return softmax(in[0]); })
      .reduction(9);
  cases.add("softmax", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, -5, 5)
      .graph([](auto in) { return softmax(in[0]); })
      .reduction(9);
  cases.add("softmax", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, -5, 5)
      .graph([](auto in) { return softmax(in[0]); })
      .reduction(9);
}

}  // namespace accelerate::ops
