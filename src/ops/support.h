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
enum class ElementTypes { floats, numbers, integers, any, booleans_or_integers };
/// Integers and bool go through int_fn when given (exact for 64 bits), else through fn.
OpDef unary_op(std::string name, std::string doc, ElementTypes types, double (*fn)(double),
               std::vector<AttrSpec> attrs = {}, int64_t (*int_fn)(int64_t) = nullptr);
/// Unary with attributes read by fn.
OpDef unary_op_with(std::string name, std::string doc, ElementTypes types, std::vector<AttrSpec> attrs,
                    double (*fn)(double, const Attrs&));
/// A question about each element; result is bool.
OpDef predicate_op(std::string name, std::string doc, ElementTypes types, bool (*fn)(double));
/// Both operands of one dtype; integers and bool go through int_fn when given (exact for 64 bits), else through fn.
/// u64 goes through uint_fn where the order or the quotient of values above 2^63 matters.
OpDef binary_op(std::string name, std::string doc, ElementTypes types, double (*fn)(double, double),
                int64_t (*int_fn)(int64_t, int64_t) = nullptr, uint64_t (*uint_fn)(uint64_t, uint64_t) = nullptr);
/// Same operand rules; result is bool. u64 is compared through int_fn with the order of unsigned values.
OpDef compare_op(std::string name, std::string doc, bool (*fn)(double, double), bool (*int_fn)(int64_t, int64_t));
/// Both operands of one dtype, any type; result is the bool fn of "is not zero".
OpDef logical_op(std::string name, std::string doc, bool (*fn)(bool, bool));

/// fn applied in f32 where x is of a narrower float type, with the result cast back: for expansions of several steps.
Value in_f32(Value x, const std::function<Value(Value)>& fn);

/// A constant of one element, of the dtype of `like`.
Value scalar_like(Value like, double value);
Value scalar(Builder& builder, DType dtype, double value);

}  // namespace accelerate::ops
