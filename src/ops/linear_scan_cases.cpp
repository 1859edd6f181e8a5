#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_linear_scan(OpCases& cases) {
  auto build = [](int64_t axis) {
    return [axis](std::vector<Value> in) { return linear_scan(in[0], in[1], in[2], axis); };
  };
  cases.add("linear_scan", "known_last_axis")
      .values(DType::f32, {2, 3}, {2, 3, 0.5, 1, 1, 1})
      .values(DType::f32, {2, 3}, {1, -1, 4, 1, 2, 3})
      .values(DType::f32, {2}, {1, 10})
      .graph(build(-1))
      .expect({3, 8, 8, 11, 13, 16});
  cases.add("linear_scan", "known_first_axis")
      .values(DType::f32, {3, 2}, {2, 1, 3, 1, 0.5, 1})
      .values(DType::f32, {3, 2}, {1, 1, -1, 2, 4, 3})
      .values(DType::f32, {2}, {1, 10})
      .graph(build(0))
      .expect({3, 11, 8, 13, 8, 16});
  cases.add("linear_scan", "states_behind_steps")
      .input(DType::f32, {"b", 5, "t", 7}, {2, 5, 11, 7}, -0.9, 0.9)
      .input(DType::f32, {"b", 5, "t", 7}, {2, 5, 11, 7})
      .input(DType::f32, {"b", 5, 7}, {2, 5, 7})
      .graph(build(2))
      .reduction(11);
  cases.add("linear_scan", "many_channels")
      .input(DType::f32, {"b", "t", 133}, {3, 9, 133}, 0, 1)
      .input(DType::f32, {"b", "t", 133}, {3, 9, 133})
      .input(DType::f32, {"b", 133}, {3, 133})
      .graph(build(1))
      .reduction(9);
  cases.add("linear_scan", "no_steps")
      .input(DType::f32, {"b", "t", 3}, {2, 0, 3})
      .input(DType::f32, {"b", "t", 3}, {2, 0, 3})
      .input(DType::f32, {"b", 3}, {2, 3})
      .graph(build(1));
  cases.add("linear_scan", "bf16")
      .input(DType::bf16, {"b", "t", 3}, {2, 5, 3}, 0, 1)
      .input(DType::bf16, {"b", "t", 3}, {2, 5, 3})
      .input(DType::bf16, {"b", 3}, {2, 3})
      .graph(build(1))
      .reduction(5);
  cases.add("linear_scan", "f64")
      .input(DType::f64, {"t"}, {6}, -1, 1)
      .input(DType::f64, {"t"}, {6})
      .input(DType::f64, {}, {})
      .graph(build(0))
      .reduction(6);
}

}  // namespace accelerate::ops
