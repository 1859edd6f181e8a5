#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_reduce_any(OpCases& cases) {
  cases.add("reduce_any", "bool")
      .values(DType::boolean, {3, 2}, {1, 0, 0, 0, 1, 1})
      .graph([](auto in) { return reduce_any(in[0], {-1}); })
      .expect({1, 0, 1});
  cases.add("reduce_any", "f32")
      .values(DType::f32, {3, 2}, {2, 0, 0, -0.0, NAN, 1})
      .graph([](auto in) { return reduce_any(in[0], {-1}); })
      .expect({1, 0, 1});
  cases.add("reduce_any", "i64")
      .values(DType::i64, {3, 2}, {4294967296, 0, 0, 0, 1, 1})
      .graph([](auto in) { return reduce_any(in[0], {-1}, true); })
      .expect({1, 0, 1});
  cases.add("reduce_any", "odd").input(DType::boolean, {"n", 7, 3}, {2, 7, 3}).graph([](auto in) {
    return reduce_any(in[0], {1});
  });
  cases.add("reduce_any", "all").input(DType::boolean, {"n", 2}, {2, 2}).graph([](auto in) {
    return reduce_any(in[0]);
  });
  cases.add("reduce_any", "nothing")
      .input(DType::boolean, {2, "n"}, {2, 0})
      .graph([](auto in) { return reduce_any(in[0], {-1}); })
      .expect({0, 0});
}

}  // namespace accelerate::ops
