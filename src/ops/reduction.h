#pragma once
// What the ops that work along axes share: reductions, softmax, scans, sorting.
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "ops/support.h"

namespace accelerate::ops {

// Sorted axes counted from the front; none given means all. Errors: invalid_shape.
std::vector<int64_t> canonical_axes(Value x, std::vector<int64_t> axes);

// A reduction with the attributes axes (sorted, from the front) and keepdims. `result` gives the dtype of the result.
OpDef reduction_op(std::string name, std::string doc, ElementTypes types, DType (*result)(DType));
// Adds the node of a reduction, with axes made canonical.
Value build_reduction(std::string_view name, Value x, std::vector<int64_t> axes, bool keepdims, Attrs more = {});

// Calls body(i, offsets) for each element i of the result of reducing `shape` over `axes`: offsets are the elements
// of the operand that it is made of, in row-major order.
void for_each_reduced(const std::vector<int64_t>& shape, const std::vector<int64_t>& axes,
                      const std::function<void(int64_t, std::span<const int64_t>)>& body);

// fn of the elements of each reduction, in double.
void reduce_reference(EvalContext& c, const std::function<double(const Tensor&, std::span<const int64_t>)>& fn);

// One operand and the attribute `axis` (from the front), result of the operand's type.
OpDef axis_op(std::string name, std::string doc, ElementTypes types);
// Adds a node with the attribute axis, counted from the front.
Attrs axis_attrs(Value x, int64_t axis);

// Calls body(offsets) for each line along an axis, with the offsets of its elements in order.
void for_each_line(const std::vector<int64_t>& shape, int axis,
                   const std::function<void(std::span<const int64_t>)>& body);

// Sums and products of integers and bool are i64; floats keep their type.
DType sum_dtype(DType dtype);

// Order of values with NaN above all numbers; integers are compared exactly.
bool ordered_less(const Tensor& x, int64_t i, int64_t j);

// Positions into `offsets` by increasing (or decreasing) value; equal ones keep their order.
std::vector<size_t> sorted_order(const Tensor& x, std::span<const int64_t> offsets, bool descending);

// Element i becomes the smallest (largest) value of the dtype, -inf (inf) for floats.
void set_lowest(Tensor& x, int64_t i);
void set_highest(Tensor& x, int64_t i);

// The number of elements that are reduced into one, as a scalar of `dtype`.
Value reduced_count(Value x, const std::vector<int64_t>& axes, DType dtype);

}  // namespace accelerate::ops
