#include "accelerate/ops.h"
#include "ops/reduction.h"

namespace accelerate::ops {

/// Running sum along the axis. exclusive: element i is the sum of those before it; reverse: from the end. Integers and
/// bool give i64; floats keep their type.
// api: Value cumsum(Value x, int64_t axis, bool exclusive = false, bool reverse = false);
Value cumsum(Value x, int64_t axis, bool exclusive, bool reverse) {
  Attrs attrs = axis_attrs(x, axis);
  attrs.set("exclusive", exclusive).set("reverse", reverse);
  return build("cumsum", {x}, std::move(attrs));
}

void register_cumsum(OpRegistry& registry) {
  OpDef op = axis_op("cumsum", "running sum along an axis", ElementTypes::any);
  op.attrs.push_back({"exclusive", AttrKind::boolean, Attr(false), false, "leave out the element itself"});
  op.attrs.push_back({"reverse", AttrKind::boolean, Attr(false), false, "begin at the end"});
  op.numerics = Numerics::accumulating;
  op.infer = [infer = op.infer](const InferContext& c) -> std::vector<TensorType> {
    TensorType type = infer(c).at(0);
    return {{sum_dtype(type.dtype), type.shape}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    bool exclusive = c.attrs.boolean("exclusive");
    bool reverse = c.attrs.boolean("reverse");
    for_each_line(x.shape(), c.axis("axis", x.rank()), [&](std::span<const int64_t> offsets) {
      double sum = 0;
      uint64_t int_sum = 0;
      for (size_t j = 0; j < offsets.size(); ++j) {
        int64_t o = offsets[reverse ? offsets.size() - 1 - j : j];
        double before = sum;
        uint64_t int_before = int_sum;
        if (is_float(x.dtype())) {
          sum += x.get(o);
          c.outputs[0].set(o, exclusive ? before : sum);
        } else {
          int_sum += static_cast<uint64_t>(x.get_int(o));
          c.outputs[0].set_int(o, static_cast<int64_t>(exclusive ? int_before : int_sum));
        }
      }
    });
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
