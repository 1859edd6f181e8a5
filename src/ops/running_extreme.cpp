#include "ops/running_extreme.h"

#include "ops/reduction.h"
#include "ops/rules.h"

namespace accelerate::ops {

OpDef running_extreme_op(std::string name, std::string doc, bool largest) {
  OpDef op = axis_op(std::move(name), std::move(doc), ElementTypes::any);
  op.numerics = Numerics::exact;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    return {type, {DType::i64, type.shape}};
  };
  op.reference = [largest](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    // Is element i at least as extreme as element j; NaN is the most extreme.
    auto reaches = [&](int64_t i, int64_t j) {
      if (!is_float(x.dtype())) return largest ? !ordered_less(x, i, j) : !ordered_less(x, j, i);
      double a = x.get(i);
      double b = x.get(j);
      return std::isnan(a) || (!std::isnan(b) && (largest ? a >= b : a <= b));
    };
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      size_t best = 0;
      for (size_t j = 0; j < offsets.size(); ++j) {
        if (reaches(offsets[j], offsets[best])) best = j;
        copy_element(x, offsets[best], c.outputs[0], offsets[j]);
        c.outputs[1].set_int(offsets[j], static_cast<int64_t>(best));
      }
    });
  };
  return op;
}

}  // namespace accelerate::ops
