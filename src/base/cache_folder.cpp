#include "base/cache_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/error.h"
#include "base/open_file.h"

namespace accelerate {

std::filesystem::path cache_root() {
  if (const char* own = std::getenv("ACCELERATE_CACHE_DIR"); own != nullptr && *own != '\0') return own;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0')
    return std::filesystem::path(xdg) / "ipfs-accelerate";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::filesystem::path(home) / ".cache" / "ipfs-accelerate";
  return {};
}

std::optional<std::string> prepare_private_folder(const std::filesystem::path& folder) {
  std::string name = printable(folder.string(), 1000);
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fmt::format("cannot make {}: {}", name, system_reason(errno));
  struct stat info{};
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return fmt::format("{} is no folder", name);
  if (info.st_uid != geteuid()) return fmt::format("{} belongs to another user", name);
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) return fmt::format("{} is open to other users (chmod 700 it)", name);
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    return fmt::format("{} cannot be written: {}", name, system_reason(errno));
  return std::nullopt;
}

}  // namespace accelerate
