#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_cast(OpCases& cases) {
  cases.add("cast", "f32_i64")
      .values(DType::f32, {6}, {-2.75, -0.5, 0, 0.99, 3.5, 1000000})
      .graph([](auto in) { return cast(in[0], DType::i64); })
      .expect({-2, 0, 0, 0, 3, 1000000});
  cases.add("cast", "f32_i32")
      .values(DType::f32, {6}, {-2.75, -0.5, 0, 0.99, 3.5, 1000000})
      .graph([](auto in) { return cast(in[0], DType::i32); })
      .expect({-2, 0, 0, 0, 3, 1000000});
  cases.add("cast", "f32_u8")
      .values(DType::f32, {4}, {0, 0.99, 3.5, 255})
      .graph([](auto in) { return cast(in[0], DType::u8); })
      .expect({0, 0, 3, 255});
  cases.add("cast", "f32_bool")
      .values(DType::f32, {6}, {-2.75, 0, -0.0, NAN, 1e-30, INFINITY})
      .graph([](auto in) { return cast(in[0], DType::boolean); })
      .expect({1, 0, 0, 1, 1, 1});
  cases.add("cast", "i64_bool")
      .values(DType::i64, {3}, {0, 4294967296, -1})
      .graph([](auto in) { return cast(in[0], DType::boolean); })
      .expect({0, 1, 1});
  cases.add("cast", "bool_f32")
      .values(DType::boolean, {2}, {0, 1})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({0, 1});
  cases.add("cast", "bool_i64")
      .values(DType::boolean, {2}, {0, 1})
      .graph([](auto in) { return cast(in[0], DType::i64); })
      .expect({0, 1});
  cases.add("cast", "i64_i32")
      .values(DType::i64, {3}, {4294967297, -5, 2147483647})
      .graph([](auto in) { return cast(in[0], DType::i32); })
      .expect({1, -5, 2147483647});
  cases.add("cast", "i32_i64")
      .values(DType::i32, {3}, {-2147483648, -5, 7})
      .graph([](auto in) { return cast(in[0], DType::i64); })
      .expect({-2147483648, -5, 7});
  cases.add("cast", "i64_f32")
      .values(DType::i64, {4}, {16777217, -5, 9007199254740991, 3.602879701896397e+16})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({16777216, -5, 9007199254740992, 3.602879701896397e+16});
  cases.add("cast", "f32_bf16")
      .values(DType::f32, {5}, {1.00390625, 1.01171875, -3.3, INFINITY, NAN})
      .graph([](auto in) { return cast(in[0], DType::bf16); })
      .expect({1, 1.015625, -3.296875, INFINITY, NAN});
  cases.add("cast", "f32_f16")
      .values(DType::f32, {5}, {1.00048828125, 1.00146484375, 70000, 5.96046447754e-08, NAN})
      .graph([](auto in) { return cast(in[0], DType::f16); })
      .expect({1, 1.001953125, INFINITY, 5.96046447754e-08, NAN});
  cases.add("cast", "f16_f32")
      .values(DType::f16, {3}, {1.5, -65504, 5.96046447754e-08})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({1.5, -65504, 5.96046447754e-08});
  cases.add("cast", "bf16_f32")
      .values(DType::bf16, {3}, {1.5, -3.296875, INFINITY})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({1.5, -3.296875, INFINITY});
  cases.add("cast", "u8_f32")
      .values(DType::u8, {3}, {0, 200, 255})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({0, 200, 255});
  cases.add("cast", "i8_i32")
      .values(DType::i8, {3}, {-128, -1, 127})
      .graph([](auto in) { return cast(in[0], DType::i32); })
      .expect({-128, -1, 127});
  cases.add("cast", "f64_f32")
      .values(DType::f64, {3}, {0.1, 1e+300, -2})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({0.10000000149, INFINITY, -2});
  cases.add("cast", "f32_f64")
      .values(DType::f32, {3}, {0.5, INFINITY, -2})
      .graph([](auto in) { return cast(in[0], DType::f64); })
      .expect({0.5, INFINITY, -2});
  cases.add("cast", "u64_f32")
      .values(DType::u64, {1}, {1.844674407370955e+19})
      .graph([](auto in) { return cast(in[0], DType::f32); })
      .expect({1.8446744073709552e+19});
  cases.add("cast", "same").input(DType::f32, {"n", 7}, {3, 7}).graph([](auto in) { return cast(in[0], DType::f32); });
  cases.add("cast", "odd_bf16").input(DType::f32, {"n", 7}, {5, 7}).graph([](auto in) {
    return cast(in[0], DType::bf16);
  });
  cases.add("cast", "odd_f16").input(DType::f32, {"n", 7}, {5, 7}).graph([](auto in) {
    return cast(in[0], DType::f16);
  });
  cases.add("cast", "odd_i64").input(DType::f32, {"n", 7}, {5, 7}).graph([](auto in) {
    return cast(in[0], DType::i64);
  });
  cases.add("cast", "odd_f64").input(DType::f32, {"n", 7}, {5, 7}).graph([](auto in) {
    return cast(in[0], DType::f64);
  });
  cases.add("cast", "empty").input(DType::f32, {"n"}, {0}).graph([](auto in) { return cast(in[0], DType::i64); });
}

}  // namespace accelerate::ops
