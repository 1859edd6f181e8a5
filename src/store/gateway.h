#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/car.h"
#include "store/store.h"

namespace accelerate::store {

/// A request for a block or a tree, without the parts of HTTP that do not matter.
struct GatewayRequest {
  std::string method;
  /// Path and query, as they were sent.
  std::string target;
  /// Values of headers; empty where there is none.
  std::string accept;
  std::string range;
  std::string if_none_match;
};

struct GatewayReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  /// The body, unless `stream` is set.
  std::string body;
  /// Writes a body of unknown size; if it throws, the reader must see that the body is cut.
  std::function<void(const WriteBytes&)> stream;
  /// Of what `stream` writes, if it is known.
  std::optional<uint64_t> content_length;
};

/// The path of a target, without its query and with its escapes decoded. Errors: invalid_argument.
std::string decode_target_path(std::string_view target);

/// A trustless gateway over a store: GET and HEAD of /ipfs/CID[/path] as a raw block or a CAR, and nothing that a
/// client could not verify. Parameters: format=raw|car, dag-scope=block|entity|all, entity-bytes=FROM:TO, dups=y|n. A
/// raw block may be asked for in a range. Errors are replies. Source: specs.ipfs.tech/http-gateways/trustless-gateway.
GatewayReply answer_gateway(Store& store, const GatewayRequest& request);

}  // namespace accelerate::store
