#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_instance_norm(OpCases& cases) {
  cases.add("instance_norm", "known")
      .values(DType::f32, {2, 6, 2, 3}, pattern(72))
      .values(DType::f32, {6}, pattern(6, 3, 7))
      .values(DType::f32, {6}, pattern(6, 5, 13))
      .graph([](auto in) { return instance_norm(in[0], in[1], in[2], 1e-5); })
      .expect({-0.455218398, -2.0223908,   -1.12686371,   -2.69403612,   -1.79850903,  -0.902981942, -0.25,
               -0.25,        -0.25,        -0.25,         -0.25,         -0.25,        1.21472235,   0.184055078,
               1.9877228,    0.95705553,   -0.0736117392, 1.73005598,    -1.07157412,  -0.728018359, -1.32924093,
               -0.985685177, -0.64212942,  -1.24335199,   -0.236703988,  0.965741159,  0.278629646,  -0.408481867,
               0.793963281,  0.106851768,  1.98670399,    0.784258841,   1.47137035,   2.15848187,   0.956036719,
               1.64314823,   -2.52146989,  -1.61349665,   -0.705523418,  -2.29447658,  -1.38650335,  -0.478530109,
               -0.25,        -0.25,        -0.25,         -0.25,         -0.25,        -0.25,        1.21472235,
               0.184055078,  1.9877228,    0.95705553,    -0.0736117392, 1.73005598,   -0.920943691, -0.604718455,
               -1.15811262,  -0.841887382, -1.39528155,   -1.07905631,   -0.236703988, 0.965741159,  0.278629646,
               -0.408481867, 0.793963281,  0.106851768,   2.19652107,    1.15173947,   1.74875752,   0.703975922,
               1.30099398,   1.89801204})
      .reduction(6);
  cases.add("instance_norm", "symbolic")
      .input(DType::f32, {"n", 3, "t"}, {2, 3, 7})
      .graph([](auto in) { return instance_norm(in[0], {}, {}, 1e-5); })
      .reduction(7);
  cases.add("instance_norm", "channels_last")
      .input(DType::f16, {"n", "h", "w", 3}, {2, 3, 2, 3})
      .input(DType::f16, {3}, {3})
      .graph([](auto in) { return instance_norm(in[0], in[1], {}, 1e-5, "NHWC"); })
      .reduction(6);
}

}  // namespace accelerate::ops
