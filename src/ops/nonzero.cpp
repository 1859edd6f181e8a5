#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"
#include "ops/unbacked.h"

namespace accelerate::ops {

/// Positions of the elements that are not 0, in row-major order: i64 [count, rank of x]. count is a new unbacked dim
/// (Dim::unbacked), or what the number is known to be.
// api: Value nonzero(Value x, Dim count);
Value nonzero(Value x, Dim count) {
  return build("nonzero", {x}, {{"count", Shape{std::move(count)}}});
}

void register_nonzero(OpRegistry& registry) {
  OpDef op;
  op.name = "nonzero";
  op.doc = "positions of the elements that are not 0: i64[count, rank]";
  op.min_operands = op.max_operands = 1;
  op.attrs = {count_attr("count", "how many there are (one dim)")};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    return {{DType::i64, {count_of(c, "count"), Dim(c.operand(0).rank())}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    std::vector<int64_t> positions;
    for (int64_t i = 0, n = x.num_elements(); i < n; ++i)
      if (is_float(x.dtype()) ? x.get(i) != 0 : x.get_int(i) != 0) positions.push_back(i);
    auto strides = strides_of(x.shape());
    Tensor out(DType::i64, {static_cast<int64_t>(positions.size()), x.rank()});
    auto* to = out.as<int64_t>();
    for (int64_t position : positions) {
      for (int64_t stride : strides) {
        *to++ = position / stride;
        position %= stride;
      }
    }
    assign_result(c.outputs[0], std::move(out));
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
