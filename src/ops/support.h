#pragma once
// What the files of ops share: building nodes, broadcasting, and plain loops for references.
#include <cmath>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace accelerate::ops {

/// Adds a node of the op `name` to the builder of the first operand. Absent (empty) operands at the end are left out.
Value build(std::string_view name, std::initializer_list<Value> operands, Attrs attrs = {});
std::vector<Value> build_multi(std::string_view name, std::span<const Value> operands, Attrs attrs = {});

/// Result shape of broadcasting (NumPy rules). Two different symbolic extents are an error; an unbacked or symbolic
/// extent beside a constant other than 1 gives the constant. Errors: invalid_shape.
Shape broadcast(const Shape& a, const Shape& b);
/// Errors: invalid_dtype unless the operand's dtype passes `accept`; `expected` says what would.
void require_dtype(const InferContext& c, size_t operand, bool (*accept)(DType), std::string_view expected);
/// Errors: invalid_shape.
void require_rank(const InferContext& c, size_t operand, int min_rank, int max_rank);

/// Row-major strides of a shape, in elements.
std::vector<int64_t> strides_of(const std::vector<int64_t>& shape);
/// Strides that read `shape` as if broadcast to `to` (0 where broadcast).
std::vector<int64_t> broadcast_strides(const std::vector<int64_t>& shape, const std::vector<int64_t>& to);
/// Calls body(multi-index) for each index of shape in row-major order.
void for_each_index(const std::vector<int64_t>& shape, const std::function<void(const std::vector<int64_t>&)>& body);
int64_t offset_of(const std::vector<int64_t>& index, const std::vector<int64_t>& strides);

/// Elementwise ops, declared by their scalar function; f16 and bf16 compute in double and round once.
enum class ElementTypes { floats, numbers, any, booleans_or_integers };
OpDef unary_op(std::string name, std::string doc, ElementTypes types, double (*fn)(double), std::vector<AttrSpec> attrs = {});
/// Unary with attributes read by fn.
OpDef unary_op_with(std::string name, std::string doc, ElementTypes types, std::vector<AttrSpec> attrs,
                    double (*fn)(double, const Attrs&));
/// Both operands of one dtype; integers go through int_fn when given (exact for 64 bits), else through fn.
OpDef binary_op(std::string name, std::string doc, ElementTypes types, double (*fn)(double, double),
                int64_t (*int_fn)(int64_t, int64_t) = nullptr);
/// Same operand rules; result is bool.
OpDef compare_op(std::string name, std::string doc, bool (*fn)(double, double), bool (*int_fn)(int64_t, int64_t));

/// A constant of one element, of the dtype of `like`.
Value scalar_like(Value like, double value);
Value scalar(Builder& builder, DType dtype, double value);

}  // namespace accelerate::ops
