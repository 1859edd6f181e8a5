#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_rms_norm(OpCases& cases) {
  cases.add("rms_norm", "f16")
      .input(DType::f16, {"n", 17}, {3, 17})
      .input(DType::f16, {17}, {17})
      .graph([](auto in) { return rms_norm(in[0], in[1], 1e-5); })
      .reduction(17);
  cases.add("rms_norm", "bf16")
      .input(DType::bf16, {"n", 17}, {3, 17})
      .input(DType::bf16, {17}, {17})
      .graph([](auto in) { return rms_norm(in[0], in[1], 1e-5); })
      .reduction(17);
  cases.add("rms_norm", "f64")
      .input(DType::f64, {"n", 17}, {3, 17})
      .input(DType::f64, {17}, {17})
      .graph([](auto in) { return rms_norm(in[0], in[1], 1e-5); })
      .reduction(17);
  cases.add("rms_norm", "known")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {5}, pattern(5, 3, 7))
      .graph([](auto in) { return rms_norm(in[0], in[1], 1e-6); })
      .expect({1.09166647,
               0,
               -0.436666586,
               -0.363888822,
               0.145555529,
               0.711511904,
               0,
               0,
               0.316227513,
               0.47434127,
               0.218333293,
               -0,
               0.436666586,
               0.145555529,
               0.727777644,
               -0.258774338,
               -0,
               1.03509735,
               -0,
               -0.690064902,
               -0.767242918,
               -0,
               -1.2787382,
               -0.170498426,
               -0.340996853,
               -1.17416962,
               0,
               -0.704501775,
               -0.3131119,
               0})
      .reduction(5);
  cases.add("rms_norm", "plain")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .graph([](auto in) { return rms_norm(in[0], {}, 1e-6); })
      .expect({-1.45555529,
               0.582222115,
               -0.582222115,
               1.45555529,
               0.291111058,
               -0.948682539,
               1.26491005,
               0,
               -1.26491005,
               0.948682539,
               -0.291111058,
               -1.45555529,
               0.582222115,
               -0.582222115,
               1.45555529,
               0.345032451,
               -1.03509735,
               1.3801298,
               0,
               -1.3801298,
               1.02299056,
               -0.340996853,
               -1.70498426,
               0.681993705,
               -0.681993705,
               1.5655595,
               0.3131119,
               -0.9393357,
               1.2524476,
               0})
      .reduction(5);
  cases.add("rms_norm", "zeros")
      .values(DType::f32, {1, 3}, {0, 0, 0})
      .graph([](auto in) { return rms_norm(in[0], {}, 1e-6); })
      .expect({0, 0, 0})
      .reduction(3);
  cases.add("rms_norm", "odd_width")
      .input(DType::f32, {"b", "t", 131}, {2, 3, 131})
      .input(DType::f32, {131}, {131})
      .graph([](auto in) { return rms_norm(in[0], in[1], 1e-6); })
      .reduction(131);
}

}  // namespace accelerate::ops
