#pragma once
#include <optional>
#include <string>

#include "graph/op_def.h"
#include "tensor/tensor.h"

namespace accelerate::test {

/// How far two results may be apart.
struct Tolerance {
  Numerics numerics = Numerics::exact;
  /// Terms in the longest sum.
  int64_t reduction_length = 1;
  /// Factor for ops that amplify rounding, or that are computed in several rounded steps.
  double factor = 1;
};

/// Distance of 1 to the next number of the dtype; 0 for integers and bool.
double epsilon_of(DType dtype);

/// The first difference, described; nothing if `actual` is as close to `expected` as the tolerance asks.
/// exact: equal values, NaN equal to NaN, zeros of both signs equal. rounding: 4 units in the last place of the value
/// plus one of the largest value of the tensor. accumulating: 4 + 2 sqrt(length) units of the value, of the largest
/// value and of 1 (the size of the terms).
std::optional<std::string> difference(const Tensor& actual, const Tensor& expected, const Tolerance& tolerance);

}  // namespace accelerate::test
