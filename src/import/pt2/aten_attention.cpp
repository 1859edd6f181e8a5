// The operator of decoders, which is ours: bindings/python/ipfs_accelerate/capture/attention.py.
#include "import/pt2/aten.h"

namespace accelerate::import::pt2 {
namespace {

/// x with the batch of `like`, where it is written otherwise; an extent of 1 stays.
Value with_batch(Value x, const Dim& batch) {
  if (x.dim(0) == Dim(1) || x.dim(0) == batch || x.dim(0).is_constant()) return x;
  Shape shape = x.shape();
  shape[0] = batch;
  return with_shape(x, shape);
}

/// x [..] with an extent written as another one is.
Value with_extent(Value x, int axis, const Dim& extent) {
  const auto at = static_cast<size_t>(axis);
  Shape shape = x.shape();
  if (shape[at] == extent || shape[at].is_constant() || extent.is_constant()) return x;
  shape[at] = extent;
  return with_shape(x, shape);
}

Item attention(Call& c) {
  const Value q = c.tensor("query");
  if (q.rank() != 4) fail(ErrorCode::invalid_model, "the query has {} axes; expected 4", q.rank());
  const auto of_batch = [&](std::string_view name) {
    const Value x = c.tensor(name);
    if (x.rank() == 0) fail(ErrorCode::invalid_model, "{} is a scalar", name);
    return with_batch(x, q.dim(0));
  };
  const Value k = of_batch("key");
  if (k.rank() != 4) fail(ErrorCode::invalid_model, "the key has {} axes; expected 4", k.rank());
  Value v = of_batch("value");
  Value queries = of_batch("query_positions");
  Value keys = of_batch("key_positions");
  if (v.rank() != 4 || queries.rank() != 2 || keys.rank() != 2)
    fail(ErrorCode::invalid_model, "the value has {} axes, the positions {} and {}; expected 4, 2 and 2", v.rank(),
         queries.rank(), keys.rank());
  v = with_extent(v, 2, k.dim(2));
  queries = with_extent(queries, 1, q.dim(2));
  keys = with_extent(keys, 1, k.dim(2));
  std::map<std::string, Value> extras;
  for (const char* const name : {"mask", "sinks", "slopes", "relative", "prefix"})
    if (const Value extra = c.optional_tensor(name)) extras.emplace(name, extra);
  ops::CachedAttentionOptions options;
  options.scale = c.number("scale");
  options.softcap = c.number("softcap");
  options.causal = c.boolean("causal", true);
  options.window = c.integer("window");
  options.chunk = c.integer("chunk");
  options.max_distance = c.integer("max_distance");
  options.state = c.string("state", "");
  options.kind = c.string("kind", "paged");
  return ops::cached_attention(q, k, v, queries, keys, std::move(extras), std::move(options));
}

constexpr Mapping kTable[] = {
    {"ipfs_accelerate.attention.default", attention},
};

}  // namespace

std::span<const Mapping> attention_mappings() {
  return kTable;
}

}  // namespace accelerate::import::pt2
