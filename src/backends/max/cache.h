#pragma once
// The folder where compiled graphs are kept.
#include <filesystem>
#include <optional>
#include <string>

namespace accelerate::max_engine {

/// Owner-only folder: graphs/ has our texts with a mark for each that compiles, engine/ is the engine's own cache.
struct CacheFolder {
  std::filesystem::path root;
  /// False: a temporary folder that goes with the process, since the lasting one cannot be used (`note` says why).
  bool lasting = true;
  std::string note;
  std::filesystem::path graphs() const { return root / "graphs"; }
  std::filesystem::path engine() const { return root / "engine"; }
};

/// max/VERSION below cache_root(), as far as prepare_private_folder() lets it be used. Made once for each process.
/// Errors: io_error if there is no temporary folder either.
const CacheFolder& cache_folder(const std::string& version);

/// What compiled code depends on beside the graph: the CPU and its instruction set.
std::string machine_key();

/// A lock on a file that other processes wait for; given up when the object goes or the process ends.
class FileLock {
 public:
  /// Takes it if it is free. Errors: io_error.
  static std::optional<FileLock> try_take(const std::filesystem::path& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace accelerate::max_engine
