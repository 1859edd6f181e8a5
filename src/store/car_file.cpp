#include "store/car_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_set>

#include "base/error.h"
#include "base/open_file.h"
#include "store/ipld.h"
#include "store/store_impl.h"

namespace accelerate::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = 1 << 20;

/// A file beside its final name, gone unless it is finished.
class NewFile {
 public:
  explicit NewFile(const fs::path& to) : to_(to), path_(to.native() + fmt::format(".{}.tmp", getpid())) {
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(ErrorCode::io_error, "cannot write {}: {}", shown(path_), system_reason(errno));
  }
  ~NewFile() {
    close(descriptor_);
    if (!finished_) unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= kBufferBytes) flush();
  }
  void flush() {
    write_at(size_, buffer_);
    size_ += buffer_.size();
    buffer_.clear();
  }
  void write_at(uint64_t offset, std::string_view bytes) const { write_all_at(descriptor_, offset, bytes, to_); }
  uint64_t size_bytes() const { return size_ + buffer_.size(); }
  void finish() {
    flush();
    put_in_place(descriptor_, path_, to_);
    finished_ = true;
  }

 private:
  fs::path to_;
  fs::path path_;
  int descriptor_ = -1;
  std::string buffer_;
  uint64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace

CarSummary write_car_file(Store& store, const std::vector<Cid>& roots, const fs::path& to, int version,
                          const StoreCall& call) {
  if (version != 1 && version != 2) fail(ErrorCode::invalid_argument, "no CAR version {}; expected 1 or 2", version);
  NewFile file(to);
  if (version == 2) file.write(car_v2_prefix(0));
  CarWriter writer([&file](std::string_view bytes) { file.write(bytes); }, roots);
  CarSummary out;
  out.roots = roots;
  std::unordered_set<Cid> seen;
  for (const Cid& root : roots) {
    walk_blocks(store, root, [&](const Cid& cid, const std::string& block) {
      call.limits.check();
      if (!seen.insert(cid).second) return false;
      writer.put(cid, block);
      ++out.blocks;
      if (call.progress) call.progress({writer.size_bytes(), 0, out.blocks});
      return true;
    });
  }
  if (version == 2) {
    file.write(encode_car_index(writer.take_index()));
    file.flush();
    file.write_at(0, car_v2_prefix(writer.size_bytes()));
  }
  out.bytes = file.size_bytes();
  file.finish();
  return out;
}

CarSummary read_car(Store& store, const ReadBytes& read, bool pin, const std::string& name, const StoreCall& call) {
  CarSummary out;
  StoreProgress progress;
  {
    const auto session = store.begin_session();
    CarReader reader([&](std::span<char> into) {
      call.limits.check();
      const size_t got = read(into);
      progress.done_bytes += got;
      return got;
    });
    for (CarReader::Block block; reader.next(block);) {
      session->put(block.cid, block.bytes);
      progress.done_blocks = ++out.blocks;
      if (call.progress) call.progress(progress);
    }
    reader.read_index();
    out.roots = reader.roots();
    session->commit();
    // Pinned while the session lasts: garbage collection cannot come between.
    if (pin) {
      for (const Cid& root : out.roots) store.pin(root, name, call);
    }
  }
  out.bytes = progress.done_bytes;
  return out;
}

CarSummary read_car_file(Store& store, const fs::path& path, bool pin, const std::string& name, const StoreCall& call) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) fail(ErrorCode::not_found, "there is no file {}", shown(path));
  const PlainFile file(real);
  const uint64_t size = file.stamp().size_bytes;
  uint64_t at = 0;
  StoreCall with_total = call;
  if (call.progress) {
    with_total.progress = [&call, size](StoreProgress now) {
      now.total_bytes = size;
      call.progress(now);
    };
  }
  try {
    return read_car(
        store,
        [&](std::span<char> into) {
          const size_t n = std::min<uint64_t>(into.size(), size - at);
          file.read_at(at, into.first(n));
          at += n;
          return n;
        },
        pin, name, with_total);
  } catch (Error& e) {
    throw std::move(e.in("the file " + shown(path)));
  }
}

}  // namespace accelerate::store
