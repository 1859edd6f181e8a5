#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_tan(OpCases& cases) {
  cases.add("tan", "odd_size").input(DType::f32, {"n", 7}, {3, 7}, -1, 1).graph([](auto in) { return tan(in[0]); });
  cases.add("tan", "known")
      .values(DType::f32, {6}, {-1.25, -1, 0, 0.5, 1, NAN})
      .graph([](auto in) { return tan(in[0]); })
      .expect({-3.00956967386, -1.55740772465, 0, 0.546302489844, 1.55740772465, NAN});
  cases.add("tan", "large_rank").input(DType::f32, {2, "n", 1, 5}, {2, 3, 1, 5}, -1, 1).graph([](auto in) {
    return tan(in[0]);
  });
  cases.add("tan", "vector_tail").input(DType::f32, {"n"}, {67}, -1, 1).graph([](auto in) { return tan(in[0]); });
  cases.add("tan", "scalar").input(DType::f32, {}, {}, -1, 1).graph([](auto in) { return tan(in[0]); });
  cases.add("tan", "empty").input(DType::f32, {"n", 3}, {0, 3}).graph([](auto in) { return tan(in[0]); });
  cases.add("tan", "f16").input(DType::f16, {"n"}, {19}, -1, 1).graph([](auto in) { return tan(in[0]); });
  cases.add("tan", "bf16").input(DType::bf16, {"n"}, {19}, -1, 1).graph([](auto in) { return tan(in[0]); });
  cases.add("tan", "f64").input(DType::f64, {"n"}, {9}, -1, 1).graph([](auto in) { return tan(in[0]); });
}

}  // namespace accelerate::ops
