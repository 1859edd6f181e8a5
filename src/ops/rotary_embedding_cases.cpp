#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_rotary_embedding(OpCases& cases) {
  cases.add("rotary_embedding", "known")
      .values(DType::f32, {1, 2, 3, 6}, pattern(36))
      .values(DType::f32, {3, 6}, pattern(18, 5, 13))
      .values(DType::f32, {3, 6}, pattern(18, 3, 7))
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2]); })
      .expect({2.8125, -0.125, 0.0625,  -0.9375, 0.3125, -0.875,  -0.6875, -0.1875, 1.25,    0.75,  -0.3125, 0.4375,
               0.375,  0.9375, 0.4375,  0.25,    0.375,  -0.0625, -0.1875, 0.25,    0.375,   0.25,  -0.8125, 0.375,
               0.4375, 1.6875, -0.3125, -0.375,  0.9375, 0.125,   -1.125,  -1.25,   -0.3125, -1.25, 0.0625,  -0.0625});
  cases.add("rotary_embedding", "halves")
      .values(DType::f32, {1, 2, 3, 6}, pattern(36))
      .values(DType::f32, {3, 3}, pattern(9, 5, 13))
      .values(DType::f32, {3, 3}, pattern(9, 3, 7))
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2]); })
      .expect({2.8125,  -0.125,  0.0625,  -0.9375, -0.0625, -1.125, -0.8125, 0.125,  -2.125, -1,    -0.0625, -1.375,
               -0.3125, -0.9375, -1.5625, 0,       -0.1875, -1.25,  -0.1875, 0.25,   0.375,  0.375, 0.3125,  1.0625,
               0.3125,  -0.1875, 0.375,   0.875,   0.875,   -0.125, 0.8125,  0.9375, 0.3125, 0.375, -0.1875, 0.625});
  cases.add("rotary_embedding", "interleaved")
      .values(DType::f32, {1, 2, 3, 6}, pattern(36))
      .values(DType::f32, {3, 3}, pattern(9, 5, 13))
      .values(DType::f32, {3, 3}, pattern(9, 3, 7))
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2], true); })
      .expect({2.25,   0.1875, 0.125,  -0.3125, 0.8125, -0.5625, -1,     -0.25,  -0.625,  -0.3125, -1,     -1.75,
               -0.125, 0.375,  1.125,  -0.75,   0.9375, -1.25,   -0.75,  1.5,    -0.1875, 0.0625,  -1.625, -0.4375,
               0.8125, -1.125, 0.4375, -0.0625, 1.5,    -0.5,    0.3125, -0.625, -1.125,  -0.75,   -0.625, 0.625});
  cases.add("rotary_embedding", "interleaved_each")
      .values(DType::f32, {1, 2, 3, 6}, pattern(36))
      .values(DType::f32, {3, 6}, pattern(18, 5, 13))
      .values(DType::f32, {3, 6}, pattern(18, 3, 7))
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2], true); })
      .expect({2.25,    -0.125, -1.4375, -1.125, 0.4375, -1.25,  -0.5,   -0.75,  1.25,   -0.75,  -0.625,  0.8125,
               0,       0.875,  -0.125,  0.25,   0,      0.4375, -0.75,  0.25,   0.9375, 0.0625, -0.5625, 1.375,
               -0.0625, 1.3125, -0.3125, 0.1875, 1.25,   0.5,    -0.125, -1.375, -0.875, -1.25,  -0.125,  -0.25});
  cases.add("rotary_embedding", "partial")
      .values(DType::f32, {1, 2, 3, 10}, pattern(60))
      .values(DType::f32, {3, 6}, pattern(18, 5, 13))
      .values(DType::f32, {3, 6}, pattern(18, 3, 7))
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2], false, "BHTD", 6); })
      .expect({2.8125, -0.125,  0.0625, -0.9375, 0.3125,  -0.875,  1,       0,       -1,      0.75, 0.25, 0,
               -0.625, -0.1875, 1.875,  0.0625,  -0.75,   1,       0,       -1,      0.625,   0.5,  1.25, 0.5,
               0.3125, 0.625,   0.25,   -0.75,   1,       0,       0.5625,  -0.1875, 0.125,   1.5,  0.5,  -0.625,
               1.25,   0.25,    -0.75,  1,       0.0625,  -1.6875, -0.9375, 0,       -1.3125, 0,    -0.5, 1.25,
               0.25,   -0.75,   0.875,  0.0625,  -0.6875, 0.75,    0.25,    -0.0625, 0.5,     -0.5, 1.25, 0.25});
  cases.add("rotary_embedding", "positions_first")
      .values(DType::f32, {2, 3, 2, 6}, pattern(72))
      .values(DType::f32, {2, 3, 6}, pattern(36, 5, 13))
      .values(DType::f32, {2, 3, 6}, pattern(36, 3, 7))
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2], false, "BTHD"); })
      .expect({2.8125,  -0.125,  0.0625,  -0.9375, 0.3125,  -0.875,  -0.9375, 0,       -0.0625, -1,      -0.0625,
               -1.375,  -0.3125, -0.9375, -1.5625, 0.375,   -0.8125, -0.125,  0.0625,  -1.6875, -0.9375, 0,
               -1.3125, 0,       -0.625,  -2.125,  -0.0625, -0.75,   -0.0625, -0.0625, -1.125,  -1.25,   -0.3125,
               -1.25,   0.0625,  -0.0625, 1.375,   -0.125,  -0.3125, -2.1875, 0,       -1.8125, 0.875,   -0.125,
               -1.25,   -1.1875, -0,      0.625,   -0.1875, 0.125,   -1.125,  0.0625,  -0.4375, -0.75,   0.0625,
               -1.25,   -0.625,  0.0625,  2.1875,  -0.25,   0.5625,  1.6875,  0.125,   -0.375,  -0.6875, -0,
               -1.25,   0.8125,  0.625,   1.5625,  -0.1875, 0.375});
  cases.add("rotary_embedding", "symbolic_batch")
      .input(DType::f32, {"b", 3, "t", 8}, {2, 3, 5, 8})
      .input(DType::f32, {"b", "t", 8}, {2, 5, 8})
      .input(DType::f32, {"b", "t", 8}, {2, 5, 8})
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2]); });
  cases.add("rotary_embedding", "symbolic_one_batch")
      .input(DType::f32, {"b", "t", 3, 8}, {2, 5, 3, 8})
      .input(DType::f32, {1, "t", 4}, {1, 5, 4})
      .input(DType::f32, {1, "t", 4}, {1, 5, 4})
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2], true, "BTHD"); });
  cases.add("rotary_embedding", "symbolic_positions_first")
      .input(DType::f32, {"b", "t", 3, 8}, {2, 5, 3, 8})
      .input(DType::f32, {"t", 8}, {5, 8})
      .input(DType::f32, {"t", 8}, {5, 8})
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2], false, "BTHD"); });
  cases.add("rotary_embedding", "f16")
      .input(DType::f16, {"b", 2, "t", 8}, {1, 2, 3, 8})
      .input(DType::f32, {"t", 4}, {3, 4})
      .input(DType::f32, {"t", 4}, {3, 4})
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2]); });
  cases.add("rotary_embedding", "bf16")
      .input(DType::bf16, {"b", 2, "t", 8}, {1, 2, 3, 8})
      .input(DType::f32, {"t", 4}, {3, 4})
      .input(DType::f32, {"t", 4}, {3, 4})
      .graph([](auto in) { return rotary_embedding(in[0], in[1], in[2]); });
}

}  // namespace accelerate::ops
