#pragma once
// What backends that take whole regions have in common.
#include <vector>

#include "graph/graph.h"

namespace accelerate {

/// An index operand of an embedding or gather that is an input of the region (or a view of one), and the indices that
/// its table has: [least, rows).
struct CheckedIndex {
  size_t input = 0;
  DType dtype = DType::i64;
  int64_t least = 0;
  int64_t rows = 0;
};

/// Those of tables whose number of rows is known.
std::vector<CheckedIndex> checked_indices(const Graph& region);

/// Looks at the indices of one call before an engine does, which reads or makes up values outside a table. `shape`: of
/// the input. Errors: invalid_argument for the first index that the table does not have.
void check_index(const CheckedIndex& index, const std::vector<int64_t>& shape, const void* data);

/// The extents of an elementwise result, where symbols that are written differently are equal in a call: beside another
/// extent than 1, a symbol must have that value.
Shape broadcast_extents(const Shape& a, const Shape& b);

}  // namespace accelerate
