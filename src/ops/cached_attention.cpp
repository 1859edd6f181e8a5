#include <algorithm>
#include <array>
#include <limits>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Attention of a decoder: softmax(softcap(q k^T * scale) + bias) v, where positions say which key a query sees, so
/// that the op means the same for a whole sequence and for its last token with the keys of a cache. Shapes: q
/// [B,H,T,D], k [B,K,S,D], v [B,K,S,Dv], where K divides H; query_positions i64[B,T], key_positions i64[B,S] (B may be
/// 1 there), negative for padding, which no query sees -> [B,H,T,Dv] of the dtype of q. A query that sees no key and
/// has no sink gives 0. f16 and bf16 compute in f32. extras, by name: "mask", which broadcasts to [B,H,T,S], bool
/// (true: attend) or float, added to the scores; "sinks" [H], scores of a key without value (Xiao et al. 2023,
/// arXiv:2309.17453); "slopes" [H], times the distance of the key (ALiBi; Press et al. 2021, arXiv:2108.12409);
/// "relative" [buckets,H], biases by distance (Raffel et al. 2019, arXiv:1910.10683, section 2.1); "prefix" i64[B],
/// positions below which all keys are seen. state: with a name, the op is one call of a decode: what is in q, k and v
/// are the new positions, and a runtime with states puts the keys and values of earlier calls before them
/// (runtime/states.h). Without a runtime, and in the expansion, there were none.
// api: Value cached_attention(Value q, Value k, Value v, Value query_positions, Value key_positions, std::map<std::string, Value> extras = {}, CachedAttentionOptions options = {});
Value cached_attention(Value q, Value k, Value v, Value query_positions, Value key_positions,
                       std::map<std::string, Value> extras, CachedAttentionOptions options) {
  double scale = options.scale;
  if (!(scale > 0))
    scale = 1.0 / std::sqrt(static_cast<double>(q.dim(-1).as_constant("the head size (else give a scale)")));
  std::vector<Value> operands = {q, k, v, query_positions, key_positions};
  std::vector<std::string> names;
  for (const auto& [name, value] : extras) {
    if (!value) continue;
    names.push_back(name);
    operands.push_back(value);
  }
  return build_multi("cached_attention", operands,
                     {{"scale", scale},
                      {"softcap", options.softcap},
                      {"causal", options.causal},
                      {"window", options.window},
                      {"chunk", options.chunk},
                      {"max_distance", options.max_distance},
                      {"extras", std::move(names)},
                      {"state", std::move(options.state)},
                      {"kind", std::move(options.kind)}})
      .at(0);
}

namespace {

constexpr size_t kFirstExtra = 5;

// Index of an extra among the operands, if it is there.
std::optional<size_t> extra_index(const Attrs& attrs, std::string_view name) {
  const auto& names = attrs.strings("extras");
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return kFirstExtra + static_cast<size_t>(found - names.begin());
}

bool fits_batch(const Dim& dim, const Dim& batch) {
  return dim == Dim(1) || dim == batch || dim.is_constant() != batch.is_constant();
}

void require_positions(const InferContext& c, size_t operand, const Dim& batch, const Dim& count,
                       std::string_view what) {
  const TensorType& type = c.operand(operand);
  if (type.dtype != DType::i64) fail(ErrorCode::invalid_dtype, "{} are {}; expected i64", what, type.to_string());
  require_rank(c, operand, 2, 2);
  unify(type.shape[1], count, what);
  if (!fits_batch(type.shape[0], batch))
    fail(ErrorCode::invalid_shape, "{} are {} for a batch of {}", what, type.to_string(), batch.to_string());
}

// The extra [heads] or [n,heads] in floats.
void require_of_heads(const InferContext& c, std::string_view name, int rank, const Dim& heads) {
  const auto index = extra_index(c.attrs, name);
  if (!index) return;
  require_dtype(c, *index, is_float, "a float type");
  require_rank(c, *index, rank, rank);
  unify(c.operand(*index).shape.back(), heads, name);
}

void require_mask(const InferContext& c, const Shape& scores) {
  const auto index = extra_index(c.attrs, "mask");
  if (!index) return;
  const TensorType& mask = c.operand(*index);
  if (mask.dtype != DType::boolean && !is_float(mask.dtype))
    fail(ErrorCode::invalid_dtype, "the mask is {}; expected bool or a float type", mask.to_string());
  bool fits = mask.shape.size() <= scores.size();
  for (size_t i = 0; fits && i < mask.shape.size(); ++i)
    fits = fits_batch(mask.shape[i], scores[i + scores.size() - mask.shape.size()]);
  if (!fits)
    fail(ErrorCode::invalid_shape, "the mask is {}; expected one that broadcasts to {}", mask.to_string(),
         to_string(scores));
}

std::vector<TensorType> infer_cached_attention(const InferContext& c) {
  for (size_t i = 0; i < 3; ++i) {
    require_dtype(c, i, is_float, "a float type");
    require_same_dtype(c, 0, i);
    require_rank(c, i, 4, 4);
  }
  const auto& names = c.attrs.strings("extras");
  constexpr std::array<std::string_view, 5> kNames = {"mask", "prefix", "relative", "sinks", "slopes"};
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(kNames.begin(), kNames.end(), names[i]) == kNames.end() || (i > 0 && names[i] <= names[i - 1]))
      fail(ErrorCode::invalid_graph, "the extra operand '{}'; expected mask, prefix, relative, sinks, slopes, in order",
           printable(names[i]));
  }
  if (c.num_operands() != kFirstExtra + names.size())
    fail(ErrorCode::invalid_graph, "{} operands; expected {}", c.num_operands(), kFirstExtra + names.size());
  if (!(c.attrs.number("scale") > 0))
    fail(ErrorCode::invalid_argument, "scale is {}; expected more than 0", c.attrs.number("scale"));
  if (!(c.attrs.number("softcap") >= 0))
    fail(ErrorCode::invalid_argument, "softcap is {}; expected 0 or more", c.attrs.number("softcap"));
  for (const char* const name : {"window", "chunk"})
    if (c.attrs.integer(name) < 0)
      fail(ErrorCode::invalid_argument, "{} is {}; expected 0 or more", name, c.attrs.integer(name));
  require_one_of("kind", c.attrs.string("kind"), {"paged", "cross"});
  const Shape& q = c.operand(0).shape;
  const Shape& k = c.operand(1).shape;
  const Shape& v = c.operand(2).shape;
  const Dim batch = unify(unify(q[0], k[0], "batches of q and k"), v[0], "batches of q and v");
  unify(k[1], v[1], "heads of k and v");
  const Dim keys = unify(k[2], v[2], "positions of k and v");
  unify(q[3], k[3], "head sizes of q and k");
  if (q[1] != k[1]) {
    const auto heads = q[1].constant();
    const auto groups = k[1].constant();
    if (!heads || !groups || *groups < 1 || *heads % *groups != 0)
      fail(ErrorCode::invalid_shape, "q has {} heads, k has {}; expected a multiple", q[1].to_string(),
           k[1].to_string());
  }
  require_positions(c, 3, batch, q[2], "positions of the queries");
  require_positions(c, 4, batch, keys, "positions of the keys");
  require_mask(c, {batch, q[1], q[2], keys});
  require_of_heads(c, "sinks", 1, q[1]);
  require_of_heads(c, "slopes", 1, q[1]);
  require_of_heads(c, "relative", 2, q[1]);
  if (const auto index = extra_index(c.attrs, "relative")) {
    const auto buckets = c.operand(*index).shape[0].constant();
    const int64_t side = c.attrs.boolean("causal") ? 2 : 4;
    if (!buckets || *buckets < side || c.attrs.integer("max_distance") <= *buckets / side)
      fail(ErrorCode::invalid_shape, "the table of relative biases is {}, for distances up to {}",
           c.operand(*index).to_string(), c.attrs.integer("max_distance"));
  }
  if (const auto index = extra_index(c.attrs, "prefix")) {
    const TensorType& prefix = c.operand(*index);
    if (prefix.dtype != DType::i64 || prefix.rank() != 1 || !fits_batch(prefix.shape[0], batch))
      fail(ErrorCode::invalid_shape, "the prefix is {}; expected i64[{}]", prefix.to_string(), batch.to_string());
  }
  TensorType out(c.operand(0).dtype, q);
  out.shape[0] = batch;
  out.shape[3] = v[3];
  return {out};
}

// The bucket of the key `distance` positions before the query. Source: T5's relative_position_bucket, in f32.
int64_t bucket_of(int64_t distance, int64_t buckets, int64_t max_distance, bool causal) {
  int64_t base = 0;
  if (causal) {
    distance = std::max<int64_t>(distance, 0);
  } else {
    buckets /= 2;
    if (distance < 0) base = buckets;
    distance = std::abs(distance);
  }
  const int64_t exact = buckets / 2;
  if (distance < exact) return base + distance;
  const float far = std::log(static_cast<float>(distance) / static_cast<float>(exact));
  const auto range = static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact)));
  const auto steps = static_cast<int64_t>(far / range * static_cast<float>(buckets - exact));
  return base + std::min(exact + steps, buckets - 1);
}

// What the positions and extras of a call say about a query and a key.
class Visibility {
 public:
  explicit Visibility(const EvalContext& c)
      : attrs_(c.attrs), queries_(c.inputs[3]), keys_(c.inputs[4]), heads_(c.inputs[0].dim(1)) {
    const auto extra = [&](std::string_view name) -> const Tensor* {
      const auto index = extra_index(c.attrs, name);
      return index ? &c.inputs[*index] : nullptr;
    };
    mask_ = extra("mask");
    slopes_ = extra("slopes");
    relative_ = extra("relative");
    prefix_ = extra("prefix");
    sinks_ = extra("sinks");
    if (mask_ != nullptr)
      mask_strides_ =
          broadcast_strides(mask_->shape(), {c.inputs[0].dim(0), heads_, c.inputs[0].dim(2), c.inputs[1].dim(2)});
  }

  // The bias of a key; nothing if the query does not see it.
  std::optional<double> bias(int64_t b, int64_t h, int64_t t, int64_t s) const {
    const int64_t query = position(queries_, b, t);
    const int64_t key = position(keys_, b, s);
    if (key < 0) return std::nullopt;
    const bool causal = attrs_.boolean("causal");
    const int64_t window = attrs_.integer("window");
    const int64_t chunk = attrs_.integer("chunk");
    bool seen = !causal || key <= query;
    if (window > 0) seen = seen && (causal ? key > query - window : std::abs(key - query) <= window);
    if (chunk > 0) seen = seen && query >= 0 && key / chunk == query / chunk;
    if (prefix_ != nullptr) seen = seen || (query >= 0 && key < prefix_->get_int(prefix_->dim(0) == 1 ? 0 : b));
    if (!seen) return std::nullopt;
    double out = 0;
    if (mask_ != nullptr) {
      const int64_t at = offset_of({b, h, t, s}, mask_strides_);
      if (mask_->dtype() == DType::boolean) {
        if (mask_->get_int(at) == 0) return std::nullopt;
      } else {
        out += mask_->get(at);
      }
    }
    if (slopes_ != nullptr) out += slopes_->get(h) * static_cast<double>(key - query);
    if (relative_ != nullptr)
      out += relative_->get(bucket_of(query - key, relative_->dim(0), attrs_.integer("max_distance"), causal) * heads_ +
                            h);
    return out;
  }
  std::optional<double> sink(int64_t h) const {
    if (sinks_ == nullptr) return std::nullopt;
    return sinks_->get(h);
  }

 private:
  static int64_t position(const Tensor& table, int64_t b, int64_t i) {
    return table.get_int((table.dim(0) == 1 ? 0 : b) * table.dim(1) + i);
  }
  const Attrs& attrs_;
  const Tensor& queries_;
  const Tensor& keys_;
  int64_t heads_;
  const Tensor* mask_ = nullptr;
  const Tensor* slopes_ = nullptr;
  const Tensor* relative_ = nullptr;
  const Tensor* prefix_ = nullptr;
  const Tensor* sinks_ = nullptr;
  std::vector<int64_t> mask_strides_;
};

void reference_cached_attention(EvalContext& c) {
  const Tensor& q = c.inputs[0];
  const Tensor& k = c.inputs[1];
  const Tensor& v = c.inputs[2];
  const int64_t heads = q.dim(1);
  const int64_t keys = k.dim(2);
  const int64_t size = q.dim(3);
  const int64_t value_size = v.dim(3);
  auto expected = k.shape();
  expected[3] = value_size;
  require_extents(v, expected, "v");
  if (k.dim(0) != q.dim(0) || k.dim(3) != size || k.dim(1) == 0 || heads % k.dim(1) != 0)
    fail(ErrorCode::invalid_shape, "q is {} and k is {}", to_string(q.shape()), to_string(k.shape()));
  const Visibility visibility(c);
  const double scale = c.attrs.number("scale");
  const double softcap = c.attrs.number("softcap");
  constexpr double kExcluded = -std::numeric_limits<double>::infinity();
  std::vector<double> scores(static_cast<size_t>(keys));
  for_each_index({q.dim(0), heads, q.dim(2)}, [&](const std::vector<int64_t>& at) {
    const int64_t key_row = (at[0] * k.dim(1) + at[1] / (heads / k.dim(1))) * keys;
    const int64_t row = (at[0] * heads + at[1]) * q.dim(2) + at[2];
    double top = visibility.sink(at[1]).value_or(kExcluded);
    for (int64_t s = 0; s < keys; ++s) {
      double& score = scores[static_cast<size_t>(s)] = kExcluded;
      const auto bias = visibility.bias(at[0], at[1], at[2], s);
      if (!bias) continue;
      score = 0;
      for (int64_t i = 0; i < size; ++i) score += q.get(row * size + i) * k.get((key_row + s) * size + i);
      score *= scale;
      if (softcap > 0) score = softcap * std::tanh(score / softcap);
      score += *bias;
      top = std::isnan(score) ? score : std::max(top, score);
    }
    double sum = 0;
    if (const auto sink = visibility.sink(at[1])) sum += std::exp(*sink - top);
    for (double& score : scores) sum += score = top == kExcluded ? 0.0 : std::exp(score - top);
    for (int64_t i = 0; i < value_size; ++i) {
      double value = 0;
      for (int64_t s = 0; s < keys; ++s) {
        const double weight = scores[static_cast<size_t>(s)];
        if (weight != 0) value += weight * v.get((key_row + s) * value_size + i);
      }
      c.outputs[0].set(row * value_size + i, sum == 0 ? 0.0 : value / sum);
    }
  });
}

Value int_like(Value like, int64_t value) {
  return scalar(*like.builder, DType::i64, static_cast<double>(value));
}

// The biases [H,..,T,S] of distances [..,T,S] (query - key) by the table [buckets,H].
Value relative_bias(Value distance, Value table, int64_t max_distance, bool causal) {
  int64_t buckets = table.dim(0).as_constant("the number of buckets");
  Value base;
  if (causal) {
    distance = maximum(distance, int_like(distance, 0));
  } else {
    buckets /= 2;
    base = where(less(distance, int_like(distance, 0)), int_like(distance, buckets), int_like(distance, 0));
    distance = abs(distance);
  }
  const int64_t exact = buckets / 2;
  const Value ratio =
      div(cast_to(distance, DType::f32), scalar(*table.builder, DType::f32, static_cast<double>(exact)));
  const double range = std::log(static_cast<double>(max_distance) / static_cast<double>(exact));
  // Below `exact` the logarithm is not used; 1 keeps it finite there.
  const Value far = log(maximum(ratio, scalar_like(ratio, 1)));
  const Value steps = cast_to(
      mul(div(far, scalar_like(far, range)), scalar_like(far, static_cast<double>(buckets - exact))), DType::i64);
  const Value large = minimum(add(steps, int_like(steps, exact)), int_like(steps, buckets - 1));
  Value bucket = where(less(distance, int_like(distance, exact)), distance, large);
  if (base) bucket = add(bucket, base);
  return move_axis(gather(table, bucket, 0), -1, 1);
}

std::vector<Value> expand_cached_attention(Builder& builder, const Node& node, std::span<const Value> operands) {
  const Attrs& attrs = node.attrs;
  const auto extra = [&](std::string_view name) -> Value {
    const auto index = extra_index(attrs, name);
    return index ? operands[*index] : Value{};
  };
  const DType dtype = operands[0].dtype();
  const DType compute = compute_dtype(dtype);
  Value q = operands[0];
  Value k = operands[1];
  Value v = operands[2];
  const Value query = unsqueeze(unsqueeze(operands[3], 1), 3);  // [B,1,T,1]
  const Value key = unsqueeze(unsqueeze(operands[4], 1), 1);    // [B,1,1,S]
  const bool causal = attrs.boolean("causal");
  const Value zero = int_like(key, 0);
  const Value real = greater_equal(key, zero);
  Value seen;
  const auto also = [&](Value condition) { seen = seen ? logical_and(seen, condition) : condition; };
  if (causal) also(less_equal(key, query));
  if (const int64_t window = attrs.integer("window"); window > 0) {
    if (causal) {
      also(greater(key, sub(query, int_like(key, window))));
    } else {
      also(less_equal(abs(sub(key, query)), int_like(key, window)));
    }
  }
  if (const int64_t chunk = attrs.integer("chunk"); chunk > 0)
    also(equal(floor_divide(key, int_like(key, chunk)), floor_divide(query, int_like(key, chunk))));
  if (const Value prefix = extra("prefix")) {
    const Value end = unsqueeze(unsqueeze(unsqueeze(prefix, 1), 2), 3);
    if (seen) seen = logical_or(seen, logical_and(less(key, end), greater_equal(query, zero)));
  }
  seen = seen ? logical_and(seen, real) : real;
  Value bias;
  const auto plus = [&](Value term) { bias = bias ? add(bias, term) : term; };
  if (const Value mask = extra("mask")) {
    if (mask.dtype() == DType::boolean) {
      seen = logical_and(seen, mask);
    } else {
      plus(cast_to(mask, compute));
    }
  }
  if (const Value slopes = extra("slopes"))
    plus(mul(reshape(cast_to(slopes, compute), {Dim(1), slopes.dim(0), Dim(1), Dim(1)}),
             cast_to(sub(key, query), compute)));
  if (const Value table = extra("relative")) {
    // [B,T,S] -> [B,H,T,S]
    const Value distance = sub(unsqueeze(operands[3], 2), unsqueeze(operands[4], 1));
    plus(cast_to(relative_bias(distance, table, attrs.integer("max_distance"), causal), compute));
  }
  AttentionOptions options;
  options.scale = attrs.number("scale");
  options.softcap = attrs.number("softcap");
  const Value sinks = extra("sinks");
  if (!bias && !sinks) return {scaled_dot_product_attention(q, k, v, seen, options)};
  const Value excluded = scalar(builder, compute, -std::numeric_limits<double>::infinity());
  if (!bias) bias = scalar(builder, compute, 0);
  Value mask = where(seen, bias, excluded);
  if (sinks) {
    // A sink is a key of zeros, whose score is its bias, with a value of zeros.
    Shape shape = {k.dim(0), q.dim(1), q.dim(2), k.dim(2)};
    mask = expand(mask, shape);
    shape[3] = Dim(1);
    const Value column = expand(reshape(cast_to(sinks, compute), {Dim(1), sinks.dim(0), Dim(1), Dim(1)}), shape);
    mask = concat({mask, column}, 3);
    const auto with_zero = [&](Value x) {
      Shape one = x.shape();
      one[2] = Dim(1);
      return concat({x, expand(scalar_like(x, 0), one)}, 2);
    };
    k = with_zero(k);
    v = with_zero(v);
  }
  return {scaled_dot_product_attention(q, k, v, mask, options)};
}

}  // namespace

void register_cached_attention(OpRegistry& registry) {
  OpDef op;
  op.name = "cached_attention";
  op.doc =
      "attention by positions, for decoders: q[B,H,T,D], k[B,K,S,D], v[B,K,S,Dv], query_positions[B,T], "
      "key_positions[B,S] -> [B,H,T,Dv]";
  op.min_operands = 5;
  op.max_operands = 10;
  const auto number = [](double x) { return Attr(x); };
  const auto integer = [](int64_t x) { return Attr(x); };
  op.attrs = {{"scale", AttrKind::number, std::nullopt, false, "factor on the scores, more than 0"},
              {"softcap", AttrKind::number, number(0), false, "scores become softcap*tanh(scores/softcap); 0: off"},
              {"causal", AttrKind::boolean, Attr(true), false, "to positions up to the query's own only"},
              {"window", AttrKind::integer, integer(0), false, "to so many positions only; 0: all"},
              {"chunk", AttrKind::integer, integer(0), false, "within chunks of so many positions; 0: off"},
              {"max_distance", AttrKind::integer, integer(128), false, "of the table of relative biases"},
              {"extras", AttrKind::strings, Attr(std::vector<std::string>()), false, "names of the further operands"},
              {"state", AttrKind::string, Attr(std::string()), false, "what keeps keys and values between calls"},
              {"kind", AttrKind::string, Attr(std::string("paged")), false, "of the state: paged or cross"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_cached_attention;
  op.reference = reference_cached_attention;
  op.expand = expand_cached_attention;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
