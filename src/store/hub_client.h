#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "store/hub_cache.h"
#include "store/store.h"

namespace accelerate::store {

struct HubOptions {
  /// "https://HOST": the hub, a mirror, or our own endpoint.
  std::string endpoint = "https://huggingface.co";
  /// Sent to the endpoint alone, never where it redirects to.
  std::string token;
  /// Nothing is asked; what the cache has is all there is.
  bool offline = false;
  /// Shell patterns ("*.json"); a file whose name or path matches is taken. None: all, without weights in formats that
  /// are not read here where there are safetensors.
  std::vector<std::string> include;
  /// What is left out of it.
  std::vector<std::string> exclude;
  int connections = 4;
  int stall_ms = 15'000;
  uint64_t max_bytes = ~uint64_t{0};

  /// HF_ENDPOINT; HF_TOKEN, else the file HF_TOKEN_PATH or HF_HOME/token, unless HF_HUB_DISABLE_IMPLICIT_TOKEN is set;
  /// HF_HUB_OFFLINE.
  static HubOptions from_environment();
};

struct HubDownload {
  std::filesystem::path folder;
  std::string commit;
  uint64_t files = 0;
  uint64_t fetched_files = 0;
  uint64_t fetched_bytes = 0;
  /// Names that were left out.
  std::vector<std::string> left_out;
  /// Why the hub was not asked, and what the cache had is used; empty if it was.
  std::string from_cache_reason;
};

/// A snapshot of a repository in the cache of huggingface_hub, with the files that it lacks fetched: each resumed where
/// an earlier attempt ended, and checked by its ETag before it gets its name. Redirects to another host are followed
/// to public addresses over https alone. Errors: not_found for a repository, revision or, offline, snapshot that is not
/// there; invalid_argument where the hub wants a token; invalid_model for bytes that are not those of their ETag, or
/// names that lead out of the folder; io_error.
HubDownload download_snapshot(const HubCache& cache, const HubRepository& repository, std::string_view revision,
                              const HubOptions& options, const StoreCall& call = {});

/// A repository as people write it: "ORG/NAME", "ORG/NAME@REVISION", "hf://NAME".
struct HubName {
  HubRepository repository;
  std::string revision = "main";
  /// Errors: invalid_argument.
  static HubName parse(std::string_view text);
  /// True for what begins with "hf://", and for two names with a slash between.
  static bool is_one(std::string_view text);
};

}  // namespace accelerate::store
