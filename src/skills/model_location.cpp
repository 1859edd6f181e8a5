#include "skills/model_location.h"

#include "base/error.h"
#include "store/trust.h"
#include "store/unixfs_read.h"

namespace accelerate::skills {

ModelLocation::ModelLocation(const std::string& model, const std::filesystem::path& store_folder,
                             const store::StoreCall& call)
    : path_(model) {
  if (!store::IpfsPath::is_marked(model)) return;
  const store::IpfsPath wanted = store::IpfsPath::parse(model);
  store::StoreOptions options;
  options.read_only = true;
  store_ = store::Store::open(store_folder.empty() ? store::Store::default_folder() : store_folder, options);
  store::TrustPolicy::load().check(*store_, wanted.cid);
  const auto found = store::UnixFsReader(*store_).resolve(wanted.cid, wanted.path);
  if (!found) fail(ErrorCode::not_found, "{} has no \"{}\"", wanted.cid.text(), printable(wanted.path));
  view_ = std::make_unique<store::View>(*store_, *found, call);
  path_ = view_->path();
}

}  // namespace accelerate::skills
