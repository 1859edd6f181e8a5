#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// x with begin[i] positions before and end[i] behind axis i. mode: "constant" (value), "reflect" (mirrored without
/// the border: the extent must be greater than the padding), "replicate" (the border), "circular" (the other side).
// api: Value pad(Value x, Shape begin, Shape end, std::string mode = "constant", double value = 0);
Value pad(Value x, Shape begin, Shape end, std::string mode, double value) {
  return build("pad", {x},
               {{"begin", std::move(begin)}, {"end", std::move(end)}, {"mode", std::move(mode)}, {"value", value}});
}

namespace {

// Position in an axis of n that position i - begin reads, or -1 for the constant.
int64_t source_position(int64_t i, int64_t n, const std::string& mode) {
  if (i >= 0 && i < n) return i;
  if (mode == "replicate") return std::clamp<int64_t>(i, 0, n - 1);
  if (mode == "circular") return ((i % n) + n) % n;
  if (mode == "reflect") {
    int64_t period = std::max<int64_t>(2 * (n - 1), 1);
    int64_t at = ((i % period) + period) % period;
    return std::min(at, 2 * (n - 1) - at);
  }
  return -1;
}

// The indices that source_position gives for a whole axis.
Value source_positions(Builder& builder, const Dim& before, const Dim& n, const Dim& length, const std::string& mode) {
  auto number = [&](const Dim& dim) { return extent_value(builder, dim); };
  Value at = sub(iota(builder, DType::i64, length), number(before));
  if (mode == "replicate") return minimum(maximum(at, number(0)), number(n - 1));
  if (mode == "circular") return remainder(at, number(n));
  Value turn = number(2 * (n - 1));
  at = remainder(at, maximum(turn, number(1)));
  return minimum(at, sub(turn, at));
}

}  // namespace

void register_pad(OpRegistry& registry) {
  OpDef op;
  op.name = "pad";
  op.doc = "x with begin[i] positions before and end[i] behind axis i";
  op.min_operands = op.max_operands = 1;
  op.attrs = {
      {"begin", AttrKind::dims, std::nullopt, false, "positions before each axis"},
      {"end", AttrKind::dims, std::nullopt, false, "positions behind each axis"},
      {"mode", AttrKind::string, Attr(std::string("constant")), false, "constant, reflect, replicate, circular"},
      {"value", AttrKind::number, Attr(0.0), false, "value of constant padding"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, is_data, "a tensor");
    require_one_of("mode", c.attrs.string("mode"), {"constant", "reflect", "replicate", "circular"});
    TensorType out(c.operand(0).dtype, c.operand(0).shape);
    const Shape& begin = c.attrs.dims("begin");
    const Shape& end = c.attrs.dims("end");
    if (begin.size() != out.shape.size() || end.size() != out.shape.size())
      fail(ErrorCode::invalid_shape, "padding of {} and {} axes for {}", begin.size(), end.size(),
           c.operand(0).to_string());
    bool reflect = c.attrs.string("mode") == "reflect";
    for (size_t i = 0; i < begin.size(); ++i) {
      if (begin[i].constant().value_or(0) < 0 || end[i].constant().value_or(0) < 0)
        fail(ErrorCode::invalid_shape, "padding {} and {} of axis {}; expected 0 or more (see slice)",
             begin[i].to_string(), end[i].to_string(), i);
      for (const Dim& amount : {begin[i], end[i]}) {
        if (reflect && amount != Dim(0) && (out.shape[i] - amount).constant().value_or(1) < 1)
          fail(ErrorCode::invalid_shape, "reflection of {} positions in an axis of {}", amount.to_string(),
               out.shape[i].to_string());
      }
      out.shape[i] = out.shape[i] + begin[i] + end[i];
    }
    return {out};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    Tensor& out = c.outputs[0];
    auto begin = c.extents("begin");
    auto end = c.extents("end");
    const std::string& mode = c.attrs.string("mode");
    for (size_t i = 0; i < begin.size(); ++i) {
      bool padded = begin[i] != 0 || end[i] != 0;
      int64_t n = x.shape()[i];
      if (begin[i] < 0 || end[i] < 0 || (mode != "constant" && padded && n == 0) ||
          (mode == "reflect" && std::max(begin[i], end[i]) > std::max<int64_t>(n - 1, 0)))
        fail(ErrorCode::invalid_shape, "{} padding of {} and {} on an axis of {}", mode, begin[i], end[i], n);
    }
    auto strides = strides_of(x.shape());
    int64_t i = 0;
    for_each_index(out.shape(), [&](const std::vector<int64_t>& index) {
      int64_t from = 0;
      for (size_t k = 0; k < index.size() && from >= 0; ++k) {
        int64_t at = source_position(index[k] - begin[k], x.shape()[k], mode);
        from = at < 0 ? -1 : from + at * strides[k];
      }
      if (from < 0) {
        out.set(i++, c.attrs.number("value"));
      } else {
        copy_element(x, from, out, i++);
      }
    });
  };
  op.expand = [](Builder& builder, const Node& node, std::span<const Value> operands) -> std::vector<Value> {
    Value x = operands[0];
    const std::string& mode = node.attrs.string("mode");
    for (int64_t axis = 0; axis < x.rank(); ++axis) {
      const Dim& before = node.attrs.dims("begin")[static_cast<size_t>(axis)];
      const Dim& behind = node.attrs.dims("end")[static_cast<size_t>(axis)];
      if (before == Dim(0) && behind == Dim(0)) continue;
      const Dim n = x.shape()[static_cast<size_t>(axis)];
      if (mode != "constant") {
        x = gather(x, source_positions(builder, before, n, n + before + behind, mode), axis);
        continue;
      }
      std::vector<Value> parts;
      auto add_part = [&](const Dim& amount) {
        Shape shape = x.shape();
        shape[static_cast<size_t>(axis)] = amount;
        if (amount != Dim(0)) parts.push_back(full(builder, x.dtype(), shape, node.attrs.number("value")));
      };
      add_part(before);
      parts.push_back(x);
      add_part(behind);
      x = concat(parts, axis);
    }
    return {x};
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
