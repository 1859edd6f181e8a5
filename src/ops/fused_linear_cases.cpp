#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_fused_linear(OpCases& cases) {
  cases.add("fused_linear", "none")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "none"); })
      .expect({-1.6875, -4.5625, -3.375, 0.125, 2.3125,  -1.125, 0.125,  -3.625, 2,       0.25,   1.5625, -0.5,
               0.3125,  2.5,     1.625,  1.25,  -3.4375, 0.4375, -0.375, 0.9375, -4.4375, 0.4375, 1.25,   1.3125})
      .reduction(5);
  cases.add("fused_linear", "relu")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "relu"); })
      .expect({-1,  -0.5, 0,     0.5,  2.3125, -0.75, 0.125,  0.25,   2, 0.25, 1.5625, 0,
               0.5, 2.5,  1.625, 1.25, 0.25,   0.75,  -0.375, 0.9375, 0, 0.5,  1.25,   1.3125})
      .reduction(5);
  cases.add("fused_linear", "gelu")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "gelu"); })
      .expect({-1.16904515,   -0.500098617, -0.00124563978,  0.367313663, 2.18823809,  -0.882686337,
               -0.0076863375, 0.249793415,  1.86793778,      0.117937783, 1.52211609,  -0.154268769,
               0.420193567,   2.3997892,    1.60416062,      1.1497892,   0.249582449, 0.632084287,
               -0.541240956,  0.82927352,   -2.01927821e-05, 0.470307354, 1.14967658,  1.27211609})
      .reduction(5);
  cases.add("fused_linear", "gelu_tanh")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "gelu_tanh"); })
      .expect({-1.1690973,     -0.500051954, -0.000995028505, 0.367307767, 2.18800659, -0.882692233,
               -0.00769223311, 0.249874212,  1.8677142,       0.117714203, 1.52226824, -0.15428599,
               0.42019317,     2.39957158,   1.60454459,      1.14957158,  0.24971338, 0.632081356,
               -0.54127885,    0.829044407,  -7.31075713e-06, 0.470307349, 1.14967535, 1.27226824})
      .reduction(5);
  cases.add("fused_linear", "quick_gelu")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "quick_gelu"); })
      .expect({-1.16282227,    -0.504031691, -0.0107693548,  0.370384161, 2.18551631,  -0.879615839,
               -0.00461583863, 0.244710705,  1.8669343,      0.116934301, 1.50264941,  -0.149611563,
               0.421083311,    2.3916622,    1.58401947,     1.1416622,   0.243078032, 0.6343501,
               -0.535370923,   0.822951796,  -0.00232727217, 0.470410544, 1.15119965,  1.25264941})
      .reduction(5);
  cases.add("fused_linear", "silu")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "silu"); })
      .expect({-1.23003024,  -0.568716835, -0.111665177,  0.347249975,   2.03415969,  -0.902750025,
               -0.027750025, 0.171212131,  1.72162483,    -0.0283751735, 1.32985947,  -0.188770334,
               0.415013403,  2.22636171,   1.42288977,    0.976361714,   0.159939855, 0.617967302,
               -0.59290321,  0.661596619,  -0.0518622074, 0.469726245,   1.14054413,  1.07985947})
      .reduction(5);
  cases.add("fused_linear", "tanh")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "tanh"); })
      .expect({-1.59637356,  -1.49940809,  -0.997660979, 0.141642602, 1.86490662,   -1.1083574,
               0.108357398,  -0.749138886, 1.59828364,   -0.15171636, 0.468187217,  -0.462117157,
               0.3146668,    1.90514825,   0.232845029,  0.655148254, -0.748747332, 0.447290271,
               -0.445400278, 0.39319334,   -0.999720356, 0.437581253, 1.24491866,   0.218187217})
      .reduction(5);
  cases.add("fused_linear", "sigmoid")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "sigmoid"); })
      .expect({-0.665410559, -0.483085087, 0.0330859784, 0.9073334,    1.7879312,   -0.3426666,
               0.3426666,    0.270332353,  1.52729986,   -0.222700139, 0.387204594, 0.377540669,
               0.953261848,  1.81757448,   0.164900955,  0.567574476,  0.27442309,  1.17250463,
               -0.348645135, 0.308067214,  0.011687258,  0.984380084,  1.5621765,   0.137204594})
      .reduction(5);
  cases.add("fused_linear", "residual_only")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {2, 3, 4}, pattern(24, 2, 9))
      .graph([](auto in) { return fused_linear(in[0], in[1], {}, in[2], "relu"); })
      .expect({-0.9375, -0.5, 0,     0.5, 3.0625, -0.75, -0.25, 0.25,   2.75, 0.25, 0.8125, 0,
               1.0625,  2.5,  0.875, 1.5, 0.25,   0.75,  -1,    1.1875, 0,    0.5,  1,      1.5625})
      .reduction(5);
  cases.add("fused_linear", "bias_only")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {4, 5}, pattern(20, 5, 13))
      .values(DType::f32, {4}, pattern(4, 3, 7))
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], {}, "gelu"); })
      .expect({-0.169045147,  -9.86170813e-05, -0.00124563978,  -0.132686337,  1.18823809,      -0.132686337,
               0.242313663,   -0.000206585355, 1.11793778,      1.11793778,    2.02211609,      -0.154268769,
               -0.0798064335, 1.3997892,       2.35416062,      1.3997892,     -0.000417550548, -0.117915713,
               0.458759044,   1.32927352,      -2.01927821e-05, -0.0296926457, 0.149676581,     2.02211609})
      .reduction(5);
  cases.add("fused_linear", "symbolic_bf16_weight")
      .input(DType::f32, {"n", 33}, {5, 33})
      .input(DType::bf16, {17, 33}, {17, 33})
      .input(DType::f32, {17}, {17})
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], {}, "silu"); })
      .reduction(33);
  cases.add("fused_linear", "f16")
      .input(DType::f16, {"n", 33}, {5, 33})
      .input(DType::f16, {17, 33}, {17, 33})
      .input(DType::f16, {17}, {17})
      .input(DType::f16, {"n", 17}, {5, 17})
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "gelu"); })
      .reduction(33);
  cases.add("fused_linear", "bf16")
      .input(DType::bf16, {"n", 33}, {5, 33})
      .input(DType::bf16, {17, 33}, {17, 33})
      .input(DType::bf16, {17}, {17})
      .input(DType::bf16, {"n", 17}, {5, 17})
      .graph([](auto in) { return fused_linear(in[0], in[1], in[2], in[3], "gelu"); })
      .reduction(33);
}

}  // namespace accelerate::ops
