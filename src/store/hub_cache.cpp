#include "store/hub_cache.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "base/environment.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/open_file.h"
#include "store/export.h"
#include "store/store_impl.h"
#include "store/unixfs_read.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxName = 96;
constexpr size_t kCommitDigits = 40;

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxName || text.front() == '.' || text.front() == '-' || text.back() == '.' ||
      text.back() == '-') {
    return false;
  }
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) return false;
  }
  return text.find("--") == std::string_view::npos && text.find("..") == std::string_view::npos;
}

bool is_commit(std::string_view text) {
  return text.size() == kCommitDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view prefix_of(HubRepository::Kind kind) {
  switch (kind) {
    case HubRepository::Kind::model: return "models--";
    case HubRepository::Kind::dataset: return "datasets--";
    case HubRepository::Kind::space: return "spaces--";
  }
  return "";
}

void check_ref(std::string_view ref) {
  try {
    check_file_name(ref);
  } catch (const Error&) {
    fail(ErrorCode::invalid_argument, "\"{}\" is no name of a revision", printable(ref));
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(folder), error.message());
}

std::string first_line(const fs::path& file) {
  const std::string text = read_file(file, 1024);
  return text.substr(0, text.find_first_of(" \r\n"));
}

/// Writes the files of a tree as blobs and links.
class SnapshotWriter {
 public:
  SnapshotWriter(Store& store, fs::path repository, std::string commit, const StoreCall& call)
      : store_(store), reader_(store), repository_(std::move(repository)), commit_(std::move(commit)), call_(call) {}

  void write(const Cid& folder, const std::string& prefix, int depth) {
    if (depth > 64) fail(ErrorCode::invalid_model, "{}: folders deeper than 64", folder.text());
    make_folder(repository_ / "snapshots" / commit_ / prefix);
    for (const UnixFsEntry& entry : reader_.list(folder)) {
      const UnixFsInfo info = reader_.info(entry.cid);
      if (info.kind == UnixFsInfo::Kind::folder) {
        write(entry.cid, prefix + entry.name + "/", depth + 1);
        continue;
      }
      if (info.kind == UnixFsInfo::Kind::symlink) {
        fail(ErrorCode::invalid_argument, "\"{}\" is a symlink; a hub repository has files only",
             printable(entry.name));
      }
      link_blob(repository_, commit_, prefix + entry.name, write_blob(entry.cid));
    }
  }

 private:
  std::string write_blob(const Cid& file) {
    Sha256 hash;
    reader_.read(file, 0, ~uint64_t{0}, [&](std::string_view bytes) {
      hash.update(bytes);
      call_.limits.check();
      progress_.done_bytes += bytes.size();
      if (call_.progress) call_.progress(progress_);
    });
    std::string name = hash.finish_hex();
    const fs::path blob = repository_ / "blobs" / name;
    std::error_code ignored;
    if (!fs::exists(blob, ignored)) {
      ExportOptions options;
      options.link = true;
      export_tree(store_, file, blob, options, call_);
    }
    return name;
  }

  Store& store_;
  UnixFsReader reader_;
  fs::path repository_;
  std::string commit_;
  const StoreCall& call_;
  StoreProgress progress_;
};

}  // namespace

void link_blob(const fs::path& repository, std::string_view commit, const std::string& name, const std::string& blob) {
  const fs::path link = repository / "snapshots" / commit / name;
  fs::path target = "../..";
  for (auto slashes = std::count(name.begin(), name.end(), '/'); slashes > 0; --slashes) target /= "..";
  target = target / "blobs" / blob;
  std::error_code error;
  if (fs::read_symlink(link, error) == target) return;
  make_folder(link.parent_path());
  // Beside the folders that others read: a killed process leaves nothing in them.
  static std::atomic<uint64_t> counter{0};
  const fs::path temporary = repository / fmt::format(".link.{}.{}", getpid(), counter.fetch_add(1));
  fs::remove(temporary, error);
  fs::create_symlink(target, temporary, error);
  if (!error) fs::rename(temporary, link, error);
  if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(link), error.message());
}

void write_ref(const fs::path& repository, std::string_view ref, const std::string& commit) {
  const fs::path to = repository / "refs" / ref;
  make_folder(to.parent_path());
  const fs::path temporary = repository / fmt::format(".ref.{}", getpid());
  write_file_atomic(temporary, commit);
  std::error_code error;
  fs::rename(temporary, to, error);
  if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(to), error.message());
}

HubRepository HubRepository::parse(std::string_view id, Kind kind) {
  const size_t slash = id.find('/');
  const bool good =
      slash == std::string_view::npos ? is_name(id) : is_name(id.substr(0, slash)) && is_name(id.substr(slash + 1));
  if (!good) {
    fail(ErrorCode::invalid_argument, "\"{}\" is no name of a hub repository; expected ORGANISATION/NAME",
         printable(id));
  }
  return {kind, std::string(id)};
}

std::string HubRepository::folder_name() const {
  std::string out(prefix_of(kind));
  for (const char c : id) {
    if (c == '/') {
      out += "--";
    } else {
      out += c;
    }
  }
  return out;
}

fs::path HubCache::default_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string value = environment_variable(name); !value.empty()) return value;
  }
  if (const std::string home = environment_variable("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  if (const std::string cache = environment_variable("XDG_CACHE_HOME"); !cache.empty())
    return fs::path(cache) / "huggingface/hub";
  const std::string home = environment_variable("HOME");
  if (home.empty()) fail(ErrorCode::invalid_argument, "no place for the hub's cache: set HF_HOME or HOME");
  return fs::path(home) / ".cache/huggingface/hub";
}

bool HubCache::offline() {
  for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    std::string value = environment_variable(name);
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    if (value == "1" || value == "ON" || value == "YES" || value == "TRUE") return true;
  }
  return false;
}

std::vector<HubSnapshot> HubCache::list() const {
  std::vector<HubSnapshot> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().native();
    for (const auto kind : {HubRepository::Kind::model, HubRepository::Kind::dataset, HubRepository::Kind::space}) {
      const std::string_view prefix = prefix_of(kind);
      if (!name.starts_with(prefix)) continue;
      std::string id = name.substr(prefix.size());
      if (const size_t dashes = id.find("--"); dashes != std::string::npos) id.replace(dashes, 2, "/");
      HubRepository repository;
      try {
        repository = HubRepository::parse(id, kind);
      } catch (const Error&) {
        continue;
      }
      std::vector<std::pair<std::string, std::string>> refs;  // commit, name
      const fs::path refs_folder = entry.path() / "refs";
      for (fs::recursive_directory_iterator i(refs_folder, error), end; !error && i != end; i.increment(error)) {
        std::error_code ignored;
        if (!i->is_regular_file(ignored)) continue;
        try {
          refs.emplace_back(first_line(i->path()), i->path().lexically_relative(refs_folder).native());
        } catch (const Error&) {
          continue;
        }
      }
      for (const auto& snapshot : fs::directory_iterator(entry.path() / "snapshots", error)) {
        HubSnapshot one{repository, snapshot.path().filename().native(), {}, snapshot.path()};
        for (const auto& [commit, ref] : refs) {
          if (commit == one.commit) one.refs.push_back(ref);
        }
        std::sort(one.refs.begin(), one.refs.end());
        out.push_back(std::move(one));
      }
    }
  }
  std::sort(out.begin(), out.end(), [](const HubSnapshot& a, const HubSnapshot& b) { return a.folder < b.folder; });
  return out;
}

std::optional<fs::path> HubCache::find(const HubRepository& repository, std::string_view revision) const {
  check_ref(revision);
  const fs::path folder = folder_ / repository.folder_name();
  std::error_code ignored;
  std::string commit(revision);
  const fs::path ref = folder / "refs" / revision;
  if (!is_commit(revision) && fs::is_regular_file(ref, ignored)) {
    commit = first_line(ref);
    check_ref(commit);
  }
  const fs::path snapshot = folder / "snapshots" / commit;
  if (!fs::is_directory(snapshot, ignored)) return std::nullopt;
  return snapshot;
}

fs::path HubCache::put(Store& store, const Cid& tree, const HubRepository& repository, std::string_view ref,
                       const StoreCall& call) const {
  check_ref(ref);
  if (UnixFsReader(store).info(tree).kind != UnixFsInfo::Kind::folder) {
    fail(ErrorCode::invalid_argument, "{} is no folder; a hub repository is one", tree.text());
  }
  const fs::path folder = folder_ / repository.folder_name();
  const std::string commit = encode_base(Multibase::base16, tree.hash().digest).substr(0, kCommitDigits);
  const fs::path snapshot = folder / "snapshots" / commit;
  make_folder(folder / "blobs");
  SnapshotWriter(store, folder, commit, call).write(tree, "", 0);
  write_ref(folder, ref, commit);
  return snapshot;
}

}  // namespace accelerate::store
