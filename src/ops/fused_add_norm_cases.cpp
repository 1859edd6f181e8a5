#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_fused_add_norm(OpCases& cases) {
  cases.add("fused_add_norm", "layer_norm")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {2, 3, 5}, pattern(30, 2, 9))
      .values(DType::f32, {5}, pattern(5, 3, 7))
      .values(DType::f32, {5}, pattern(5, 5, 13))
      .graph_multi([](auto in) { return fused_add_norm(in[0], in[1], in[2], in[3], 1e-5, "layer_norm"); })
      .expect({-0.275643898, -0.25,        0.707219193,  -1.30165295, 0.675862992,  -0.197113079,
               -0.25,        1.45099932,   -0.983296322, 0.216592643, -0.839381809, -0.25,
               1.88082425,   -1.14680404,  0.543608085,  -1.66770443, -0.25,        2.34163542,
               -0.832295573, -0.309014758, -2.67667418,  -0.25,       0.705831454,  -0.901943818,
               -0.436393273, -2.33852214,  -0.25,        -0.34163542, -1.05590148,  0.138197048})
      .expect({-2.25, 0,    -0.5, 1.75, 1.25, -1.5, 0.75, 0.25,  -0.25, -0.25, -0.75, -1.25, 1,     0.5, 0.5,
               0,     -0.5, 1.75, -1,   -1.5, 0.75, 0.25, -0.25, -0.25, -0.75, 1.5,   1,     -1.75, 0.5, 0})
      .reduction(5);
  cases.add("fused_add_norm", "layer_norm_no_bias")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {2, 3, 5}, pattern(30, 2, 9))
      .values(DType::f32, {5}, pattern(5, 3, 7))
      .graph_multi([](auto in) { return fused_add_norm(in[0], in[1], in[2], {}, 1e-5, "layer_norm"); })
      .expect({1.2243561,    0, -0.292780807, -0.301652953,  0.425862992,
               1.30288692,   0, 0.450999319,  0.0167036785,  -0.033407357,
               0.660618191,  0, 0.880824255,  -0.146804042,  0.293608085,
               -0.167704427, 0, 1.34163542,   0.167704427,   -0.559014758,
               -1.17667418,  0, -0.294168546, 0.0980561819,  -0.686393273,
               -0.838522137, 0, -1.34163542,  -0.0559014758, -0.111802952})
      .expect({-2.25, 0,    -0.5, 1.75, 1.25, -1.5, 0.75, 0.25,  -0.25, -0.25, -0.75, -1.25, 1,     0.5, 0.5,
               0,     -0.5, 1.75, -1,   -1.5, 0.75, 0.25, -0.25, -0.25, -0.75, 1.5,   1,     -1.75, 0.5, 0})
      .reduction(5);
  cases.add("fused_add_norm", "rms_norm")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {2, 3, 5}, pattern(30, 2, 9))
      .values(DType::f32, {5}, pattern(5, 3, 7))
      .graph_multi([](auto in) { return fused_add_norm(in[0], in[1], in[2], {}, 1e-6, "rms_norm"); })
      .expect({1.19698885,   0,  -0.265997521, -0.310330442, 0.443329202,
               1.45236754,   0,  0.242061257,  0.0806870858, -0.161374172,
               0.660622291,  -0, 0.880829722,  -0.146804954, 0.293609907,
               -0,           -0, 1.14564349,   0.218217807,  -0.654653421,
               -1.09788549,  0,  -0.36596183,  0.121987277,  -0.731923661,
               -0.981980132, 0,  -1.14564349,  -0.109108904, 0})
      .expect({-2.25, 0,    -0.5, 1.75, 1.25, -1.5, 0.75, 0.25,  -0.25, -0.25, -0.75, -1.25, 1,     0.5, 0.5,
               0,     -0.5, 1.75, -1,   -1.5, 0.75, 0.25, -0.25, -0.25, -0.75, 1.5,   1,     -1.75, 0.5, 0})
      .reduction(5);
  cases.add("fused_add_norm", "symbolic")
      .input(DType::f32, {"b", "t", 131}, {2, 3, 131})
      .input(DType::f32, {"b", "t", 131}, {2, 3, 131})
      .input(DType::f32, {131}, {131})
      .input(DType::f32, {131}, {131})
      .graph_multi([](auto in) { return fused_add_norm(in[0], in[1], in[2], in[3], 1e-5, "layer_norm"); })
      .reduction(131);
  cases.add("fused_add_norm", "f16")
      .input(DType::f16, {"n", 17}, {3, 17})
      .input(DType::f16, {"n", 17}, {3, 17})
      .input(DType::f16, {17}, {17})
      .graph_multi([](auto in) { return fused_add_norm(in[0], in[1], in[2], {}, 1e-6, "rms_norm"); })
      .reduction(17);
  cases.add("fused_add_norm", "bf16")
      .input(DType::bf16, {"n", 17}, {3, 17})
      .input(DType::bf16, {"n", 17}, {3, 17})
      .input(DType::bf16, {17}, {17})
      .graph_multi([](auto in) { return fused_add_norm(in[0], in[1], in[2], {}, 1e-6, "rms_norm"); })
      .reduction(17);
}

}  // namespace accelerate::ops
