#pragma once
#include <memory>
#include <optional>
#include <string>

#include "cli/cli.h"
#include "skills/model_location.h"
#include "store/export.h"
#include "store/hub_client.h"
#include "store/store.h"

namespace accelerate::cli {

/// Options of the commands that use the store.
struct StoreArguments {
  std::string folder;
  uint64_t quota_bytes = 0;
  void add_to(CLI::App& command);
  /// Errors: as Store::open's.
  std::shared_ptr<store::Store> open(bool read_only) const;
};

/// Options that decide the CID of what is added.
struct ImportArguments {
  std::string profile = "unixfs-v1-2025";
  int cid_version = -1;
  std::string hash;
  std::string chunker;
  std::string layout;
  uint64_t width = 0;
  std::string raw_leaves;
  void add_to(CLI::App& command);
  store::ImportOptions options() const;
};

/// Shows how far a transfer is: bytes, speed and time left.
class TransferProgress {
 public:
  TransferProgress(std::string what, const CancelToken& cancel);
  /// To be given to the operation.
  store::StoreCall call();

 private:
  struct State;
  std::shared_ptr<State> state_;
  CancelToken cancel_;
};

/// A repository in the hub's cache, fetched if it is not there; shows progress. Errors: as download_snapshot's.
store::HubDownload download(const store::HubName& name, const store::HubOptions& options, const CancelToken& cancel);

/// The key that publish signs with.
std::filesystem::path default_key_file();

/// The block that a path names. Errors: invalid_argument, not_found.
store::Cid resolve_path(store::Store& store, const std::string& text);

/// Where the files of a model are: the path itself; a view of what the store has under ipfs://CID, for as long as the
/// object lives; or, for ORGANISATION/NAME where there is no such folder, a snapshot in the hub's cache, which is
/// fetched if the cache has none.
class ModelPath {
 public:
  ModelPath(const std::string& model, const CancelToken& cancel);
  const std::string& path() const { return location_->path().native(); }

 private:
  std::optional<skills::ModelLocation> location_;
};

}  // namespace accelerate::cli
