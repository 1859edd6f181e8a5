#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace accelerate {

/// Where this program keeps what it can make again: ACCELERATE_CACHE_DIR, else XDG_CACHE_HOME/ipfs-accelerate, else
/// ~/.cache/ipfs-accelerate; empty if none of these is set.
std::filesystem::path cache_root();

/// Makes the folder for its owner alone if it is missing. Why it cannot be used; nothing if it can: what is loaded from
/// it runs as this user, so one that belongs to another user, or that others may write to, cannot.
std::optional<std::string> prepare_private_folder(const std::filesystem::path& folder);

}  // namespace accelerate
