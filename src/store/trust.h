#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "store/gateway.h"
#include "store/signature.h"
#include "store/store.h"

namespace accelerate::store {

struct TrustedKey {
  /// As SigningKey::public_text gives it.
  std::string key;
  std::string name;
};

/// Whose models are run: kept in a file of this user.
struct TrustPolicy {
  /// What the store has by CID is used only if one of `keys` has signed it.
  bool require_signature = false;
  std::vector<TrustedKey> keys;

  /// ACCELERATE_CONFIG_DIR, else XDG_CONFIG_HOME/ipfs-accelerate, else ~/.config/ipfs-accelerate.
  static std::filesystem::path default_folder();
  static std::filesystem::path default_file() { return default_folder() / "trust.json"; }
  /// Nothing is required where there is no file. Errors: invalid_model for a file that is no policy: it is never
  /// passed over.
  static TrustPolicy load(const std::filesystem::path& file = default_file());
  /// Errors: io_error.
  void save(const std::filesystem::path& file = default_file()) const;

  /// The name or key of who has signed the CID and is trusted; empty if nothing is required and nobody has.
  /// Errors: invalid_model if a signature is required and no trusted one is there.
  std::string check(Store& store, const Cid& cid) const;
};

/// GET /signatures/CID: {"signatures": [record, ...]}, the records that the store has.
bool is_signature_path(std::string_view target);
GatewayReply answer_signatures(Store& store, const GatewayRequest& request);

/// Asks each source for signature records of a CID and keeps those that hold. A source that has none, or does not
/// answer, is passed over: what is required is checked by the policy. Errors: as Store::add_signature's; cancelled.
void fetch_signatures(Store& store, const Cid& cid, const std::vector<std::string>& sources,
                      const CallLimits& limits = {});

}  // namespace accelerate::store
