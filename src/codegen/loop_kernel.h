#pragma once
// The form between a group of nodes and source text in a kernel language. Any renderer (Mojo, WGSL, CUDA C++, HIP,
// Metal) writes it out: it knows no language, and asks for nothing that the poorest of them lacks.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace accelerate::codegen {

/// Types that values are computed in. All but i64 are WGSL's.
enum class LoopType : uint8_t { f32, i32, i64, boolean };

/// Every instruction makes one value of its operands. Comparisons give boolean; the logical ones take it.
/// maximum and minimum, and the reductions of that name, keep NaN. round goes to even. Integers wrap.
enum class LoopOp : uint8_t {
  load,      // an element of `buffer`
  constant,  // `number`, exact in every type
  extent,    // extents[index] of the kernel
  // one operand
  copy,
  neg,
  abs,
  sqrt,
  exp,
  exp2,
  expm1,
  log,
  log2,
  log1p,
  sin,
  cos,
  tanh,
  erf,
  floor,
  ceil,
  round,
  trunc,
  logical_not,
  is_nan,
  convert,  // to the value's type; to boolean: not 0; floats to integers: towards zero
  // two operands
  add,
  sub,
  mul,
  div,  // floats
  pow,  // floats
  maximum,
  minimum,
  equal,
  not_equal,
  less,
  less_equal,
  logical_and,
  logical_or,
  logical_xor,
  // condition, then, else
  select,
  // an element value over the whole line, into a row value
  reduce_sum,
  reduce_product,
  reduce_max,
  reduce_min,
};

std::string_view name_of(LoopOp op);
int num_operands(LoopOp op);
inline bool is_reduction(LoopOp op) {
  return op >= LoopOp::reduce_sum;
}
/// Costs many instructions: worth keeping rather than computing again.
bool is_costly(LoopOp op);

struct LoopValue {
  LoopOp op = LoopOp::load;
  LoopType type = LoopType::f32;
  /// One value a line; else one an element.
  bool row = false;
  std::array<int, 3> in = {-1, -1, -1};
  int buffer = -1;    // load
  size_t index = 0;   // extent
  double number = 0;  // constant: integers up to 2^53
};

/// A tensor that the kernel reads or writes. It broadcasts to the space: aligned at the last axis, extents 1 repeat.
struct LoopBuffer {
  ValueId value = 0;  // of the program's graph
  LoopType type = LoopType::f32;
  bool written = false;
  /// One element a line (its last extent is 1 and the space's is not).
  bool row = false;
  /// Its extents as far as they follow the space, without a reduced last axis that was dropped.
  Shape shape;
};

/// Runs over `space`: lines are its last axis, and lines are independent of one another.
struct LoopKernel {
  /// WGSL promises eight storage buffers a stage.
  static constexpr size_t kMaxBuffers = 8;

  Shape space;
  std::vector<LoopBuffer> buffers;
  std::vector<LoopValue> values;  // in order of definition
  struct Store {
    int value = 0;
    int buffer = 0;
  };
  std::vector<Store> stores;
  std::vector<Dim> extents;

  bool reduces() const;
};

/// One run over the elements of a line. Row values come first, then the loop, which ends the reductions.
struct LoopPass {
  std::vector<int> rows;        // row values to compute before the loop
  std::vector<int> elements;    // element values to compute for each element, in order
  std::vector<int> reductions;  // row values that the loop makes
  std::vector<LoopKernel::Store> stores;
  std::vector<LoopKernel::Store> row_stores;  // before the loop
  /// Element values that come from a buffer that an earlier pass wrote, instead of being computed again.
  std::vector<LoopKernel::Store> reloads;
};

/// The passes over a line. What is costly and needed in several passes is kept in a result's memory meanwhile.
std::vector<LoopPass> passes_of(const LoopKernel& kernel);

}  // namespace accelerate::codegen
