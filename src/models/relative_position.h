#pragma once
#include <vector>

#include "graph/graph.h"

namespace accelerate::models {

/// A function of the distance between two positions that is constant beyond `limit` on both sides:
/// values[distance + limit] for distance in [-limit, limit].
struct DistanceTable {
  int64_t limit = 0;
  std::vector<int64_t> values;
};

/// T5-style buckets of key position - query position, as MPNet uses them: the first half for keys up to the query
/// (distance = query - key >= 0), the second half for keys after it.
/// Source: Raffel et al. 2019, arXiv:1910.10683; transformers, MPNetEncoder.relative_position_bucket.
DistanceTable mpnet_buckets(int64_t num_buckets, int64_t max_distance);

/// DeBERTa's signed logarithmic buckets of distance = query - key, up to the first distance whose bucket is at least
/// `span` away. With bucket_size 0 or less a distance is its own bucket.
/// Source: He et al. 2021, arXiv:2111.09543; transformers, make_log_bucket_position.
DistanceTable deberta_buckets(int64_t bucket_size, int64_t max_position, int64_t span);

/// Row of a DistanceTable for each pair: i64 [length,length], entry [t,s] is clamp(t - s, -limit, limit) + limit.
Value distance_rows(Builder& builder, const Dim& length, int64_t limit);

}  // namespace accelerate::models
