#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_reduce_max(OpCases& cases) {
  cases.add("reduce_max", "last").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1});
  });
  cases.add("reduce_max", "last_keep").input(DType::f32, {"n", 37}, {3, 37}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {1}, true);
  });
  cases.add("reduce_max", "first").input(DType::f32, {"n", 7}, {3, 7}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {0});
  });
  cases.add("reduce_max", "middle").input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {1});
  });
  cases.add("reduce_max", "outer_and_inner").input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1, 0}, true);
  });
  cases.add("reduce_max", "all").input(DType::f32, {2, "n", 5}, {2, 3, 5}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {});
  });
  cases.add("reduce_max", "long").input(DType::f32, {"n", 300}, {2, 300}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1});
  });
  cases.add("reduce_max", "scalar").input(DType::f32, {}, {}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {});
  });
  cases.add("reduce_max", "extent_one").input(DType::f32, {"n", 1}, {3, 1}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1});
  });
  cases.add("reduce_max", "no_rows").input(DType::f32, {"n", 3}, {0, 3}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1});
  });
  cases.add("reduce_max", "f16").input(DType::f16, {"n", 9}, {3, 9}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1});
  });
  cases.add("reduce_max", "bf16").input(DType::bf16, {"n", 9}, {3, 9}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {0}, true);
  });
  cases.add("reduce_max", "f64").input(DType::f64, {"n", 9}, {3, 9}, -2, 2).graph([](auto in) {
    return reduce_max(in[0], {-1});
  });
  cases.add("reduce_max", "i64")
      .values(DType::i64, {3}, {9007199254740990, -5, 9007199254740991})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({9007199254740991});
  cases.add("reduce_max", "u8")
      .values(DType::u8, {2}, {1, 255})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({255});
  cases.add("reduce_max", "bool")
      .values(DType::boolean, {3}, {0, 0, 1})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({1});
  cases.add("reduce_max", "nan")
      .values(DType::f32, {3}, {1, NAN, 2})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({NAN});
  cases.add("reduce_max", "inf")
      .values(DType::f32, {2}, {-INFINITY, -INFINITY})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({-INFINITY});
  cases.add("reduce_max", "nothing")
      .input(DType::f32, {2, "n"}, {2, 0})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({-INFINITY, -INFINITY});
  cases.add("reduce_max", "nothing_i32")
      .input(DType::i32, {2, "n"}, {2, 0})
      .graph([](auto in) { return reduce_max(in[0], {-1}); })
      .expect({-2147483648, -2147483648});
}

}  // namespace accelerate::ops
