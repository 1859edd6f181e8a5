#pragma once
// The folder where compiled graphs are kept.
#include <filesystem>
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

}  // namespace accelerate::max_engine
