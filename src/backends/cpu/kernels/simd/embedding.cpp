#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/norm.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

ACCELERATE_INLINE int64_t id_of(const EmbeddingTable& table, int64_t row) {
  if (table.ids) return table.ids[row];
  if (table.ids32) return table.ids32[row];
  return table.first_id + row % (table.period > 0 ? table.period : 1);
}

template <bool kAdd>
ACCELERATE_INLINE void gather_row(const EmbeddingTable& table, int64_t id, int64_t cols, float* y) {
  const int64_t start = id * table.row_stride;
  if (table.type == Element::f32) {
    const float* from = static_cast<const float*>(table.data) + start;
    for_lanes(cols, [&](int64_t i, int64_t n) {
      const V v = load_n(from + i, n);
      store_n(y + i, kAdd ? load_n(y + i, n) + v : v, n);
    });
    return;
  }
  const uint16_t* from = static_cast<const uint16_t*>(table.data) + start;
  const bool brain = table.type == Element::bf16;
  int64_t i = 0;
  for (; i + kW <= cols; i += kW) {
    const V v = brain ? load_bf16(from + i) : load_f16(from + i);
    store(y + i, kAdd ? load(y + i) + v : v);
  }
  for (; i < cols; ++i) {
    const float v = brain ? bf16_to_float(from[i]) : f16_to_float(from[i]);
    y[i] = kAdd ? y[i] + v : v;
  }
}

}  // namespace

int64_t embedding(const EmbeddingArgs& args, Executor& executor) {
  // Checked first, on this thread: ids are few beside the rows that they fetch.
  for (int64_t r = 0; r < args.rows; ++r) {
    for (int t = 0; t < args.num_tables; ++t) {
      const EmbeddingTable& table = args.tables[t];
      if (!table.data && table.num_rows == 0) continue;
      const int64_t id = id_of(table, r);
      if (id < 0 || id >= table.num_rows) return r * EmbeddingArgs::kMaxTables + t;
    }
  }
  const auto body = [&args](int64_t r) {
    float* y = args.y + r * args.y_stride;
    bool written = false;
    for (int t = 0; t < args.num_tables; ++t) {
      const EmbeddingTable& table = args.tables[t];
      if (!table.data && table.num_rows == 0) continue;
      const int64_t id = id_of(table, r);
      if (written) {
        gather_row<true>(table, id, args.cols, y);
      } else {
        gather_row<false>(table, id, args.cols, y);
      }
      written = true;
    }
    if (!written) __builtin_memset(y, 0, sizeof(float) * args.cols);
    if (args.normalise) layer_norm_row(args.cols, y, args.weight, args.bias, 0.0f, args.eps, y);
  };
  for_rows(executor, args.rows, args.cols * args.num_tables, body);
  return -1;
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
