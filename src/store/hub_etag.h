#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "store/store.h"

namespace accelerate::store {

/// The ETag of a file on a hub, which says what its bytes hash to: SHA-256 of a large file, Git's blob SHA-1 of a small
/// one, or the CID that our own endpoint gives.
class HubEtag {
 public:
  /// Of a header: without W/ and quotes. Errors: invalid_model for another form, which nothing could be checked by.
  static HubEtag parse(std::string_view header);
  /// The name of its blob in the cache.
  const std::string& text() const { return text_; }
  /// Reads the whole file. Errors: io_error; cancelled, deadline_exceeded.
  bool matches(const std::filesystem::path& file, const CallLimits& limits) const;

 private:
  enum class Kind { sha256, git, cid };
  Kind kind_ = Kind::sha256;
  std::string text_;
};

}  // namespace accelerate::store
