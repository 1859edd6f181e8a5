#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_dim_value(OpCases& cases) {
  cases.add("dim_value", "symbol")
      .input(DType::f32, {"n", 5}, {3, 5})
      .graph([](auto in) { return dim_value(*in[0].builder, "n"); })
      .expect({3});
  cases.add("dim_value", "expression")
      .input(DType::f32, {"n", "m"}, {3, 5})
      .graph([](auto in) { return dim_value(*in[0].builder, floordiv(in[0].dim(0) * 2 + in[0].dim(1), 4)); })
      .expect({2});
  cases.add("dim_value", "fixed")
      .input(DType::f32, {"n"}, {3})
      .graph([](auto in) { return dim_value(*in[0].builder, 7); })
      .expect({7});
  cases.add("dim_value", "zero")
      .input(DType::f32, {"n"}, {0})
      .graph([](auto in) { return dim_value(*in[0].builder, "n"); })
      .expect({0});
}

}  // namespace accelerate::ops
