#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_layer_norm(OpCases& cases) {
  cases.add("layer_norm", "known")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {5}, pattern(5, 3, 7))
      .values(DType::f32, {5}, pattern(5, 5, 13))
      .graph([](auto in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
      .expect(
          {-0.362744642, -0.25,       0.518853502, -1.34992473,  0.366641575, -0.788493218, -0.25,        1,
           -0.683774764, 0.724337854, -1.32503764, -0.25,        1.4811465,   -0.868778228, 1.00817024,   -1.86578128,
           -0.25,        2.14959831,  -1.03483631, -0.377053625, -2.44058044, -0.25,        -0.149598312, -1.22643603,
           0.0061458125, -2.44058044, -0.25,       -0.149598312, -1.22643603, 0.0061458125})
      .reduction(5);
  cases.add("layer_norm", "no_bias")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .values(DType::f32, {5}, pattern(5, 3, 7))
      .graph([](auto in) { return layer_norm(in[0], in[1], {}, 1e-12); })
      .expect({1.13726309,   0, -0.481149771,   -0.349927106,  0.116642369,
               0.711512474,  0, 1.31656255e-17, 0.316227766,   0.474341649,
               0.174963553,  0, 0.481149771,    0.131222665,   0.758175397,
               -0.365784833, 0, 1.14960947,     -0.0348366507, -0.627059713,
               -0.940589569, 0, -1.14960947,    -0.22643823,   -0.243856555,
               -0.940589569, 0, -1.14960947,    -0.22643823,   -0.243856555})
      .reduction(5);
  cases.add("layer_norm", "plain")
      .values(DType::f32, {2, 3, 5}, pattern(30))
      .graph([](auto in) { return layer_norm(in[0], {}, {}, 1e-5); })
      .expect({-1.51634048,  0.524887089,    -0.641528664, 1.3996989,   0.23328315,   -0.948675709,
               1.26490094,   1.75540269e-17, -1.26490094,  0.948675709, -0.23328315,  -1.3996989,
               0.641528664,  -0.524887089,   1.51634048,   0.487708375, -0.905744125, 1.53279775,
               0.13934525,   -1.25410725,    1.25410725,   -0.13934525, -1.53279775,  0.905744125,
               -0.487708375, 1.25410725,     -0.13934525,  -1.53279775, 0.905744125,  -0.487708375})
      .reduction(5);
  cases.add("layer_norm", "equal_elements")
      .values(DType::f32, {1, 3}, {2, 2, 2})
      .graph([](auto in) { return layer_norm(in[0], {}, {}, 1e-5); })
      .expect({0, 0, 0})
      .reduction(3);
  cases.add("layer_norm", "large_mean")
      .values(DType::f32, {1, 4}, {1000, 1001, 1002, 1003})
      .graph([](auto in) { return layer_norm(in[0], {}, {}, 1e-5); })
      .expect({-1.34163542, -0.447211807, 0.447211807, 1.34163542})
      .reduction(4);
  cases.add("layer_norm", "odd_width")
      .input(DType::f32, {"b", "t", 131}, {2, 3, 131})
      .input(DType::f32, {131}, {131})
      .input(DType::f32, {131}, {131})
      .graph([](auto in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
      .reduction(131);
  cases.add("layer_norm", "width_one").input(DType::f32, {"n", 1}, {3, 1}).graph([](auto in) {
    return layer_norm(in[0], {}, {}, 1e-5);
  });
  cases.add("layer_norm", "no_rows").input(DType::f32, {"n", 4}, {0, 4}).graph([](auto in) {
    return layer_norm(in[0], {}, {}, 1e-5);
  });
  cases.add("layer_norm", "f16")
      .input(DType::f16, {"n", 17}, {3, 17})
      .input(DType::f16, {17}, {17})
      .input(DType::f16, {17}, {17})
      .graph([](auto in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
      .reduction(17);
  cases.add("layer_norm", "bf16")
      .input(DType::bf16, {"n", 17}, {3, 17})
      .input(DType::bf16, {17}, {17})
      .input(DType::bf16, {17}, {17})
      .graph([](auto in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
      .reduction(17);
  cases.add("layer_norm", "f64")
      .input(DType::f64, {"n", 17}, {3, 17})
      .input(DType::f64, {17}, {17})
      .input(DType::f64, {17}, {17})
      .graph([](auto in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
      .reduction(17);
  cases.add("layer_norm", "f32_weight_for_bf16")
      .input(DType::bf16, {"n", 17}, {3, 17})
      .input(DType::f32, {17}, {17})
      .input(DType::f32, {17}, {17})
      .graph([](auto in) { return layer_norm(in[0], in[1], in[2], 1e-5); })
      .reduction(17);
}

}  // namespace accelerate::ops
