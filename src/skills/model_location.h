#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "store/export.h"
#include "store/store.h"

namespace accelerate::skills {

/// Where the files of a model or skill are, for as long as the object lives: a path as it is, or a view of what the
/// store has under ipfs://CID, if the user's trust policy allows it.
class ModelLocation {
 public:
  /// store_folder: of the store that ipfs:// means; empty: the default one. A path is not looked at.
  /// Errors: those of Store::open and of views; not_found if the store lacks the CID; invalid_model if the policy
  /// wants a signature that is not there.
  explicit ModelLocation(const std::string& model, const std::filesystem::path& store_folder = {},
                         const store::StoreCall& call = {});
  const std::filesystem::path& path() const { return path_; }

 private:
  std::shared_ptr<store::Store> store_;
  std::unique_ptr<store::View> view_;
  std::filesystem::path path_;
};

}  // namespace accelerate::skills
