#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_iota(OpCases& cases) {
  cases.add("iota", "i64")
      .input(DType::f32, {"n", 5}, {3, 5})
      .graph([](auto in) { return iota(*in[0].builder, DType::i64, 6); })
      .expect({0, 1, 2, 3, 4, 5});
  cases.add("iota", "i32")
      .input(DType::f32, {"n", 5}, {3, 5})
      .graph([](auto in) { return iota(*in[0].builder, DType::i32, 6); })
      .expect({0, 1, 2, 3, 4, 5});
  cases.add("iota", "f32")
      .input(DType::f32, {"n", 5}, {3, 5})
      .graph([](auto in) { return iota(*in[0].builder, DType::f32, 6); })
      .expect({0, 1, 2, 3, 4, 5});
  cases.add("iota", "bf16")
      .input(DType::f32, {"n", 5}, {3, 5})
      .graph([](auto in) { return iota(*in[0].builder, DType::bf16, 6); })
      .expect({0, 1, 2, 3, 4, 5});
  cases.add("iota", "u8")
      .input(DType::f32, {"n", 5}, {3, 5})
      .graph([](auto in) { return iota(*in[0].builder, DType::u8, 6); })
      .expect({0, 1, 2, 3, 4, 5});
  cases.add("iota", "symbolic")
      .input(DType::f32, {"n", "m"}, {3, 5})
      .graph([](auto in) { return iota(*in[0].builder, DType::i64, in[0].dim(0) + 2 * in[0].dim(1)); })
      .expect({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  cases.add("iota", "empty").input(DType::f32, {"n"}, {0}).graph([](auto in) {
    return iota(*in[0].builder, DType::i64, in[0].dim(0));
  });
}

}  // namespace accelerate::ops
