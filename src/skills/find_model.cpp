#include "skills/find_model.h"

#include <cctype>

#include "base/error.h"
#include "store/hub_client.h"

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
  std::string why = "it is no id of a hub";
  if (!name.empty() && !looks_like_path(name)) {
    try {
      // A lone name ("bert-base-uncased") is an id, too, where there is no folder of it.
      const bool is_lone = name.find('/') == std::string::npos && !name.starts_with("hf://");
      const store::HubName wanted = store::HubName::parse(is_lone ? "hf://" + name : name);
      if (const auto found = store::HubCache(cache).find(wanted.repository, wanted.revision))
        return ModelLocation(found->native());
      const auto fetched = store::download_snapshot(store::HubCache(cache), wanted.repository, wanted.revision,
                                                    store::HubOptions::from_environment(), call);
      return ModelLocation(fetched.folder.native());
    } catch (const Error& e) {
      if (e.code() == ErrorCode::cancelled || e.code() == ErrorCode::invalid_model) throw;
      why = e.message();
    }
  }
  fail(ErrorCode::not_found,
       "there is no model '{}': no folder of this name, no snapshot in the hub's cache {}, and none from the hub ({}). "
       "Give "
       "a folder with config.json, the id of a repository, or ipfs://CID of a model that the store has",
       printable(name), printable(cache.native(), 400), why);
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
