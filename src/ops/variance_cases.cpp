#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_variance(OpCases& cases) {
  cases.add("variance", "last")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return variance(in[0], {-1}, 0); })
      .reduction(7);
  cases.add("variance", "last_keep")
      .input(DType::f32, {"n", 37}, {3, 37}, -2, 2)
      .graph([](auto in) { return variance(in[0], {1}, 0, true); })
      .reduction(37);
  cases.add("variance", "first")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return variance(in[0], {0}, 0); })
      .reduction(3);
  cases.add("variance", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return variance(in[0], {1}, 0); })
      .reduction(3);
  cases.add("variance", "outer_and_inner")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return variance(in[0], {-1, 0}, 0, true); })
      .reduction(10);
  cases.add("variance", "all")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return variance(in[0], {}, 0); })
      .reduction(30);
  cases.add("variance", "long")
      .input(DType::f32, {"n", 300}, {2, 300}, -2, 2)
      .graph([](auto in) { return variance(in[0], {-1}, 0); })
      .reduction(300);
  cases.add("variance", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) {
    return variance(in[0], {}, 0);
  });
  cases.add("variance", "extent_one").input(DType::f32, {"n", 1}, {3, 1}, -2, 2).graph([](auto in) {
    return variance(in[0], {-1}, 0);
  });
  cases.add("variance", "no_rows").input(DType::f32, {"n", 3}, {0, 3}, -2, 2).graph([](auto in) {
    return variance(in[0], {-1}, 0);
  });
  cases.add("variance", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return variance(in[0], {-1}, 0); })
      .reduction(9);
  cases.add("variance", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return variance(in[0], {0}, 0, true); })
      .reduction(3);
  cases.add("variance", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return variance(in[0], {-1}, 0); })
      .reduction(9);
  cases.add("variance", "known")
      .values(DType::f32, {3, 4}, {1, 2, 6, 7, 1000, 1001, 1002, 1005, 3, 3, 3, 3})
      .graph([](auto in) { return variance(in[0], {-1}); })
      .expect({8.66666666667, 4.66666666667, 0});
  cases.add("variance", "biased")
      .values(DType::f32, {3, 4}, {1, 2, 6, 7, 1000, 1001, 1002, 1005, 3, 3, 3, 3})
      .graph([](auto in) { return variance(in[0], {1}, 0); })
      .expect({6.5, 3.5, 0});
  cases.add("variance", "one_element")
      .values(DType::f32, {2, 1}, {1, 2})
      .graph([](auto in) { return variance(in[0], {1}, 1); })
      .expect({NAN, NAN});
  cases.add("variance", "symbolic_count").input(DType::f32, {2, "n"}, {2, 5}).graph([](auto in) {
    return variance(in[0], {1}, 1);
  });
}

}  // namespace accelerate::ops
