#include "store/export.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/open_file.h"
#include "store/unixfs_read.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 256;

class Exporter {
 public:
  Exporter(Store& store, const ExportOptions& options, const StoreCall& call)
      : store_(store), reader_(store), options_(options), call_(call) {}

  /// `depth` is how many folders of the tree are above.
  void write(const Cid& cid, const fs::path& to, int depth) {
    call_.limits.check();
    if (depth > kMaxDepth) fail(ErrorCode::invalid_model, "{}: folders deeper than {}", cid.text(), kMaxDepth);
    const UnixFsInfo info = reader_.info(cid);
    switch (info.kind) {
      case UnixFsInfo::Kind::file: write_file(cid, info.size_bytes, to); return;
      case UnixFsInfo::Kind::symlink: write_link(info.target, to, depth); return;
      case UnixFsInfo::Kind::folder: break;
    }
    if (mkdir(to.c_str(), 0777) != 0) fail(ErrorCode::io_error, "cannot make {}: {}", shown(to), system_reason(errno));
    for (const UnixFsEntry& entry : reader_.list(cid)) write(entry.cid, to / entry.name, depth + 1);
  }

 private:
  void write_file(const Cid& cid, uint64_t size, const fs::path& to) {
    if (size > options_.max_bytes - progress_.done_bytes) {
      fail(ErrorCode::invalid_argument, "the tree has more than {} bytes", options_.max_bytes);
    }
    if (options_.link) {
      const auto whole = store_.whole_file(cid);
      if (whole && link(whole->c_str(), to.c_str()) == 0) {
        advance(size);
        return;
      }
    }
    // O_EXCL: nothing that is there, no symlink either, is written through.
    const OpenFile file(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.descriptor() < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(to), system_reason(errno));
    reader_.read(cid, 0, size, [&](std::string_view bytes) {
      call_.limits.check();
      const size_t count = bytes.size();
      while (!bytes.empty()) {
        const ssize_t done = ::write(file.descriptor(), bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(to), system_reason(errno));
        bytes.remove_prefix(static_cast<size_t>(done));
      }
      advance(count);
    });
  }

  static void write_link(const std::string& target, const fs::path& to, int depth) {
    int level = depth - 1;  // of the folder that the link is in, below the root of the tree
    bool leads_out = target.empty() || target.starts_with('/') || target.find('\0') != std::string::npos || depth == 0;
    for (const fs::path& part : fs::path(target)) {
      if (part == "..")
        --level;
      else if (part != "." && !part.empty())
        ++level;
      leads_out = leads_out || level < 0;
    }
    if (leads_out) {
      fail(ErrorCode::invalid_model, "the symlink {} leads to \"{}\", outside of its tree", shown(to.filename()),
           printable(target));
    }
    if (symlink(target.c_str(), to.c_str()) != 0) {
      fail(ErrorCode::io_error, "cannot make {}: {}", shown(to), system_reason(errno));
    }
  }

  void advance(uint64_t bytes) {
    progress_.done_bytes += bytes;
    if (call_.progress) call_.progress(progress_);
  }

  Store& store_;
  UnixFsReader reader_;
  const ExportOptions& options_;
  const StoreCall& call_;
  StoreProgress progress_;
};

std::string unique_suffix() {
  static std::atomic<uint64_t> counter{0};
  return fmt::format("{}.{}", getpid(), counter.fetch_add(1));
}

}  // namespace

void export_tree(Store& store, const Cid& cid, const fs::path& to, const ExportOptions& options,
                 const StoreCall& call) {
  std::error_code error;
  if (fs::symlink_status(to, error).type() != fs::file_type::not_found) {
    fail(ErrorCode::invalid_argument, "{} is there already; choose another name", shown(to));
  }
  const fs::path parent = to.has_parent_path() ? to.parent_path() : ".";
  fs::create_directories(parent, error);
  if (error) fail(ErrorCode::io_error, "cannot make {}: {}", shown(parent), error.message());
  const fs::path temporary = parent / fmt::format(".{}.{}.tmp", to.filename().native(), unique_suffix());
  try {
    Exporter(store, options, call).write(cid, temporary, 0);
    if (rename(temporary.c_str(), to.c_str()) != 0) {
      fail(ErrorCode::io_error, "cannot write {}: {}", shown(to), system_reason(errno));
    }
  } catch (...) {
    fs::remove_all(temporary, error);
    throw;
  }
}

View::View(Store& store, const Cid& cid, const StoreCall& call) {
  const fs::path inside = store.folder() / "views";
  std::error_code error;
  fs::create_directories(inside, error);
  // A store that cannot be written to has its views elsewhere.
  const bool writable = !error && access(inside.c_str(), W_OK) == 0;
  path_ = (writable ? inside : fs::temp_directory_path()) / unique_suffix();
  ExportOptions options;
  options.link = true;
  export_tree(store, cid, path_, options, call);
}

View::~View() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void remove_dead_views(const fs::path& store_folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(store_folder / "views", error)) {
    std::string name = entry.path().filename().native();
    if (name.starts_with('.')) name.erase(0, 1);
    pid_t process = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (bad != std::errc() || *end != '.' || process <= 0) continue;
    if (kill(process, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
  }
}

bool IpfsPath::is_marked(std::string_view text) {
  return text.starts_with("ipfs://") || text.starts_with("/ipfs/");
}

IpfsPath IpfsPath::parse(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("ipfs://")) rest.remove_prefix(7);
  if (rest.starts_with("/ipfs/")) rest.remove_prefix(6);
  const size_t slash = std::min(rest.find('/'), rest.size());
  IpfsPath out;
  out.cid = Cid::parse(rest.substr(0, slash));
  out.path = rest.substr(slash);
  return out;
}

}  // namespace accelerate::store
