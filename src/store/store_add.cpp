#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/error.h"
#include "base/open_file.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxFolderDepth = 256;
constexpr uint64_t kMaxCopiedIntoIndex = 8 << 20;

/// A file, folder or symlink that is to be added.
struct Item {
  enum class Kind { file, folder, symlink };
  Kind kind = Kind::file;
  std::string name;
  fs::path path;  // real, without symlinks
  std::string target;
  uint64_t size_bytes = 0;
  std::vector<Item> children;
};

bool is_inside(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

/// Where the symlinks of a folder may lead: itself, or the repository of a hub cache around it.
fs::path border_of(const fs::path& root) {
  const fs::path snapshots = root.parent_path();
  const fs::path repository = snapshots.parent_path();
  const std::string name = repository.filename().native();
  const bool hub = snapshots.filename() == "snapshots" &&
                   (name.starts_with("models--") || name.starts_with("datasets--") || name.starts_with("spaces--"));
  return hub ? repository : root;
}

/// Finds all that is to be added before anything is.
class Scanner {
 public:
  Scanner(fs::path border, const AddOptions& options, const CallLimits& limits)
      : border_(std::move(border)), options_(options), limits_(limits) {}

  uint64_t total_bytes() const { return total_bytes_; }

  Item scan(const fs::path& path, int depth) {
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) {
      const int reason = errno;
      if (reason == ENOENT || reason == ENOTDIR) fail(ErrorCode::not_found, "there is no {}", shown(path));
      fail(ErrorCode::io_error, "cannot examine {}: {}", shown(path), system_reason(reason));
    }
    Item out;
    out.name = path.filename().native();
    out.path = path;
    std::error_code error;
    if (S_ISLNK(status.st_mode)) {
      if (!options_.follow_links) {
        out.kind = Item::Kind::symlink;
        out.target = fs::read_symlink(path, error).native();
        if (error) fail(ErrorCode::io_error, "cannot read {}: {}", shown(path), error.message());
        return out;
      }
      const fs::path real = fs::canonical(path, error);
      if (error) fail(ErrorCode::not_found, "{} is a symlink to nothing: {}", shown(path), error.message());
      if (!is_inside(real, border_)) {
        fail(ErrorCode::invalid_argument, "{} is a symlink to {}, outside {}; copy the file to where the link is",
             shown(path), shown(real), shown(border_));
      }
      out = scan(real, depth);
      out.name = path.filename().native();
      return out;
    }
    if (S_ISREG(status.st_mode)) {
      out.size_bytes = static_cast<uint64_t>(status.st_size);
      total_bytes_ += out.size_bytes;
      return out;
    }
    if (!S_ISDIR(status.st_mode)) {
      fail(ErrorCode::invalid_argument, "{} is a device, pipe or socket; expected a file or folder", shown(path));
    }
    out.kind = Item::Kind::folder;
    const auto identity = std::pair(status.st_dev, status.st_ino);
    if (depth > kMaxFolderDepth || !above_.insert(identity).second) {
      fail(ErrorCode::invalid_argument, "{} leads back to a folder above it, or is deeper than {} folders", shown(path),
           kMaxFolderDepth);
    }
    limits_.check();
    for (fs::directory_iterator i(path, error), end; !error && i != end; i.increment(error)) {
      if (!options_.hidden && i->path().filename().native().starts_with('.')) continue;
      out.children.push_back(scan(i->path(), depth + 1));
    }
    if (error) fail(ErrorCode::io_error, "cannot list {}: {}", shown(path), error.message());
    std::sort(out.children.begin(), out.children.end(), [](const Item& a, const Item& b) { return a.name < b.name; });
    above_.erase(identity);
    return out;
  }

 private:
  fs::path border_;
  const AddOptions& options_;
  const CallLimits& limits_;
  uint64_t total_bytes_ = 0;
  std::set<std::pair<dev_t, ino_t>> above_;
};

class FileBytes : public ByteSource {
 public:
  FileBytes(const PlainFile& file, uint64_t size) : file_(file), size_bytes_(size) {}
  uint64_t size_bytes() const override { return size_bytes_; }
  void read_at(uint64_t offset, std::span<char> into) override { file_.read_at(offset, into); }

 private:
  const PlainFile& file_;
  uint64_t size_bytes_;
};

/// A file in the store's folder that is gone unless it is kept.
class OwnedFile {
 public:
  explicit OwnedFile(const fs::path& folder) {
    static std::atomic<uint64_t> counter{0};
    do {
      path_ = folder / fmt::format("new.{}.{}", getpid(), counter.fetch_add(1));
      descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor_ < 0 && errno == EEXIST);
    if (descriptor_ < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(path_), system_reason(errno));
  }
  ~OwnedFile() {
    close(descriptor_);
    if (!kept_) unlink(path_.c_str());
  }
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;

  const fs::path& path() const { return path_; }

  void write_at(uint64_t offset, std::string_view bytes) const { write_all_at(descriptor_, offset, bytes, path_); }

  /// Flushes it and gives it its name for good. Its inode and time stay.
  void keep(const fs::path& as) {
    put_in_place(descriptor_, path_, as);
    kept_ = true;
    path_ = as;
  }

 private:
  fs::path path_;
  int descriptor_ = -1;
  bool kept_ = false;
};

/// Reads from one file and writes what it read to another.
class CopiedBytes : public ByteSource {
 public:
  CopiedBytes(ByteSource& from, const OwnedFile& to) : from_(from), to_(to) {}
  uint64_t size_bytes() const override { return from_.size_bytes(); }
  void read_at(uint64_t offset, std::span<char> into) override {
    from_.read_at(offset, into);
    to_.write_at(offset, {into.data(), into.size()});
  }

 private:
  ByteSource& from_;
  const OwnedFile& to_;
};

/// Puts leaves as blocks, their bytes read from a file that is small.
class CopyingSink : public BlockSink {
 public:
  CopyingSink(ByteSource& source, BlockSink& sink) : source_(source), sink_(sink) {}
  void put(const Cid& cid, std::string_view block) override { sink_.put(cid, block); }
  void put_leaf(const Cid& cid, const LeafPlace& place) override {
    std::string bytes(place.size_bytes, '\0');
    source_.read_at(place.offset, bytes);
    const std::string block = leaf_block(place.form, bytes);
    cid.check(block);
    sink_.put(cid, block);
  }

 private:
  ByteSource& source_;
  BlockSink& sink_;
};

class Adder {
 public:
  Adder(Store::Impl& store, Store::Session& session, const AddOptions& options, Executor& executor,
        const StoreCall& call, uint64_t total_bytes)
      : store_(store), session_(session), options_(options), executor_(executor), call_(call) {
    progress_.total_bytes = total_bytes;
  }

  ImportedTree add(const Item& item) {
    switch (item.kind) {
      case Item::Kind::symlink: return import_symlink(item.target, options_.import, session_);
      case Item::Kind::file: return add_file(item);
      case Item::Kind::folder: break;
    }
    std::vector<FolderEntry> entries;
    for (const Item& child : item.children) entries.push_back({child.name, add(child)});
    return import_folder(std::move(entries), options_.import, session_);
  }

  /// A file of the store that is complete but for its name.
  ImportedTree add_owned(OwnedFile& owned) {
    const PlainFile file(owned.path());
    const FileStamp stamp = file.stamp();
    FileBytes bytes(file, stamp.size_bytes);
    const ImportedTree tree = import(bytes, session_);
    keep(owned, tree.cid);
    return tree;
  }

 private:
  ImportedTree add_file(const Item& item) {
    const PlainFile file(item.path);
    const FileStamp before = file.stamp();
    FileBytes bytes(file, before.size_bytes);
    ImportedTree tree;
    try {
      if (before.size_bytes < std::min(options_.reference_bytes, kMaxCopiedIntoIndex)) {
        CopyingSink sink(bytes, session_);
        tree = import(bytes, sink);
      } else if (options_.copy) {
        check_quota(before.size_bytes);
        OwnedFile owned(store_.owned_folder());
        CopiedBytes copied(bytes, owned);
        tree = import(copied, session_);
        check_same(item.path, before, file.stamp());
        keep(owned, tree.cid);
      } else {
        tree = import(bytes, session_);
        check_same(item.path, before, file.stamp());
        session_.finish_file(item.path.native(), false, before, tree.cid);
      }
    } catch (const Error&) {
      session_.drop_file();
      throw;
    }
    progress_.done_bytes += before.size_bytes;
    return tree;
  }

  void check_quota(uint64_t more) {
    const std::lock_guard lock(store_.mutex);
    store_.check_quota(more);
  }

  static void check_same(const fs::path& path, const FileStamp& before, const FileStamp& after) {
    if (before != after) fail(ErrorCode::io_error, "{} changed while it was added; add it again", shown(path));
  }

  ImportedTree import(ByteSource& bytes, BlockSink& sink) {
    ImportCall call;
    call.limits = call_.limits;
    call.progress = [this](uint64_t done) {
      if (!call_.progress) return;
      StoreProgress now = progress_;
      now.done_bytes += done;
      call_.progress(now);
    };
    return import_file(bytes, options_.import, executor_, sink, call);
  }

  void keep(OwnedFile& owned, const Cid& cid) {
    check_quota(PlainFile(owned.path()).stamp().size_bytes);
    const std::string name = "files/" + cid.text();
    owned.keep(store_.folder / name);
    session_.finish_file(name, true, PlainFile(owned.path()).stamp(), cid);
  }

  Store::Impl& store_;
  Store::Session& session_;
  const AddOptions& options_;
  Executor& executor_;
  const StoreCall& call_;
  StoreProgress progress_;
};

}  // namespace

ImportedTree Store::add(const fs::path& path, const AddOptions& options, Executor& executor, const StoreCall& call) {
  impl_->check_writable();
  options.import.check();
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) fail(ErrorCode::not_found, "there is no {}: {}", shown(path), error.message());
  if (is_inside(impl_->folder, real)) {
    fail(ErrorCode::invalid_argument, "{} holds the store itself; choose another folder", shown(path));
  }
  Scanner scanner(border_of(real), options, call.limits);
  const Item item = scanner.scan(real, 0);
  Session session(*impl_, call.limits);
  const ImportedTree out = Adder(*impl_, session, options, executor, call, scanner.total_bytes()).add(item);
  if (options.pin) session.pin(out.cid, options.pin_name.empty() ? path.filename().native() : options.pin_name);
  session.commit();
  return out;
}

ImportedTree Store::add_stream(const std::function<size_t(std::span<char>)>& read, const AddOptions& options,
                               Executor& executor, const StoreCall& call) {
  impl_->check_writable();
  options.import.check();
  Session session(*impl_, call.limits);
  OwnedFile owned(impl_->owned_folder());
  std::string buffer(1 << 20, '\0');
  uint64_t size = 0;
  while (const size_t got = read(buffer)) {
    call.limits.check();
    owned.write_at(size, std::string_view(buffer).substr(0, got));
    size += got;
    if (size % (64U << 20U) == 0) {
      const std::lock_guard lock(impl_->mutex);
      impl_->check_quota(size);
    }
  }
  Adder adder(*impl_, session, options, executor, call, size);
  ImportedTree out = adder.add_owned(owned);
  if (options.pin) session.pin(out.cid, options.pin_name);
  session.commit();
  return out;
}

}  // namespace accelerate::store
