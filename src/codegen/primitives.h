#pragma once
// The ops that the loop form has instructions for.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/loop_kernel.h"

namespace accelerate::codegen {

std::optional<LoopType> loop_type(DType dtype);

/// Adds instructions to a kernel; operands and results are indices into its values.
class LoopEmitter {
 public:
  explicit LoopEmitter(LoopKernel& kernel) : kernel_(kernel) {}
  LoopType type(int v) const { return kernel_.values[static_cast<size_t>(v)].type; }
  int op(LoopOp op, LoopType type, std::initializer_list<int> in);
  int constant(LoopType type, double number);
  int convert(int v, LoopType type);

 private:
  LoopKernel& kernel_;
};

struct Primitive {
  /// Nothing if the form takes these types (that of operand 0 decides).
  std::function<bool(LoopType)> takes;
  std::function<int(LoopEmitter&, const std::vector<int>& in, LoopType out)> emit;
};

/// By op name; no reductions, no constants.
const std::map<std::string, Primitive, std::less<>>& primitives();

/// The reduction of that op name, if it is one.
std::optional<LoopOp> reduction_of(std::string_view op);

}  // namespace accelerate::codegen
