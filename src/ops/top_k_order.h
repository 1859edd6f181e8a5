#pragma once
#include <algorithm>

namespace accelerate::ops {

/// Puts the k = middle - begin elements that come first in front, in order if sorted. Which of equivalent elements are
/// taken, and in which order, follows from the algorithms: those of the same standard library give the same.
/// Source: PyTorch, aten/src/ATen/native/TopKImpl.h.
template <typename Iterator, typename Before>
void select_first(Iterator begin, Iterator middle, Iterator end, bool sorted, Before before) {
  auto k = middle - begin;
  if (k == 0) return;
  if (k * 64 <= end - begin) {
    std::partial_sort(begin, middle, end, before);
    return;
  }
  std::nth_element(begin, middle - 1, end, before);
  if (sorted) std::sort(begin, middle - 1, before);
}

}  // namespace accelerate::ops
