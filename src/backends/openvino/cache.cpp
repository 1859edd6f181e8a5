#include "backends/openvino/cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

namespace fs = std::filesystem;

std::string reason_of(int number) {
  return std::generic_category().message(number);
}

fs::path base_folder() {
  if (const char* own = std::getenv("ACCELERATE_CACHE_DIR"); own != nullptr && *own != '\0') return own;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0')
    return fs::path(xdg) / "ipfs-accelerate";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".cache" / "ipfs-accelerate";
  return {};
}

/// Why the folder cannot be used; nothing if it can. Makes it if it is missing.
std::optional<std::string> prepare(const fs::path& folder) {
  std::string name = printable(folder.string(), 1000);
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fmt::format("cannot make {}: {}", name, reason_of(errno));
  struct stat info{};
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return fmt::format("{} is no folder", name);
  if (info.st_uid != geteuid()) return fmt::format("{} belongs to another user", name);
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return fmt::format("{} is open to other users (chmod 700 it)", name);
  if (access(folder.c_str(), W_OK | X_OK) != 0) return fmt::format("{} cannot be written: {}", name, reason_of(errno));
  return std::nullopt;
}

}  // namespace

CacheFolder cache_folder(const std::string& version) {
  fs::path base = base_folder();
  if (base.empty()) return {{}, "compiled models are not kept: neither ACCELERATE_CACHE_DIR nor HOME is set"};
  fs::path folder = base / "openvino" / version;
  if (auto why = prepare(folder)) return {{}, "compiled models are not kept: " + *why};
  return {folder, ""};
}

}  // namespace accelerate::openvino_engine
