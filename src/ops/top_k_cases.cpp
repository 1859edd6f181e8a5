#include <cmath>

#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_top_k(OpCases& cases) {
  cases.add("top_k", "largest")
      .values(DType::f32, {6}, {3, 1, 2, 3, -1, NAN})
      .graph_multi([](auto in) { return top_k(in[0], 3); })
      .expect({NAN, 3, 3})
      .expect({5, 0, 3});
  cases.add("top_k", "smallest")
      .values(DType::f32, {6}, {3, 1, 2, 3, -1, NAN})
      .graph_multi([](auto in) { return top_k(in[0], 3, 0, false); })
      .expect({-1, 1, 2})
      .expect({4, 1, 2});
  cases.add("top_k", "odd").input(DType::f32, {"n", 7, 3}, {2, 7, 3}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 2, 1);
  });
  cases.add("top_k", "long").input(DType::f32, {"n", 300}, {2, 300}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 5);
  });
  cases.add("top_k", "all").input(DType::f32, {"n", 5}, {3, 5}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 5, -1, false);
  });
  cases.add("top_k", "first").input(DType::f32, {"n", 5}, {3, 5}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 2, 0);
  });
  cases.add("top_k", "i64").input(DType::i64, {"n", 9}, {2, 9}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 4);
  });
  cases.add("top_k", "i32").input(DType::i32, {"n", 9}, {2, 9}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 4);
  });
  cases.add("top_k", "f16").input(DType::f16, {"n", 5}, {3, 5}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 2);
  });
  cases.add("top_k", "bf16").input(DType::bf16, {"n", 5}, {3, 5}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 2);
  });
  cases.add("top_k", "none").input(DType::f32, {"n", 5}, {3, 5}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], 0);
  });
  cases.add("top_k", "symbolic").input(DType::f32, {"k", 5, "n"}, {2, 5, 6}, -9, 9).graph_multi([](auto in) {
    return top_k(in[0], "k");
  });
  cases.add("top_k", "unsorted")
      .input(DType::f32, {"n", 9}, {3, 9})
      .graph([](auto in) { return reduce_sum(top_k(in[0], 4, -1, true, false)[0], {-1}); })
      .reduction(4);
  // As PyTorch takes them: positions from torch.topk.
  cases.add("top_k", "ties_selected")
      .values(DType::f32, {20}, {2, 0, 2, 0, 1, 0, 1, 1, 1, 0, 2, 2, 0, 0, 1, 2, 0, 0, 2, 0})
      .graph_multi([](auto in) { return top_k(in[0], 5, -1, true, true, "selection"); })
      .expect({2, 2, 2, 2, 2})
      .expect({0, 10, 11, 15, 2});
  cases.add("top_k", "ties_unsorted")
      .values(DType::f32, {24}, {2, 2, 2, 2, 2, 2, 1, 2, 0, 0, 1, 0, 2, 0, 1, 0, 1, 2, 2, 1, 2, 0, 1, 1})
      .graph_multi([](auto in) { return top_k(in[0], 7, -1, true, false, "selection"); })
      .expect({2, 2, 2, 2, 2, 2, 2})
      .expect({1, 20, 18, 17, 12, 7, 2});
  cases.add("top_k", "ties_smallest")
      .values(DType::f32, {17}, {1, 2, 1, 1, 2, 1, 1, 2, 2, 1, 2, 2, 2, 1, 2, 2, 1})
      .graph_multi([](auto in) { return top_k(in[0], 6, -1, false, true, "selection"); })
      .expect({1, 1, 1, 1, 1, 1})
      .expect({16, 13, 9, 0, 6, 5});
}

}  // namespace accelerate::ops
