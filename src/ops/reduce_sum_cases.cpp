#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_reduce_sum(OpCases& cases) {
  cases.add("reduce_sum", "last")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .reduction(7);
  cases.add("reduce_sum", "last_keep")
      .input(DType::f32, {"n", 37}, {3, 37}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {1}, true); })
      .reduction(37);
  cases.add("reduce_sum", "first")
      .input(DType::f32, {"n", 7}, {3, 7}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {0}); })
      .reduction(3);
  cases.add("reduce_sum", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {1}); })
      .reduction(3);
  cases.add("reduce_sum", "outer_and_inner")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {-1, 0}, true); })
      .reduction(10);
  cases.add("reduce_sum", "all")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {}); })
      .reduction(30);
  cases.add("reduce_sum", "long")
      .input(DType::f32, {"n", 300}, {2, 300}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .reduction(300);
  cases.add("reduce_sum", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) {
    return reduce_sum(in[0], {});
  });
  cases.add("reduce_sum", "extent_one").input(DType::f32, {"n", 1}, {3, 1}, -2, 2).graph([](auto in) {
    return reduce_sum(in[0], {-1});
  });
  cases.add("reduce_sum", "no_rows").input(DType::f32, {"n", 3}, {0, 3}, -2, 2).graph([](auto in) {
    return reduce_sum(in[0], {-1});
  });
  cases.add("reduce_sum", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .reduction(9);
  cases.add("reduce_sum", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {0}, true); })
      .reduction(3);
  cases.add("reduce_sum", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, -2, 2)
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .reduction(9);
  cases.add("reduce_sum", "i64")
      .values(DType::i64, {3}, {9007199254740991, -5, 1})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({9007199254740987});
  cases.add("reduce_sum", "i32_widens")
      .values(DType::i32, {3}, {2147483647, 1, 1})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({2147483649});
  cases.add("reduce_sum", "bool")
      .values(DType::boolean, {4}, {1, 0, 1, 1})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({3});
  cases.add("reduce_sum", "u8")
      .values(DType::u8, {2}, {255, 255})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({510});
  cases.add("reduce_sum", "inf")
      .values(DType::f32, {3}, {1, INFINITY, 2})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({INFINITY});
  cases.add("reduce_sum", "nan")
      .values(DType::f32, {3}, {1, NAN, 2})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({NAN});
  cases.add("reduce_sum", "nothing")
      .input(DType::f32, {2, "n"}, {2, 0})
      .graph([](auto in) { return reduce_sum(in[0], {-1}); })
      .expect({0, 0});
}

}  // namespace accelerate::ops
