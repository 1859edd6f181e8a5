#pragma once
// What the rules and references of the structural ops share.
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace accelerate::ops {

// The extent that a and b have in common: equal ones, the constant beside a symbol, the known beside an unbacked one.
// Errors: invalid_shape for anything else.
Dim unify(const Dim& a, const Dim& b, std::string_view what);
// Axis counted from the front. Errors: invalid_shape unless in [-rank, rank).
int64_t front_axis(int64_t axis, int rank);
// All axes counted from the front. Errors: invalid_shape, also for an axis given twice.
std::vector<int64_t> front_axes(std::vector<int64_t> axes, int rank);
// Errors: invalid_dtype unless operands a and b have one dtype.
void require_same_dtype(const InferContext& c, size_t a, size_t b);
bool is_index(DType dtype);
bool is_number(DType dtype);
bool is_data(DType dtype);
// Errors: invalid_argument unless value is one of the allowed, which the message lists.
void require_one_of(std::string_view what, std::string_view value, std::initializer_list<std::string_view> allowed);
// Errors: invalid_shape unless the tensor has these extents.
void require_extents(const Tensor& tensor, const std::vector<int64_t>& extents, std::string_view what);
// Index into an axis of n; negative counts from the back. Errors: invalid_argument out of [-n, n).
int64_t checked_index(int64_t index, int64_t n);

// Element i of `from` to element j of `to`, bit by bit; both of one dtype.
inline void copy_element(const Tensor& from, int64_t i, Tensor& to, int64_t j) {
  size_t size = size_of(to.dtype());
  std::memcpy(static_cast<char*>(to.data()) + static_cast<size_t>(j) * size,
              static_cast<const char*>(from.data()) + static_cast<size_t>(i) * size, size);
}

// Errors: invalid_graph for another number of operands.
void require_operand_count(const InferContext& c, size_t count);
// Errors: invalid_shape, invalid_dtype unless the types are equal.
void require_same_type(const TensorType& type, const TensorType& expected, std::string_view what);
void require_bool_scalar(const TensorType& type, std::string_view what);
// Region i, whose inputs must have these types. Errors: invalid_graph, invalid_shape, invalid_dtype.
const Graph& require_region(const InferContext& c, size_t i, const std::vector<TensorType>& inputs);
std::vector<TensorType> output_types(const Graph& graph);
// The token and the attributes of a state op. Errors: invalid_dtype, invalid_argument.
void require_state(const InferContext& c);
// Dtypes of (x, indices, updates) and the reduction of a scatter. Errors: invalid_dtype, invalid_argument.
void require_scatter(const InferContext& c);

// Elements of x combined with updates in double (integers in 64 bits) and rounded once, at the end.
class Scatter {
 public:
  Scatter(const Tensor& x, std::string reduction);
  void put(int64_t to, const Tensor& updates, int64_t from);
  void store(Tensor& out) const;

 private:
  std::string reduction_;
  Tensor values_;
};

// f32 for float types narrower than it, else the dtype itself: what composites compute in.
DType compute_dtype(DType dtype);
// x converted, unless it has the dtype already.
Value cast_to(Value x, DType dtype);
// x [C] with `trailing` axes of 1 behind it.
Value with_trailing_axes(Value x, int trailing);

// weight and bias of a normalisation, if given (operands first and first + 1): float, [channels].
// Errors: invalid_shape, invalid_dtype.
void require_affine(const InferContext& c, size_t first, const Dim& channels);
// x times matrix [n,m] along an axis of n, which becomes m.
Value matmul_along(Value x, Value matrix, int64_t axis);
// An extent as an i64 scalar: a constant where it is one.
Value extent_value(Builder& builder, const Dim& dim);
// The nodes of a region added to the builder, its inputs replaced by operands; gives the region's outputs.
std::vector<Value> inline_region(Builder& builder, const Graph& region, std::span<const Value> operands);
// Reference of group_norm, also for instance_norm (groups = channels).
void group_norm_reference(EvalContext& c, int64_t groups);
// (x - mean) / sqrt(variance + eps) over the last axis.
Value normalize_last_axis(Value x, double eps);
// Axis of the channels in x: "NCHW" 1, "NHWC" the last. Errors: invalid_argument for another layout.
int64_t channel_axis(std::string_view layout, int rank);
// x with the channels moved from the last axis to axis 1, and back; "NCHW" is left as it is.
Value to_channels_first(Value x, std::string_view layout);
Value from_channels_first(Value x, std::string_view layout);

// Result of x [...,K] by weight [N,K] and bias [N]. Errors: invalid_shape, invalid_dtype.
TensorType linear_result(const TensorType& x, const TensorType& weight, const TensorType* bias);
// out = x * weight^T + bias; bias may be null. Errors: invalid_shape.
void linear_reference(const Tensor& x, const Tensor& weight, const Tensor* bias, Tensor& out);

// Activations that the fused ops apply: "none", "relu", "gelu", "gelu_tanh", "quick_gelu", "silu", "tanh", "sigmoid".
// Errors: invalid_argument for another name.
void require_activation(std::string_view name);
double activate(double x, std::string_view name);
Value apply_activation(Value x, std::string_view name);

}  // namespace accelerate::ops
