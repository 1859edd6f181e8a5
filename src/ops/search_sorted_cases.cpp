#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"

namespace accelerate::ops {

// Known values come from PyTorch, in f64.
void cases_search_sorted(OpCases& cases) {
  cases.add("search_sorted", "known")
      .values(DType::f32, {5}, {-1, 0, 0.5, 0.5, 2})
      .values(DType::f32, {3, 4}, pattern(12))
      .graph([](auto in) { return search_sorted(in[0], in[1], false); })
      .expect({0, 2, 1, 4, 2, 1, 4, 1, 0, 4, 1, 0});
  cases.add("search_sorted", "known_right")
      .values(DType::f32, {5}, {-1, 0, 0.5, 0.5, 2})
      .values(DType::f32, {3, 4}, pattern(12))
      .graph([](auto in) { return search_sorted(in[0], in[1], true); })
      .expect({0, 4, 1, 4, 2, 1, 4, 2, 1, 4, 1, 0});
  cases.add("search_sorted", "lines")
      .values(DType::f32, {2, 5}, {-1.25, -0.5, 0.25, 0.5, 1.25, -1, -0.75, 0, 0.75, 1})
      .values(DType::f32, {2, 3}, {-1.5, -0.25, 1, -1, 0.25, 1.5})
      .graph([](auto in) { return search_sorted(in[0], in[1]); })
      .expect({0, 2, 4, 0, 3, 5});
  cases.add("search_sorted", "integers")
      .values(DType::i64, {4}, {1, 3, 3, 8})
      .values(DType::i64, {5}, {0, 3, 4, 8, 9})
      .graph([](auto in) { return search_sorted(in[0], in[1], true); })
      .expect({0, 3, 3, 4, 4});
  cases.add("search_sorted", "symbolic")
      .values(DType::f32, {6}, {-1.5, -0.5, 0, 0.25, 1, 1.5})
      .input(DType::f32, {"n", 9}, {13, 9})
      .graph([](auto in) { return search_sorted(in[0], in[1]); });
  cases.add("search_sorted", "empty")
      .input(DType::f32, {"n"}, {0})
      .values(DType::f32, {2}, {1, 2})
      .graph([](auto in) { return search_sorted(in[0], in[1]); })
      .expect({0, 0});
}

}  // namespace accelerate::ops
