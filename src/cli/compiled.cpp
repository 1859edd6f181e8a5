#include "cli/compiled.h"

#include <cstdlib>
#include <system_error>

#include "base/cache_folder.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/seal.h"

namespace accelerate::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "compiled.json";
constexpr const char* kPurpose = "compiled model";
constexpr size_t kMaxFile = size_t{1} << 32;

fs::path cache_in(const fs::path& folder) {
  return folder / "cache";
}

void use_as_cache(const fs::path& folder) {
  setenv("ACCELERATE_CACHE_DIR", fs::absolute(cache_in(folder)).c_str(), 1);
}

}  // namespace

void compile_into(const fs::path& folder) {
  if (auto why = prepare_private_folder(folder)) fail(ErrorCode::io_error, "cannot compile into it: {}", *why);
  std::error_code error;
  if (!fs::is_empty(folder, error) && !fs::exists(folder / kManifest, error))
    fail(ErrorCode::invalid_argument, "{} holds other files; name a new folder or one that compile wrote",
         printable(folder.string(), 1000));
  if (auto why = prepare_private_folder(cache_in(folder)))
    fail(ErrorCode::io_error, "cannot compile into it: {}", *why);
  use_as_cache(folder);
}

void seal_compiled(const fs::path& folder, Json facts) {
  Json files = Json::object();
  fs::path root = cache_in(folder);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    std::string name = fs::relative(entry.path(), root).string();
    if (entry.is_regular_file() && !name.ends_with(".lock"))
      files[name] = sha256_hex(read_file(entry.path(), kMaxFile));
  }
  facts["files"] = std::move(files);
  Sealer::of_this_machine().write(folder / kManifest, kPurpose, facts.dump(2) + "\n");
}

std::string use_compiled(const fs::path& folder, const std::string& asked) {
  std::string name = printable(folder.string(), 1000);
  if (auto why = prepare_private_folder(folder)) fail(ErrorCode::invalid_model, "--compiled: {}", *why);
  std::error_code error;
  if (!fs::is_regular_file(folder / kManifest, error))
    fail(ErrorCode::invalid_model, "{} has no {}; `ipfs-accelerate compile MODEL -o {}` writes it", name, kManifest,
         name);
  auto text = Sealer::of_this_machine().read(folder / kManifest, kPurpose);
  if (!text)
    fail(ErrorCode::invalid_model,
         "{} was not compiled by this user on this machine, or was changed since; compile the model again", name);
  Json facts = parse_json(*text, kManifest);
  for (const auto& [file, hash] : facts.at("files").items()) {
    fs::path path = cache_in(folder) / file;
    if (!fs::is_regular_file(path, error) || sha256_hex(read_file(path, kMaxFile)) != hash.get<std::string>())
      fail(ErrorCode::invalid_model, "{} is missing or was changed since it was compiled; compile the model again",
           printable(path.string(), 1000));
  }
  auto device = facts.at("device").get<std::string>();
  if (asked != "auto" && asked != device)
    fail(ErrorCode::invalid_argument, "{} was compiled for {}; --device says {}", name, device, printable(asked));
  use_as_cache(folder);
  return device;
}

}  // namespace accelerate::cli
