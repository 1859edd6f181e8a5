#include <limits>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// softmax(q k^T * scale + mask) v, for each head. Shapes ("BHTD"): q [B,H,T,D], k [B,K,S,D], v [B,K,S,Dv], where K
/// divides H: query head h reads key head h / (H/K); mask (may be empty) broadcasts to [B,H,T,S]: bool (true: attend)
/// or float, added to the scores -> [B,H,T,Dv] of the dtype of q. "BTHD" exchanges axes 1 and 2 of q, k, v and the
/// result. A query that may attend to no key gives 0. f16 and bf16 compute in f32.
/// Source: Vaswani et al. 2017, arXiv:1706.03762, eq. 1; grouped heads: Ainslie et al. 2023, arXiv:2305.13245.
// api: Value scaled_dot_product_attention(Value q, Value k, Value v, Value mask = {}, AttentionOptions options = {});
Value scaled_dot_product_attention(Value q, Value k, Value v, Value mask, AttentionOptions options) {
  double scale = options.scale;
  if (!(scale > 0))
    scale = 1.0 / std::sqrt(static_cast<double>(q.dim(-1).as_constant("the head size (else give a scale)")));
  return build("scaled_dot_product_attention", {q, k, v, mask},
               {{"scale", scale},
                {"is_causal", options.is_causal},
                {"softcap", options.softcap},
                {"layout", std::move(options.layout)}});
}

namespace {

// Axes of heads and positions.
struct Axes {
  int head = 1;
  int position = 2;
};

Axes axes_of(const std::string& layout) {
  require_one_of("layout", layout, {"BHTD", "BTHD"});
  return layout == "BHTD" ? Axes{1, 2} : Axes{2, 1};
}

// Does the mask broadcast to the scores; where an extent is symbolic on one side, a call tells.
bool mask_fits(const Shape& mask, const Shape& scores) {
  if (mask.size() > scores.size()) return false;
  size_t shift = scores.size() - mask.size();
  for (size_t i = 0; i < mask.size(); ++i) {
    const Dim& m = mask[i];
    const Dim& s = scores[i + shift];
    if (m != Dim(1) && m != s && m.is_constant() == s.is_constant() && !m.has_unbacked() && !s.has_unbacked())
      return false;
  }
  return true;
}

std::vector<TensorType> infer_scaled_dot_product_attention(const InferContext& c) {
  Axes axes = axes_of(c.attrs.string("layout"));
  auto head = static_cast<size_t>(axes.head);
  auto position = static_cast<size_t>(axes.position);
  for (size_t i = 0; i < 3; ++i) {
    require_dtype(c, i, is_float, "a float type");
    require_same_dtype(c, 0, i);
    require_rank(c, i, 4, 4);
  }
  if (!(c.attrs.number("scale") > 0))
    fail(ErrorCode::invalid_argument, "scale is {}; expected more than 0", c.attrs.number("scale"));
  if (!(c.attrs.number("softcap") >= 0))
    fail(ErrorCode::invalid_argument, "softcap is {}; expected 0 or more", c.attrs.number("softcap"));
  const Shape& q = c.operand(0).shape;
  const Shape& k = c.operand(1).shape;
  const Shape& v = c.operand(2).shape;
  Dim batch = unify(unify(q[0], k[0], "batches of q and k"), v[0], "batches of q and v");
  unify(k[head], v[head], "heads of k and v");
  Dim keys = unify(k[position], v[position], "positions of k and v");
  unify(q[3], k[3], "head sizes of q and k");
  if (q[head] != k[head]) {
    auto heads = q[head].constant();
    auto groups = k[head].constant();
    if (!heads || !groups || *groups < 1 || *heads % *groups != 0)
      fail(ErrorCode::invalid_shape, "q has {} heads, k has {}; expected a multiple", q[head].to_string(),
           k[head].to_string());
  }
  if (c.num_operands() == 4) {
    DType dtype = c.operand(3).dtype;
    if (dtype != DType::boolean && !is_float(dtype))
      fail(ErrorCode::invalid_dtype, "the mask is {}; expected bool or a float type", c.operand(3).to_string());
    Shape scores = {batch, q[head], q[position], keys};
    if (!mask_fits(c.operand(3).shape, scores))
      fail(ErrorCode::invalid_shape, "the mask is {}; expected one that broadcasts to {}", c.operand(3).to_string(),
           to_string(scores));
  }
  TensorType out(c.operand(0).dtype, q);
  out.shape[0] = batch;
  out.shape[3] = v[3];
  return {out};
}

void reference_scaled_dot_product_attention(EvalContext& c) {
  Axes axes = axes_of(c.attrs.string("layout"));
  const Tensor& q = c.inputs[0];
  const Tensor& k = c.inputs[1];
  const Tensor& v = c.inputs[2];
  int64_t heads = q.dim(axes.head);
  int64_t key_heads = k.dim(axes.head);
  int64_t keys = k.dim(axes.position);
  int64_t size = q.dim(3);
  int64_t value_size = v.dim(3);
  auto expected = k.shape();
  expected[3] = value_size;
  require_extents(v, expected, "v");
  if (k.dim(0) != q.dim(0) || k.dim(3) != size || key_heads == 0 || heads % key_heads != 0)
    fail(ErrorCode::invalid_shape, "q is {} and k is {}", to_string(q.shape()), to_string(k.shape()));
  double scale = c.attrs.number("scale");
  double softcap = c.attrs.number("softcap");
  bool causal = c.attrs.boolean("is_causal");
  const Tensor* mask = c.inputs.size() == 4 ? &c.inputs[3] : nullptr;
  std::vector<int64_t> mask_strides;
  if (mask != nullptr) mask_strides = broadcast_strides(mask->shape(), {q.dim(0), heads, q.dim(axes.position), keys});
  auto row = [&](const Tensor& t, int64_t b, int64_t h, int64_t p) {
    return (axes.head == 1 ? (b * t.dim(1) + h) * t.dim(2) + p : (b * t.dim(1) + p) * t.dim(2) + h) * t.dim(3);
  };
  constexpr double kExcluded = -std::numeric_limits<double>::infinity();
  std::vector<double> scores(static_cast<size_t>(keys));
  for_each_index({q.dim(0), heads, q.dim(axes.position)}, [&](const std::vector<int64_t>& at) {
    int64_t key_head = at[1] / (heads / key_heads);
    int64_t from = row(q, at[0], at[1], at[2]);
    double top = kExcluded;
    for (int64_t s = 0; s < keys; ++s) {
      int64_t key = row(k, at[0], key_head, s);
      double score = 0;
      for (int64_t i = 0; i < size; ++i) score += q.get(from + i) * k.get(key + i);
      score *= scale;
      if (softcap > 0) score = softcap * std::tanh(score / softcap);
      if (mask != nullptr) {
        int64_t m = offset_of({at[0], at[1], at[2], s}, mask_strides);
        if (mask->dtype() != DType::boolean) {
          score += mask->get(m);
        } else if (mask->get_int(m) == 0) {
          score = kExcluded;
        }
      }
      if (causal && s > at[2]) score = kExcluded;
      scores[static_cast<size_t>(s)] = score;
      top = std::isnan(score) ? score : std::max(top, score);
    }
    double sum = 0;
    for (double& score : scores) sum += score = top == kExcluded ? 0.0 : std::exp(score - top);
    int64_t to = row(c.outputs[0], at[0], at[1], at[2]);
    for (int64_t i = 0; i < value_size; ++i) {
      double value = 0;
      for (int64_t s = 0; s < keys; ++s) {
        double weight = scores[static_cast<size_t>(s)];
        if (weight != 0) value += weight * v.get(row(v, at[0], key_head, s) + i);
      }
      c.outputs[0].set(to + i, sum == 0 ? 0.0 : value / sum);
    }
  });
}

// k or v [B,K,S,D] with each head repeated, so that there are as many as query heads.
Value repeat_heads(Value x, const Dim& heads) {
  if (x.dim(1) == heads) return x;
  return repeat_interleave(x, floordiv(heads, x.dim(1)).as_constant("queries a key head"), 1);
}

std::vector<Value> expand_attention(Builder& builder, const Node& node, std::span<const Value> operands) {
  bool swapped = node.attrs.string("layout") == "BTHD";
  DType dtype = operands[0].dtype();
  DType compute = compute_dtype(dtype);
  auto prepared = [&](Value x) {
    x = cast_to(x, compute);
    return swapped ? swap_axes(x, 1, 2) : x;
  };
  Value q = prepared(operands[0]);
  const Dim heads = q.dim(1);
  const Dim queries = q.dim(2);
  Value k = repeat_heads(prepared(operands[1]), heads);
  Value v = repeat_heads(prepared(operands[2]), heads);
  const Dim keys = k.dim(2);
  Value scores = matmul(mul(q, scalar_like(q, node.attrs.number("scale"))), swap_axes(k, 2, 3));
  if (double softcap = node.attrs.number("softcap"); softcap > 0)
    scores = mul(tanh(div(scores, scalar_like(scores, softcap))), scalar_like(scores, softcap));
  Value allowed;
  bool masked = operands.size() == 4;
  if (masked && operands[3].dtype() == DType::boolean) {
    allowed = operands[3];
  } else if (masked) {
    scores = add(scores, cast_to(operands[3], compute));
  }
  if (node.attrs.boolean("is_causal")) {
    Value causal = less_equal(iota(builder, DType::i64, keys), unsqueeze(iota(builder, DType::i64, queries), 1));
    allowed = allowed ? logical_and(allowed, causal) : causal;
  }
  Value excluded = scalar_like(scores, -std::numeric_limits<double>::infinity());
  if (allowed) scores = where(allowed, scores, excluded);
  Value weights = softmax(scores, -1);
  // Only a mask can leave a query without keys: softmax gives NaN there.
  if (masked) weights = where(equal(reduce_max(scores, {-1}, true), excluded), scalar_like(weights, 0), weights);
  Value out = matmul(weights, v);
  if (swapped) out = swap_axes(out, 1, 2);
  return {cast_to(out, dtype)};
}

}  // namespace

void register_scaled_dot_product_attention(OpRegistry& registry) {
  OpDef op;
  op.name = "scaled_dot_product_attention";
  op.doc = "softmax(q k^T * scale + mask) v: q[B,H,T,D], k[B,K,S,D], v[B,K,S,Dv], mask[B,H,T,S] -> [B,H,T,Dv]";
  op.min_operands = 3;
  op.max_operands = 4;
  op.attrs = {{"scale", AttrKind::number, std::nullopt, false, "factor on the scores, more than 0"},
              {"is_causal", AttrKind::boolean, Attr(false), false, "query t attends to keys 0..t only"},
              {"softcap", AttrKind::number, Attr(0.0), false, "scores become softcap*tanh(scores/softcap); 0: off"},
              {"layout", AttrKind::string, Attr(std::string("BHTD")), false, "BHTD or BTHD"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_scaled_dot_product_attention;
  op.reference = reference_scaled_dot_product_attention;
  op.expand = expand_attention;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
