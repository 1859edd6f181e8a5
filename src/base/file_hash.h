#pragma once
#include <filesystem>
#include <string>

namespace accelerate {

/// SHA-256 of a regular file's content as 64 hexadecimal digits; the file is read, never mapped. The digest of a large
/// file that has not changed since an earlier call (size, inode, times of content and of status) comes from a private
/// folder of the cache, where there is one.
/// Errors: not_found; io_error.
std::string file_sha256(const std::filesystem::path& path);

}  // namespace accelerate
