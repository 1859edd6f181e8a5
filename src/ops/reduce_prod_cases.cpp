#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_reduce_prod(OpCases& cases) {
  cases.add("reduce_prod", "last")
      .input(DType::f32, {"n", 7}, {3, 7}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .reduction(7);
  cases.add("reduce_prod", "last_keep")
      .input(DType::f32, {"n", 37}, {3, 37}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {1}, true); })
      .reduction(37);
  cases.add("reduce_prod", "first")
      .input(DType::f32, {"n", 7}, {3, 7}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {0}); })
      .reduction(3);
  cases.add("reduce_prod", "middle")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {1}); })
      .reduction(3);
  cases.add("reduce_prod", "outer_and_inner")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {-1, 0}, true); })
      .reduction(10);
  cases.add("reduce_prod", "all")
      .input(DType::f32, {2, "n", 5}, {2, 3, 5}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {}); })
      .reduction(30);
  cases.add("reduce_prod", "long")
      .input(DType::f32, {"n", 300}, {2, 300}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .reduction(300);
  cases.add("reduce_prod", "scalar").input(DType::f32, {}, {}, 0.6, 1.5).graph([](auto in) {
    return reduce_prod(in[0], {});
  });
  cases.add("reduce_prod", "extent_one").input(DType::f32, {"n", 1}, {3, 1}, 0.6, 1.5).graph([](auto in) {
    return reduce_prod(in[0], {-1});
  });
  cases.add("reduce_prod", "no_rows").input(DType::f32, {"n", 3}, {0, 3}, 0.6, 1.5).graph([](auto in) {
    return reduce_prod(in[0], {-1});
  });
  cases.add("reduce_prod", "f16")
      .input(DType::f16, {"n", 9}, {3, 9}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .reduction(9);
  cases.add("reduce_prod", "bf16")
      .input(DType::bf16, {"n", 9}, {3, 9}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {0}, true); })
      .reduction(3);
  cases.add("reduce_prod", "f64")
      .input(DType::f64, {"n", 9}, {3, 9}, 0.6, 1.5)
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .reduction(9);
  cases.add("reduce_prod", "i64")
      .values(DType::i64, {3}, {2, -5, 3})
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .expect({-30});
  cases.add("reduce_prod", "i32_widens")
      .values(DType::i32, {2}, {65536, 65536})
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .expect({4294967296});
  cases.add("reduce_prod", "bool")
      .values(DType::boolean, {3}, {1, 0, 1})
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .expect({0});
  cases.add("reduce_prod", "nan")
      .values(DType::f32, {3}, {1, NAN, 2})
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .expect({NAN});
  cases.add("reduce_prod", "nothing")
      .input(DType::f32, {2, "n"}, {2, 0})
      .graph([](auto in) { return reduce_prod(in[0], {-1}); })
      .expect({1, 1});
}

}  // namespace accelerate::ops
