#include "cli/store_support.h"

#include <chrono>

#include "store/trust.h"
#include "store/unixfs_read.h"

namespace accelerate::cli {

using store::Cid;

void StoreArguments::add_to(CLI::App& command) {
  command.add_option("--store", folder, "folder of the store; by default ACCELERATE_STORE, or one in your home folder")
      ->type_name("FOLDER");
}

std::shared_ptr<store::Store> StoreArguments::open(bool read_only) const {
  store::StoreOptions options;
  options.read_only = read_only;
  options.quota_bytes = quota_bytes;
  return store::Store::open(folder.empty() ? store::Store::default_folder() : std::filesystem::path(folder), options);
}

void ImportArguments::add_to(CLI::App& command) {
  command.add_option("--profile", profile, "settings that decide the CID: unixfs-v1-2025 or unixfs-v0-2015")
      ->type_name("NAME");
  command.add_option("--cid-version", cid_version, "0 or 1")->type_name("N")->check(CLI::Range(0, 1));
  command.add_option("--hash", hash, "sha2-256 or blake3")->type_name("NAME");
  command.add_option("--chunker", chunker, "size-N, buzhash, rabin, rabin-N or rabin-MIN-AVERAGE-MAX")
      ->type_name("SPEC");
  command.add_option("--layout", layout, "balanced or trickle")
      ->type_name("NAME")
      ->check(CLI::IsMember({"balanced", "trickle"}));
  command.add_option("--max-links", width, "most links of a node of a file")->type_name("N");
  command.add_option("--raw-leaves", raw_leaves, "are leaves raw blocks: yes or no")
      ->type_name("YES|NO")
      ->check(CLI::IsMember({"yes", "no"}));
}

store::ImportOptions ImportArguments::options() const {
  store::ImportOptions out = store::ImportOptions::profile(profile);
  if (cid_version >= 0) {
    out.cid_version = cid_version;
    if (cid_version == 0) out.raw_leaves = false;
  }
  if (!hash.empty()) out.hash = store::parse_hash(hash);
  if (!chunker.empty()) out.chunker = store::ChunkerSpec::parse(chunker);
  if (!layout.empty()) out.layout = layout == "trickle" ? store::Layout::trickle : store::Layout::balanced;
  if (width > 0) out.width = width;
  if (!raw_leaves.empty()) out.raw_leaves = raw_leaves == "yes";
  out.check();
  return out;
}

struct TransferProgress::State {
  std::string what;
  Progress progress;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown = start;
  explicit State(std::string w) : what(std::move(w)), progress(what) {}

  void update(const store::StoreProgress& now) {
    const auto time = std::chrono::steady_clock::now();
    if (time - shown < std::chrono::milliseconds(200)) return;
    shown = time;
    const double seconds = std::chrono::duration<double>(time - start).count();
    const double speed = static_cast<double>(now.done_bytes) / seconds;
    std::string text = what;
    if (now.done_bytes > 0) text += " " + bytes_text(static_cast<double>(now.done_bytes));
    if (now.total_bytes > 0) {
      const double total = static_cast<double>(now.total_bytes);
      text += fmt::format(" of {} ({:.0f} %)", bytes_text(total), 100 * static_cast<double>(now.done_bytes) / total);
    }
    if (now.done_blocks > 0) text += fmt::format(", {} blocks", now.done_blocks);
    if (now.done_bytes > 0) text += fmt::format(", {}/s", bytes_text(speed));
    if (now.total_bytes > now.done_bytes && speed > 0) {
      text += fmt::format(", {:.0f} s left", static_cast<double>(now.total_bytes - now.done_bytes) / speed);
    }
    progress.set(text);
  }
};

TransferProgress::TransferProgress(std::string what, const CancelToken& cancel)
    : state_(std::make_shared<State>(std::move(what))), cancel_(cancel) {}

store::StoreCall TransferProgress::call() {
  store::StoreCall out;
  out.limits.cancel = cancel_;
  out.progress = [state = state_](const store::StoreProgress& now) { state->update(now); };
  return out;
}

store::HubDownload download(const store::HubName& name, const store::HubOptions& options, const CancelToken& cancel) {
  TransferProgress progress("fetching " + name.repository.id, cancel);
  return store::download_snapshot(store::HubCache(store::HubCache::default_folder()), name.repository, name.revision,
                                  options, progress.call());
}

std::filesystem::path default_key_file() {
  return store::TrustPolicy::default_folder() / "key.pem";
}

Cid resolve_path(store::Store& store, const std::string& text) {
  const store::IpfsPath path = store::IpfsPath::parse(text);
  const auto found = store::UnixFsReader(store).resolve(path.cid, path.path);
  if (!found) fail(ErrorCode::not_found, "{} has no \"{}\"", path.cid.text(), printable(path.path));
  return *found;
}

namespace {

/// The path of a model; of a hub's repository where there is no such folder: its snapshot in the hub's cache.
std::string local_path(const std::string& model, const CancelToken& cancel) {
  std::error_code ignored;
  if (store::IpfsPath::is_marked(model) || !store::HubName::is_one(model) || std::filesystem::exists(model, ignored)) {
    return model;
  }
  const store::HubName name = store::HubName::parse(model);
  try {
    const auto cached = store::HubCache(store::HubCache::default_folder()).find(name.repository, name.revision);
    return (cached ? *cached : download(name, store::HubOptions::from_environment(), cancel).folder).native();
  } catch (Error& e) {
    throw std::move(e.in("there is no folder " + printable(model) + ", so a hub was asked"));
  }
}

}  // namespace

ModelPath::ModelPath(const std::string& model, const CancelToken& cancel) {
  const std::string path = local_path(model, cancel);
  TransferProgress progress("opening " + printable(model), cancel);
  location_.emplace(path, std::filesystem::path(), progress.call());
}

}  // namespace accelerate::cli
