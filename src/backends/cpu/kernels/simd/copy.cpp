#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/panel_pack.h"
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

ACCELERATE_INLINE int64_t magnitude(int64_t x) {
  return x < 0 ? -x : x;
}

// The copy with fewest axes: those of size 1 dropped, neighbours that are one run in both arrays merged, the last
// one that with the smallest target stride.
CopyArgs simplified(const CopyArgs& args) {
  CopyArgs c = args;
  c.rank = 0;
  for (int i = 0; i < args.rank; ++i) {
    if (args.dims[i] == 1) continue;
    c.dims[c.rank] = args.dims[i];
    c.src_strides[c.rank] = args.src_strides[i];
    c.dst_strides[c.rank] = args.dst_strides[i];
    ++c.rank;
  }
  const auto move = [&c](int from, int to) {
    c.dims[to] = c.dims[from];
    c.src_strides[to] = c.src_strides[from];
    c.dst_strides[to] = c.dst_strides[from];
  };
  for (int i = 1; i < c.rank; ++i) {  // insertion sort by target stride, largest first
    const int64_t dim = c.dims[i], src = c.src_strides[i], dst = c.dst_strides[i];
    int j = i;
    for (; j > 0 && magnitude(c.dst_strides[j - 1]) < magnitude(dst); --j) move(j - 1, j);
    c.dims[j] = dim;
    c.src_strides[j] = src;
    c.dst_strides[j] = dst;
  }
  int kept = 0;
  for (int i = 1; i < c.rank; ++i) {
    if (c.src_strides[kept] == c.src_strides[i] * c.dims[i] && c.dst_strides[kept] == c.dst_strides[i] * c.dims[i]) {
      c.dims[kept] *= c.dims[i];
      c.src_strides[kept] = c.src_strides[i];
      c.dst_strides[kept] = c.dst_strides[i];
    } else {
      move(i, ++kept);
    }
  }
  if (c.rank > 0) c.rank = kept + 1;
  return c;
}

template <typename T>
ACCELERATE_INLINE void copy_block(const T* src, int64_t src_row, int64_t src_column, T* dst, int64_t dst_row,
                                  int64_t dst_column, int64_t rows, int64_t columns) {
  if (src_column == 1 && dst_column == 1) {
    for (int64_t i = 0; i < rows; ++i) {
      __builtin_memcpy(dst + i * dst_row, src + i * src_row, sizeof(T) * static_cast<size_t>(columns));
    }
    return;
  }
  if constexpr (sizeof(T) == 4) {
    // A transpose: rows are contiguous in the source, columns in the target.
    if (src_row == 1 && dst_column == 1) {
      const int64_t whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
      for (int64_t i = 0; i < whole_rows; i += 4) {
        for (int64_t j = 0; j < whole_columns; j += 4) {
          transpose_quad(reinterpret_cast<const float*>(src + j * src_column + i), src_column,
                         reinterpret_cast<float*>(dst + i * dst_row + j), dst_row);
        }
      }
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j) {
          dst[i * dst_row + j] = src[i + j * src_column];
        }
      }
      return;
    }
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) dst[i * dst_row + j * dst_column] = src[i * src_row + j * src_column];
  }
}

template <typename T>
void copy_elements(const CopyArgs& c, Executor& executor) {
  const T* src = static_cast<const T*>(c.src);
  T* dst = static_cast<T*>(c.dst);
  if (c.rank == 0) {
    *dst = *src;
    return;
  }
  // The inner two axes of a block: the target's last, and the source's fastest if that is another one.
  const int column = c.rank - 1;
  int row = c.rank - 2;
  if (c.src_strides[column] != 1) {
    for (int i = 0; i < column; ++i) {
      if (c.src_strides[i] == 1) row = i;
    }
  }
  constexpr int64_t kBlock = 32;
  const bool rows_whole = c.src_strides[column] == 1;
  const int64_t num_rows = row >= 0 ? c.dims[row] : 1, num_columns = c.dims[column];
  const int64_t src_row = row >= 0 ? c.src_strides[row] : 0, dst_row = row >= 0 ? c.dst_strides[row] : 0;
  const int64_t row_step = kBlock, column_step = rows_whole ? 16384 : kBlock * 8;
  const int64_t row_blocks = (num_rows + row_step - 1) / row_step;
  const int64_t column_blocks = (num_columns + column_step - 1) / column_step;
  int64_t outer = 1;
  for (int i = 0; i < c.rank; ++i) outer *= i == row || i == column ? 1 : c.dims[i];
  const auto body = [&](int64_t task) {
    const int64_t column_begin = task % column_blocks * column_step;
    const int64_t row_begin = task / column_blocks % row_blocks * row_step;
    int64_t index = task / (column_blocks * row_blocks), src_offset = 0, dst_offset = 0;
    for (int i = c.rank - 1; i >= 0; --i) {
      if (i == row || i == column) continue;
      src_offset += index % c.dims[i] * c.src_strides[i];
      dst_offset += index % c.dims[i] * c.dst_strides[i];
      index /= c.dims[i];
    }
    copy_block(src + src_offset + row_begin * src_row + column_begin * c.src_strides[column], src_row,
               c.src_strides[column], dst + dst_offset + row_begin * dst_row + column_begin * c.dst_strides[column],
               dst_row, c.dst_strides[column], least(row_step, num_rows - row_begin),
               least(column_step, num_columns - column_begin));
  };
  for_rows(executor, outer * row_blocks * column_blocks, least(row_step, num_rows) * least(column_step, num_columns),
           body);
}

}  // namespace

void copy(const CopyArgs& args, Executor& executor) {
  for (int i = 0; i < args.rank; ++i) {
    if (args.dims[i] <= 0) return;
  }
  const CopyArgs c = simplified(args);
  switch (args.element_size) {
    case 1: return copy_elements<uint8_t>(c, executor);
    case 2: return copy_elements<uint16_t>(c, executor);
    case 4: return copy_elements<uint32_t>(c, executor);
    default: return copy_elements<uint64_t>(c, executor);
  }
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
