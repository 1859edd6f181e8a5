#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_reduce_mean(OpCases& cases) {
  cases.add("reduce_mean", "last")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .reduction(7);
  cases.add("reduce_mean", "last_keep")
      .input(DType::f32, {"n", 37}, {3, 37}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {1}, true); })
      .reduction(37);
  cases.add("reduce_mean", "first")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {0}); })
      .reduction(3);
  cases.add("reduce_mean", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {1}); })
      .reduction(3);
  cases.add("reduce_mean", "outer_and_inner")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {-1, 0}, true); })
      .reduction(10);
  cases.add("reduce_mean", "all")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {}); })
      .reduction(30);
  cases.add("reduce_mean", "long")
      .input(DType::f32, {"n", 300}, {2, 300}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .reduction(300);
  cases.add("reduce_mean", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) {
    return reduce_mean(in[0], {});
  });
  cases.add("reduce_mean", "extent_one").input(DType::f32, {"n", 1}, {3, 1}, -2, 2).graph([](auto in) {
    return reduce_mean(in[0], {-1});
  });
  cases.add("reduce_mean", "no_rows").input(DType::f32, {"n", 3}, {0, 3}, -2, 2).graph([](auto in) {
    return reduce_mean(in[0], {-1});
  });
  cases.add("reduce_mean", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .reduction(9);
  cases.add("reduce_mean", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {0}, true); })
      .reduction(3);
  cases.add("reduce_mean", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .reduction(9);
  cases.add("reduce_mean", "known")
      .values(DType::f32, {3}, {1, 2, 6})
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .expect({3});
  cases.add("reduce_mean", "inf")
      .values(DType::f32, {3}, {1, INFINITY, 2})
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .expect({INFINITY});
  cases.add("reduce_mean", "nothing")
      .input(DType::f32, {2, "n"}, {2, 0})
      .graph([](auto in) { return reduce_mean(in[0], {-1}); })
      .expect({NAN, NAN});
  cases.add("reduce_mean", "large_f16")
      .values(DType::f16, {4}, {60000, 60000, 60000, 60000})
      .graph([](auto in) { return reduce_mean(in[0]); })
      .expect({60000});
  cases.add("reduce_mean", "symbolic_count").input(DType::f32, {2, "n"}, {2, 5}).graph([](auto in) {
    return reduce_mean(in[0], {1});
  });
}

}  // namespace accelerate::ops
