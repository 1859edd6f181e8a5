#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"
#include "ops/unbacked.h"

namespace accelerate::ops {

/// Index i repeats[i] times in a row, for each i. Shapes: repeats [N] of i64 or i32, none negative -> i64 [total].
/// total is a new unbacked dim, or what the sum is known to be. Source: torch.repeat_interleave.
// api: Value repeat_indices(Value repeats, Dim total);
Value repeat_indices(Value repeats, Dim total) {
  return build("repeat_indices", {repeats}, {{"total", Shape{std::move(total)}}});
}

void register_repeat_indices(OpRegistry& registry) {
  OpDef op;
  op.name = "repeat_indices";
  op.doc = "index i repeats[i] times in a row: i64[total]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {count_attr("total", "the sum of repeats (one dim)")};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_index, "i64 or i32");
    require_rank(c, 0, 1, 1);
    return {{DType::i64, {count_of(c, "total")}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& repeats = c.inputs[0];
    constexpr int64_t kMost = int64_t{1} << 40;
    int64_t total = 0;
    for (int64_t i = 0; i < repeats.num_elements(); ++i) {
      int64_t count = repeats.get_int(i);
      if (count < 0 || count > kMost - total)
        fail(ErrorCode::invalid_argument, "position {} is repeated {} times; expected 0 or more, and at most {} in all",
             i, count, kMost);
      total += count;
    }
    Tensor out(DType::i64, {total});
    auto* to = out.as<int64_t>();
    for (int64_t i = 0; i < repeats.num_elements(); ++i)
      for (int64_t count = repeats.get_int(i); count > 0; --count) *to++ = i;
    assign_result(c.outputs[0], std::move(out));
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
