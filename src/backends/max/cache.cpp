#include "backends/max/cache.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <system_error>

#include "base/cache_folder.h"
#include "base/error.h"
#include "base/open_file.h"

namespace accelerate::max_engine {
namespace {

namespace fs = std::filesystem;

/// Removes the temporary folder when the process ends.
struct TemporaryFolder {
  fs::path path;
  ~TemporaryFolder() {
    std::error_code error;
    if (!path.empty()) fs::remove_all(path, error);
  }
};

CacheFolder make(const std::string& version) {
  CacheFolder out;
  fs::path base = cache_root();
  std::optional<std::string> why = "neither ACCELERATE_CACHE_DIR nor HOME is set";
  if (!base.empty()) {
    out.root = base / "max" / version;
    why = prepare_private_folder(out.root);
    for (const fs::path& part : {out.graphs(), out.engine()})
      if (!why) why = prepare_private_folder(part);
  }
  if (!why) return out;
  static TemporaryFolder temporary;
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "ipfs-accelerate-max-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    fail(ErrorCode::io_error, "no folder for compiled graphs: {}; and no temporary folder: {}", *why,
         system_reason(errno));
  temporary.path = pattern;
  out.root = pattern;
  out.lasting = false;
  out.note = "compiled graphs are not kept: " + *why;
  for (const fs::path& part : {out.graphs(), out.engine()})
    if (auto fault = prepare_private_folder(part))
      fail(ErrorCode::io_error, "no folder for compiled graphs: {}", *fault);
  return out;
}

}  // namespace

const CacheFolder& cache_folder(const std::string& version) {
  static std::mutex mutex;
  static std::optional<CacheFolder> folder;  // one engine a process
  std::lock_guard lock(mutex);
  if (!folder) folder = make(version);
  return *folder;
}

}  // namespace accelerate::max_engine
