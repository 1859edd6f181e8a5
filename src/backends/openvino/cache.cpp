#include "backends/openvino/cache.h"

#include "base/cache_folder.h"

namespace accelerate::openvino_engine {

CacheFolder cache_folder(const std::string& version) {
  std::filesystem::path root = cache_root();
  if (root.empty()) return {{}, "compiled models are not kept: neither ACCELERATE_CACHE_DIR nor HOME is set"};
  std::filesystem::path folder = root / "openvino" / version;
  if (auto why = prepare_private_folder(folder)) return {{}, "compiled models are not kept: " + *why};
  return {folder, ""};
}

}  // namespace accelerate::openvino_engine
