#pragma once
#include <filesystem>
#include <string>

namespace accelerate::openvino_engine {

/// Owner-only folder for the engine's cache of compiled models; empty if there is none that can be used (`note` says
/// why): models are then compiled each time.
struct CacheFolder {
  std::filesystem::path path;
  std::string note;
};

/// ACCELERATE_CACHE_DIR, else XDG_CACHE_HOME/ipfs-accelerate, else ~/.cache/ipfs-accelerate; below it openvino/VERSION.
/// A folder that belongs to another user, or that others may write to, is not used: what lies in it runs as this user.
CacheFolder cache_folder(const std::string& version);

}  // namespace accelerate::openvino_engine
