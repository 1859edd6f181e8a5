#include "skills/find_model.h"

#include <cctype>

#include "base/error.h"
#include "store/hub_cache.h"

namespace accelerate::skills {
namespace {

namespace fs = std::filesystem;

bool looks_like_path(const std::string& name) {
  return name.starts_with('/') || name.starts_with('.') || name.starts_with('~');
}

}  // namespace

ModelLocation find_model(const std::string& name, const fs::path& store_folder, const store::StoreCall& call) {
  if (store::IpfsPath::is_marked(name)) return ModelLocation(name, store_folder, call);
  std::error_code ignored;
  if (!name.empty() && fs::exists(name, ignored)) return ModelLocation(name);
  const fs::path cache = store::HubCache::default_folder();
  if (!name.empty() && !looks_like_path(name)) {
    try {
      const auto found = store::HubCache(cache).find(store::HubRepository::parse(name));
      if (found) return ModelLocation(found->native());
    } catch (const Error& e) {
      if (e.code() != ErrorCode::invalid_argument) throw;  // no id of a hub, so it was a path
    }
  }
  fail(ErrorCode::not_found,
       "there is no model '{}': neither a folder of this name nor a snapshot in the hub's cache {}. Give a folder with "
       "config.json, an id that has been downloaded, or ipfs://CID of one that the store has",
       printable(name), printable(cache.native(), 400));
}

std::string skill_name_of(const std::string& model) {
  std::string text = model;
  if (store::IpfsPath::is_marked(model)) {
    const store::IpfsPath path = store::IpfsPath::parse(model);
    text = path.path.empty() ? path.cid.text() : path.path;
  }
  std::error_code ignored;
  if (looks_like_path(text) || store::IpfsPath::is_marked(model) || fs::exists(text, ignored)) {
    fs::path path = fs::path(text).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    if (path.filename() == "." || path.filename() == "..") path = fs::weakly_canonical(text, ignored);
    // A snapshot of the hub's cache is called by its repository.
    if (path.parent_path().filename() == "snapshots") path = path.parent_path().parent_path();
    text = path.filename().native();
    if (text.starts_with("models--")) text = text.substr(std::string("models--").size());
  }
  std::string out;
  for (const char c : text) {
    if (c == '/') {
      out += "--";
    } else {
      out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ? c : '_';
    }
  }
  while (out.starts_with('.')) out.erase(out.begin());
  return out.empty() ? "model" : out;
}

}  // namespace accelerate::skills
