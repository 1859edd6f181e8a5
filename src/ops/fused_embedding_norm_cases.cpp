#include "accelerate/ops.h"
#include "ops/op_case.h"

namespace accelerate::ops {

void cases_fused_embedding_norm(OpCases& cases) {
  cases.add("fused_embedding_norm", "bert")
      .input(DType::f32, {23, 13}, {23, 13})
      .input(DType::i64, {"b", "t"}, {2, 5}, 0, 22)
      .input(DType::f32, {9, 13}, {9, 13})
      .input(DType::i64, {"b", "t"}, {2, 5}, 0, 8)
      .input(DType::f32, {2, 13}, {2, 13})
      .input(DType::i64, {"b", "t"}, {2, 5}, 0, 1)
      .input(DType::f32, {13}, {13})
      .input(DType::f32, {13}, {13})
      .graph([](auto in) {
        return fused_embedding_norm({in[0], in[2], in[4]}, {in[1], in[3], in[5]}, in[6], in[7], 1e-12);
      })
      .reduction(13);
  cases.add("fused_embedding_norm", "one_table")
      .input(DType::f32, {7, 5}, {7, 5})
      .input(DType::i32, {"t"}, {3}, 0, 6)
      .graph([](auto in) { return fused_embedding_norm({in[0]}, {in[1]}, {}, {}, 1e-5); })
      .reduction(5);
  cases.add("fused_embedding_norm", "low_precision_tables")
      .input(DType::bf16, {7, 6}, {7, 6})
      .input(DType::i64, {"b", "t"}, {3, 4}, 0, 6)
      .input(DType::f16, {4, 6}, {4, 6})
      .input(DType::i32, {"b", "t"}, {3, 4}, 0, 3)
      .input(DType::f32, {6}, {6})
      .graph([](auto in) { return fused_embedding_norm({in[0], in[2]}, {in[1], in[3]}, in[4], {}, 1e-5); })
      .reduction(6);
  cases.add("fused_embedding_norm", "sum_only")
      .values(DType::f32, {2, 2}, {1, 2, 3, 4})
      .values(DType::i64, {3}, {0, 1, 0})
      .values(DType::f32, {2, 2}, {10, 20, 30, 40})
      .values(DType::i64, {3}, {1, 1, 0})
      .graph([](auto in) { return fused_embedding_norm({in[0], in[2]}, {in[1], in[3]}, {}, {}, 0, false); })
      .expect({31, 42, 33, 44, 11, 22});
  cases.add("fused_embedding_norm", "positions_without_batch")
      .input(DType::f32, {7, 5}, {7, 5})
      .input(DType::i64, {"b", "t"}, {2, 3}, 0, 6)
      .input(DType::f32, {4, 5}, {4, 5})
      .input(DType::i64, {"t"}, {3}, 0, 3)
      .input(DType::f32, {2, 5}, {2, 5})
      .input(DType::i64, {1, "t"}, {1, 3}, 0, 1)
      .graph([](auto in) { return fused_embedding_norm({in[0], in[2], in[4]}, {in[1], in[3], in[5]}, {}, {}, 1e-5); })
      .reduction(5);
  cases.add("fused_embedding_norm", "empty_batch")
      .input(DType::f32, {7, 5}, {7, 5})
      .input(DType::i64, {"b", "t"}, {0, 3}, 0, 6)
      .graph([](auto in) { return fused_embedding_norm({in[0]}, {in[1]}, {}, {}, 1e-5); });
}

}  // namespace accelerate::ops
