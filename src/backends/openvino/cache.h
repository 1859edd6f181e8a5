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

/// openvino/VERSION below cache_root(), as far as prepare_private_folder() lets it be used.
CacheFolder cache_folder(const std::string& version);

}  // namespace accelerate::openvino_engine
