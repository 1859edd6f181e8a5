#pragma once
// The tables of conversions, one a theme; aten_THEME.cpp holds it. aten_registry.cpp lists them.
#include <span>

#include "accelerate/ops.h"
#include "import/pt2/call.h"

namespace accelerate::import::pt2 {

std::span<const Mapping> arithmetic_mappings();
std::span<const Mapping> function_mappings();
std::span<const Mapping> movement_mappings();
std::span<const Mapping> slicing_mappings();
std::span<const Mapping> indexing_mappings();
std::span<const Mapping> reduction_mappings();
std::span<const Mapping> linear_mappings();
std::span<const Mapping> spatial_mappings();
std::span<const Mapping> norm_mappings();
std::span<const Mapping> creation_mappings();
std::span<const Mapping> symbolic_mappings();
std::span<const Mapping> complex_mappings();
std::span<const Mapping> control_flow_mappings();
std::span<const Mapping> attention_mappings();

/// The dtype of results where integers meet a function of floats.
inline DType float_dtype(DType dtype) {
  return is_float(dtype) ? dtype : DType::f32;
}
inline Value to_float(Value x) {
  return to_dtype(x, float_dtype(x.dtype()));
}
/// fn of both operands, converted to one dtype and with extents that broadcast.
Value broadcast_binary(Call& c, Value (*fn)(Value, Value), const Operand& a, const Operand& b, DType dtype);
/// x expanded to a shape, where its symbolic extents may be written otherwise.
Value expand_to(Value x, const Shape& shape);
/// A tensor filled with a number.
Value filled(Call& c, DType dtype, const Shape& shape, const Scalar& value);

}  // namespace accelerate::import::pt2
