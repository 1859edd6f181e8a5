#pragma once
// Elementwise ops, alone or fused, as a list of instructions that runs tile by tile in cache.
#include <optional>
#include <string>
#include <vector>

#include "backends/cpu/cpu_kernel.h"

namespace accelerate::cpu {

/// Codes of the integer and bool instructions.
enum class IntUnary : uint8_t { neg, abs, bitwise_not, sign };
enum class IntBinary : uint8_t {
  add,
  sub,
  mul,
  minimum,
  maximum,
  remainder,
  floor_divide,
  trunc_divide,
  bitwise_and,
  bitwise_or,
  bitwise_xor
};
enum class BoolBinary : uint8_t { logical_and, logical_or, logical_xor };

/// Virtual registers hold one tile each: f32 (also for f16 and bf16 values), i64, i32 or bool (u8).
struct ElementwiseProgram {
  enum class Kind : uint8_t {
    unary,
    binary,
    compare,
    select,
    convert,
    int_unary,
    int_binary,
    int_compare,
    bool_binary,
    bool_not,
    is_nan,
    is_inf,
    int_select
  };
  struct Instruction {
    Kind kind;
    int op = 0;  // Unary, Binary, Compare, or a code of the integer and bool kinds
    int dst = 0;
    int a = -1, b = -1, c = -1;
    float p0 = 0, p1 = 0;
  };
  struct Register {
    Element type = Element::f32;    // as computed with
    Element stored = Element::f32;  // as an input or output in memory
    int input = -1;
    int output = -1;
    std::optional<double> constant;
  };
  std::vector<Register> registers;
  std::vector<Instruction> instructions;
  size_t num_inputs = 0;
  size_t num_outputs = 0;
};

/// Translates nodes (in order) that are all elementwise. inputs and outputs are values of `graph`.
/// Returns the reason if an op or type has no instruction.
std::optional<std::string> translate(const Graph& graph, std::span<const Node* const> nodes,
                                     std::span<const ValueId> inputs, std::span<const ValueId> outputs,
                                     ElementwiseProgram& program);

/// Makes the program ready for concrete extents: inputs broadcast to the one shape of all outputs.
Prepared prepare(std::shared_ptr<const ElementwiseProgram> program, const KernelTable& table, const ConcreteNode& node);

}  // namespace accelerate::cpu
