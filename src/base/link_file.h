#pragma once
#include <filesystem>

namespace accelerate {

/// Gives `to`, which must not exist, the content of the file `from` without copying it: a clone that shares the blocks
/// where the file system can, else a hard link. Errors: io_error if neither works (another file system).
void link_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace accelerate
