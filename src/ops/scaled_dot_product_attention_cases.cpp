#include <cmath>

#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_scaled_dot_product_attention(OpCases& cases) {
  cases.add("scaled_dot_product_attention", "known")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.388761719,  0.361238281,  0.145521169,   0.111238281,  0.0194879584, -0.572336372,
               0.177663628,   0.177112054,  -0.0723363724, 0.263115163,  -0.458584016, 0.291415984,
               -0.0871245456, 0.041415984,  0.107246766,   0.269349752,  -0.484890426, 0.265109574,
               -0.116739426,  0.0151095737, 0.194477847,   -0.394141555, 0.355858445,  -0.18409752,
               0.105858445,   0.219998105,  -0.390683264,  0.359316736,  -0.153809485, 0.109316736})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "scale")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        options.scale = 0.3;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.383406334, 0.366593666,  0.0610019871,  0.116593666, 0.0124558016, -0.518142588,
               0.231857412,  0.0480281236, -0.0181425882, 0.190856784, -0.433365755, 0.316634245,
               -0.122702339, 0.066634245,  0.0749964918,  0.243646607, -0.451865275, 0.298134725,
               -0.136550858, 0.0481347251, 0.191806433,   -0.38786804, 0.36213196,   -0.184805817,
               0.11213196,   0.209467413,  -0.385535051,  0.364464949, -0.164995044, 0.114464949})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "causal")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        options.is_causal = true;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.75,        0,
               0.75,         -0.25,
               0.5,          -0.687099344,
               0.0629006558, 0.372596065,
               -0.187099344, 0.562900656,
               -0.527004962, 0.222995038,
               -0.062823453, -0.0270049618,
               0.197848262,  0.25,
               -0.75,        0,
               0.75,         -0.25,
               0.380237716,  -0.619762284,
               0.130237716,  -0.0314262942,
               -0.119762284, 0.497534303,
               -0.502465697, 0.247534303,
               -0.126287421, -0.00246569673})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "causal_more_queries")
      .values(DType::f32, {1, 1, 5, 4}, pattern(20))
      .values(DType::f32, {1, 1, 3, 4}, pattern(12, 5, 13))
      .values(DType::f32, {1, 1, 3, 4}, pattern(12, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        options.is_causal = true;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.75,        0,
               0.75,         -0.25,
               -0.457867054, -0.116853178,
               0.633146822,  -0.366853178,
               -0.27613977,  0.206898252,
               0.296161012,  -0.0431017477,
               -0.187971893, 0.245394371,
               0.211718348,  -0.00460562919,
               -0.201952293, 0.174324115,
               0.268418785,  -0.0756758847})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "bool_mask")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .values(DType::boolean, {3, 4}, {1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .expect({-0.380281048,
               0.369718952,
               0.213794611,
               0.119718952,
               -0.0362053889,
               -0.5,
               0.25,
               -0.75,
               0,
               0.75,
               -0.458584016,
               0.291415984,
               -0.0871245456,
               0.041415984,
               0.107246766,
               0.131821081,
               -0.475881116,
               0.274118884,
               0.260851692,
               0.0241188837,
               0.5,
               -0.5,
               0.25,
               -0.75,
               0,
               0.219998105,
               -0.390683264,
               0.359316736,
               -0.153809485,
               0.109316736})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "no_keys")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .values(DType::boolean, {1, 1, 3, 4}, {1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .expect({-0.380281048,
               0.369718952,
               0.213794611,
               0.119718952,
               -0.0362053889,
               0,
               0,
               0,
               0,
               0,
               -0.458584016,
               0.291415984,
               -0.0871245456,
               0.041415984,
               0.107246766,
               0.131821081,
               -0.475881116,
               0.274118884,
               0.260851692,
               0.0241188837,
               0,
               0,
               0,
               0,
               0,
               0.219998105,
               -0.390683264,
               0.359316736,
               -0.153809485,
               0.109316736})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "no_keys_added")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .values(DType::f32, {1, 1, 3, 4}, {0, -INFINITY, 0, 0, -INFINITY, -INFINITY, -INFINITY, -INFINITY, 0, 0, 0, 0})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .expect({-0.380281048,
               0.369718952,
               0.213794611,
               0.119718952,
               -0.0362053889,
               0,
               0,
               0,
               0,
               0,
               -0.458584016,
               0.291415984,
               -0.0871245456,
               0.041415984,
               0.107246766,
               0.131821081,
               -0.475881116,
               0.274118884,
               0.260851692,
               0.0241188837,
               0,
               0,
               0,
               0,
               0,
               0.219998105,
               -0.390683264,
               0.359316736,
               -0.153809485,
               0.109316736})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "added_mask")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .values(DType::f32, {1, 1, 3, 4}, {0, -1, 0.5, 2, -3, 0, 1, 0, 0, 0, 0, -4})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .expect({-0.103922788,  0.646077212,   -0.138041298, 0.396077212,  -0.375488124, -0.314779621,
               0.435220379,   -0.501571455,  0.185220379,  -0.324756584, -0.525568739, 0.224431261,
               -0.0633335567, -0.0255687392, 0.195946448,  -0.261567872, -0.2222709,   0.5277291,
               -0.118489993,  0.2777291,     0.366075976,  -0.26715742,  0.48284258,   -0.496737128,
               0.23284258,    0.49103071,    -0.499846264, 0.250153736,  -0.126932355, 0.000153736137})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "causal_and_padding")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .values(DType::boolean, {1, 1, 1, 4}, {1, 1, 0, 1})
      .graph([](auto in) {
        AttentionOptions options;
        options.is_causal = true;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .expect(
          {-0.75,        0,           0.75,         -0.25,       0.5,         -0.687099344, 0.0629006558, 0.372596065,
           -0.187099344, 0.562900656, -0.645768794, 0.104231206, 0.124612764, -0.145768794, 0.604231206,  0.25,
           -0.75,        0,           0.75,         -0.25,       0.380237716, -0.619762284, 0.130237716,  -0.0314262942,
           -0.119762284, 0.362810365, -0.637189635, 0.112810365, 0.073137812, -0.137189635})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "softcap")
      .values(DType::f32, {1, 2, 3, 5}, pattern(30))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 4, 5}, pattern(40, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        options.softcap = 2.0;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.387847028,  0.362152972,  0.0983761532,  0.112152972,  0.0178764917, -0.557753376,
               0.192246624,   0.151140381,  -0.0577533762, 0.243671168,  -0.453617285, 0.296382715,
               -0.0993222383, 0.0463827153, 0.100904373,   0.264875134,  -0.480207012, 0.269792988,
               -0.117820823,  0.019792988,  0.192762662,   -0.391495834, 0.358504166,  -0.183738227,
               0.108504166,   0.216298479,  -0.388769871,  0.361230129,  -0.158146957, 0.111230129})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "grouped_heads")
      .values(DType::f32, {1, 4, 3, 4}, pattern(48))
      .values(DType::f32, {1, 2, 5, 4}, pattern(40, 5, 13))
      .values(DType::f32, {1, 2, 5, 3}, pattern(30, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.13006783,   0.0602487084,  -0.100226099,  -0.0658527106, -0.138486412, 0.0645067591,
               -0.314027804,  -0.104590762,  0.0498058417,  -0.0555763605, -0.114817886, 0.0141536778,
               -0.297439911,  -0.0714585871, -0.0252618346, 0.232672615,   0.0190877781, 0.0801803619,
               0.0896600046,  -0.100170616,  -0.0626047362, -0.166043735,  0.139869068,  0.110471763,
               -0.0282462077, -0.108374493,  0.0741590422,  -0.22591152,   0.165103935,  0.154203188,
               -0.0778559044, -0.0660413004, 0.102520499,   -0.0231723191, 0.098161758,  -0.00954826686})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "positions_first")
      .values(DType::f32, {1, 3, 4, 5}, pattern(60))
      .values(DType::f32, {1, 4, 2, 5}, pattern(40, 5, 13))
      .values(DType::f32, {1, 4, 2, 5}, pattern(40, 3, 7))
      .graph([](auto in) {
        AttentionOptions options;
        options.layout = "BTHD";
        options.is_causal = true;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .expect({-0.75,
               0,
               0.75,
               -0.25,
               0.5,
               -0.75,
               0,
               0.75,
               -0.25,
               0.5,
               -0.5,
               0.25,
               -0.75,
               0,
               0.75,
               -0.5,
               0.25,
               -0.75,
               0,
               0.75,
               -0.360677435,
               0.389322565,
               -0.223306413,
               0.139322565,
               -0.473306413,
               -0.346900923,
               0.403099077,
               -0.257747692,
               0.153099077,
               -0.507747692,
               -0.411535703,
               0.338464297,
               -0.661535703,
               0.0884642969,
               0.528839258,
               -0.398657084,
               0.351342916,
               -0.648657084,
               0.101342916,
               0.49664271,
               -0.1848911,
               -0.100298545,
               0.00263519453,
               0.3151089,
               -0.247364805,
               -0.134439474,
               -0.147811753,
               -0.0255290355,
               0.365560526,
               -0.275529035,
               0.114145875,
               0.174823039,
               -0.135854125,
               -0.0751769614,
               -0.0960418517,
               0.182700052,
               0.151193892,
               -0.0672999484,
               -0.0988061082,
               -0.175243969})
      .reduction(5);
  cases.add("scaled_dot_product_attention", "symbolic")
      .input(DType::f32, {"b", 4, "t", 8}, {2, 4, 5, 8})
      .input(DType::f32, {"b", 2, "s", 8}, {2, 2, 7, 8})
      .input(DType::f32, {"b", 2, "s", 8}, {2, 2, 7, 8})
      .input(DType::boolean, {"b", 1, 1, "s"}, {2, 1, 1, 7})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .reduction(8);
  cases.add("scaled_dot_product_attention", "symbolic_positions_first")
      .input(DType::f32, {"b", "t", 3, 8}, {2, 5, 3, 8})
      .input(DType::f32, {"b", "t", 3, 8}, {2, 5, 3, 8})
      .input(DType::f32, {"b", "t", 3, 8}, {2, 5, 3, 8})
      .input(DType::f32, {"b", 1, "t", "t"}, {2, 1, 5, 5})
      .graph([](auto in) {
        AttentionOptions options;
        options.layout = "BTHD";
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .reduction(8);
  cases.add("scaled_dot_product_attention", "long")
      .input(DType::f32, {"b", 2, "t", 16}, {1, 2, 3, 16})
      .input(DType::f32, {"b", 2, "s", 16}, {1, 2, 131, 16})
      .input(DType::f32, {"b", 2, "s", 16}, {1, 2, 131, 16})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .reduction(131);
  cases.add("scaled_dot_product_attention", "large_scores")
      .input(DType::f32, {"b", 1, "t", 8}, {1, 1, 3, 8}, -30, 30)
      .input(DType::f32, {"b", 1, "s", 8}, {1, 1, 9, 8}, -30, 30)
      .input(DType::f32, {"b", 1, "s", 8}, {1, 1, 9, 8})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .reduction(8);
  cases.add("scaled_dot_product_attention", "one_key")
      .input(DType::f32, {"b", 2, "t", 4}, {1, 2, 3, 4})
      .input(DType::f32, {"b", 2, 1, 4}, {1, 2, 1, 4})
      .input(DType::f32, {"b", 2, 1, 4}, {1, 2, 1, 4})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], {}, options);
      })
      .reduction(4);
  cases.add("scaled_dot_product_attention", "f16")
      .input(DType::f16, {"b", 2, "t", 16}, {1, 2, 5, 16})
      .input(DType::f16, {"b", 2, "s", 16}, {1, 2, 9, 16})
      .input(DType::f16, {"b", 2, "s", 16}, {1, 2, 9, 16})
      .input(DType::boolean, {1, 1, "t", "s"}, {1, 1, 5, 9})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .reduction(16);
  cases.add("scaled_dot_product_attention", "bf16")
      .input(DType::bf16, {"b", 2, "t", 16}, {1, 2, 5, 16})
      .input(DType::bf16, {"b", 2, "s", 16}, {1, 2, 9, 16})
      .input(DType::bf16, {"b", 2, "s", 16}, {1, 2, 9, 16})
      .input(DType::boolean, {1, 1, "t", "s"}, {1, 1, 5, 9})
      .graph([](auto in) {
        AttentionOptions options;
        return scaled_dot_product_attention(in[0], in[1], in[2], in[3], options);
      })
      .reduction(16);
  // Additive masks of the least finite value: a row of them alone attends to all keys alike, as in PyTorch.
  cases.add("scaled_dot_product_attention", "mask_of_least_values")
      .values(DType::f32, {1, 1, 2, 2}, {1, 2, -3, 4})
      .values(DType::f32, {1, 1, 2, 2}, {0.5, 1, -1, 2})
      .values(DType::f32, {1, 1, 2, 1}, {10, 30})
      .values(DType::f32, {1, 1, 2, 2}, {-3.4028234663852886e38, -3.4028234663852886e38, 0, -3.4028234663852886e38})
      .graph([](auto in) { return scaled_dot_product_attention(in[0], in[1], in[2], in[3], AttentionOptions{}); })
      .expect({20, 10})
      .reduction(2);
}

}  // namespace accelerate::ops
