#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/cid.h"

namespace accelerate::store {

/// A named edge to another block.
struct PbLink {
  Cid cid;
  std::optional<std::string> name;
  /// Bytes of all blocks below, as the writer claims; never trusted for anything but progress.
  std::optional<uint64_t> total_bytes;
};

/// A dag-pb block.
struct PbNode {
  std::vector<PbLink> links;
  std::optional<std::string> data;
};

/// Links first, then data, as every writer does. Links are written in the order given.
std::string encode_dag_pb(const PbNode& node);

/// Strict: known fields once and in order (data may stand before the links), integers in their shortest form.
/// Errors: invalid_model.
/// Source: IPLD specification, codecs/dag-pb.
PbNode decode_dag_pb(std::string_view block);

}  // namespace accelerate::store
