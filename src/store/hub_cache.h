#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace accelerate::store {

/// A repository of a Hugging Face hub: "ORG/NAME" or "NAME".
struct HubRepository {
  enum class Kind { model, dataset, space };
  Kind kind = Kind::model;
  std::string id;

  /// Errors: invalid_argument unless it is one or two names of letters, digits, "-", "_" and "." without "--" and "..".
  static HubRepository parse(std::string_view id, Kind kind = Kind::model);
  /// "models--ORG--NAME".
  std::string folder_name() const;
  friend bool operator==(const HubRepository&, const HubRepository&) = default;
};

/// A revision that the cache has.
struct HubSnapshot {
  HubRepository repository;
  std::string commit;
  /// Names that lead to it: "main", tags.
  std::vector<std::string> refs;
  std::filesystem::path folder;
};

/// The folder where huggingface_hub keeps what it has downloaded: blobs by ETag, snapshots of links to them, refs.
class HubCache {
 public:
  explicit HubCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub.
  static std::filesystem::path default_folder();
  /// HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is 1, ON, YES or TRUE.
  static bool offline();

  const std::filesystem::path& folder() const { return folder_; }

  /// Everything that is there, sorted by repository and commit; folders with other names are left out.
  std::vector<HubSnapshot> list() const;
  /// The snapshot of a ref or commit, nothing if it is not there. Errors: invalid_argument for a revision that is no
  /// name.
  std::optional<std::filesystem::path> find(const HubRepository& repository, std::string_view revision = "main") const;

  /// Writes the files of a folder of the store as a snapshot and leads the ref to it. Blobs are named by SHA-256,
  /// shared with the store by hard links where the file system allows (files of the store are read-only then), else
  /// copied; what is there is kept. The commit is made from the CID. Returns the snapshot's folder. Errors: as
  /// UnixFsReader's; invalid_argument for a tree that is no folder or has symlinks; io_error.
  std::filesystem::path put(Store& store, const Cid& tree, const HubRepository& repository,
                            std::string_view ref = "main", const StoreCall& call = {}) const;

 private:
  std::filesystem::path folder_;
};

/// Leads a name in a snapshot of a repository's folder to a blob, by a relative symlink that is put in place whole.
/// Errors: io_error.
void link_blob(const std::filesystem::path& repository, std::string_view commit, const std::string& name,
               const std::string& blob);
/// Leads a ref to a commit, whole. Errors: io_error.
void write_ref(const std::filesystem::path& repository, std::string_view ref, const std::string& commit);

}  // namespace accelerate::store
