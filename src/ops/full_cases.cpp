#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_full(OpCases& cases) {
  cases.add("full", "f32")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::f32, {in[0].dim(0), 3}, 0.5); })
      .expect({0.5, 0.5, 0.5});
  cases.add("full", "f16")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::f16, {in[0].dim(0), 3}, 0.1); })
      .expect({0.1, 0.1, 0.1});
  cases.add("full", "i64")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::i64, {in[0].dim(0), 3}, -3); })
      .expect({-3, -3, -3});
  cases.add("full", "boolean")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::boolean, {in[0].dim(0), 3}, 1); })
      .expect({1, 1, 1});
  cases.add("full", "minus_infinity")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::f32, {in[0].dim(0), 3}, -INFINITY); })
      .expect({-INFINITY, -INFINITY, -INFINITY});
  cases.add("full", "bf16")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::bf16, {in[0].dim(0), 3}, 2); })
      .expect({2, 2, 2});
  cases.add("full", "u8")
      .input(DType::f32, {"n", 5}, {1, 5})
      .graph([](auto in) { return full(*in[0].builder, DType::u8, {in[0].dim(0), 3}, 255); })
      .expect({255, 255, 255});
  cases.add("full", "scalar")
      .input(DType::f32, {"n"}, {2})
      .graph([](auto in) { return full(*in[0].builder, DType::f32, {}, 2.0); })
      .expect({2});
  cases.add("full", "empty").input(DType::f32, {"n"}, {0}).graph([](auto in) {
    return full(*in[0].builder, DType::f32, {"n"}, 2.0);
  });
}

}  // namespace accelerate::ops
