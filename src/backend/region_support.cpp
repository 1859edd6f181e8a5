#include "backend/region_support.h"

#include <algorithm>

#include "base/error.h"

namespace accelerate {

std::vector<CheckedIndex> checked_indices(const Graph& region) {
  std::vector<CheckedIndex> out;
  for (const Node& node : region.nodes()) {
    bool embedding = node.op->name == "embedding";
    if (!embedding && node.op->name != "gather") continue;
    ValueId id = node.operands[1];
    while (const Node* from = region.producer(id)) {
      if (!from->op->is_view) break;
      id = from->operands[0];
    }
    const auto& inputs = region.inputs();
    auto input = std::find(inputs.begin(), inputs.end(), id);
    if (input == inputs.end()) continue;
    size_t axis = embedding ? 0 : static_cast<size_t>(node.attrs.integer("axis"));
    if (auto rows = region.type_of(node.operands[0]).shape[axis].constant())
      out.push_back(
          {static_cast<size_t>(input - inputs.begin()), region.type_of(id).dtype, embedding ? 0 : -*rows, *rows});
  }
  return out;
}

void check_index(const CheckedIndex& index, const std::vector<int64_t>& shape, const void* data) {
  int64_t count = 1;
  for (int64_t n : shape) count *= n;
  for (int64_t i = 0; i < count; ++i) {
    int64_t value =
        index.dtype == DType::i32 ? static_cast<const int32_t*>(data)[i] : static_cast<const int64_t*>(data)[i];
    if (value < index.least || value >= index.rows)
      fail(ErrorCode::invalid_argument, "index {} of a table of {} rows", value, index.rows);
  }
}

Shape broadcast_extents(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()), Dim(1));
  for (size_t i = 0; i < out.size(); ++i) {
    const Dim one = 1;
    const Dim& x = i < a.size() ? a[a.size() - 1 - i] : one;
    const Dim& y = i < b.size() ? b[b.size() - 1 - i] : one;
    bool take_y = x == one || (!x.is_constant() && y.is_constant() && !(y == one));
    out[out.size() - 1 - i] = take_y ? y : x;
  }
  return out;
}

}  // namespace accelerate
