#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_batch_norm(OpCases& cases) {
  cases.add("batch_norm", "known")
      .values(DType::f32, {2, 3, 2, 2}, pattern(24))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .values(DType::f32, {3}, pattern(3, 5, 13))
      .values(DType::f32, {3}, pattern(3, 2, 5))
      .values(DType::f32, {3}, {0.5, 2, 1.25})
      .graph([](auto in) { return batch_norm(in[0], in[1], in[2], in[3], in[4], 1e-3); })
      .expect({-0.705299175, -2.5596011, -1.5,           -3.35430192, -0.25,        -0.25,
               -0.25,        -0.25,      -0.00582833897, 1.16763806,  0.497085831,  -0.173466395,
               -2.5596011,   -1.5,       -3.35430192,    -2.29470082, -0.25,        -0.25,
               -0.25,        -0.25,      1.16763806,     0.497085831, -0.173466395, 1});
  cases.add("batch_norm", "last_axis")
      .values(DType::f32, {2, 2, 2, 3}, pattern(24))
      .values(DType::f32, {3}, pattern(3, 3, 7))
      .values(DType::f32, {3}, pattern(3, 5, 13))
      .values(DType::f32, {3}, pattern(3, 2, 5))
      .values(DType::f32, {3}, {0.5, 2, 1.25})
      .graph([](auto in) { return batch_norm(in[0], in[1], in[2], in[3], in[4], 1e-3, -1); })
      .expect({-0.705299175, -0.25, 0.329447774,    -3.35430192, -0.25, 0.161809718,
               -3.08940165,  -0.25, -0.00582833897, -2.82450137, -0.25, -0.173466395,
               -2.5596011,   -0.25, 1.50291417,     -2.29470082, -0.25, 1.33527611,
               -2.02980055,  -0.25, 1.16763806,     -1.76490027, -0.25, 1});
  cases.add("batch_norm", "symbolic")
      .input(DType::f32, {"n", 5, "h", "w"}, {2, 5, 3, 1})
      .input(DType::f32, {5}, {5})
      .input(DType::f32, {5}, {5})
      .input(DType::f32, {5}, {5})
      .input(DType::f32, {5}, {5}, 0.1, 2)
      .graph([](auto in) { return batch_norm(in[0], in[1], in[2], in[3], in[4], 1e-5); });
  cases.add("batch_norm", "bf16")
      .input(DType::bf16, {"n", 5}, {4, 5})
      .input(DType::bf16, {5}, {5})
      .input(DType::bf16, {5}, {5})
      .input(DType::bf16, {5}, {5})
      .input(DType::bf16, {5}, {5}, 0.5, 2)
      .graph([](auto in) { return batch_norm(in[0], in[1], in[2], in[3], in[4], 1e-5); });
}

}  // namespace accelerate::ops
