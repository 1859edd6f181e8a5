#include "import/bundle/bundle_files.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file_hash.h"
#include "import/hf/checkpoint_names.h"
#include "import/hf/open_weights.h"
#include "import/safetensors.h"
#include "ops/registry.h"

namespace accelerate::import {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxManifestBytes = size_t{256} << 20;

/// Throws unless the file has the size and digest. `what` names it.
void check_content(const fs::path& path, uint64_t size_bytes, const std::string& sha256, ErrorCode code,
                   const std::string& what) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (error || !fs::is_regular_file(path, error))
    fail(ErrorCode::not_found, "{} is not there: expected {}", what, printable(path.native(), 400));
  const std::string found = size == size_bytes ? file_sha256(path) : fmt::format("of {} bytes", size);
  if (found == sha256) return;
  fail(code,
       "{} ({}) is not what the skill was made of: its content is {}; expected {} ({} bytes). Generate the skill again",
       what, printable(path.native(), 400), found, sha256, size_bytes);
}

/// Weights of several sources of the model: the checkpoint, and constants under their prefixes.
std::shared_ptr<const WeightSource> weights_of(const BundleFiles& files, const FileSet& model_files) {
  const Manifest& manifest = files.manifest();
  auto merged = std::make_shared<MergedWeights>();
  for (const BundleConstants& constants : manifest.constants)
    merged->add(constants.prefix, SafetensorsSource::open(files, constants.file));
  const bool has_checkpoint =
      model_files.contains("model.safetensors") || model_files.contains("model.safetensors.index.json");
  if (has_checkpoint)
    merged->add("", std::make_shared<const CheckpointNames>(open_weights(model_files), manifest.weight_prefix));
  return merged;
}

}  // namespace

bool is_bundle(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / kManifest, ignored);
}

std::shared_ptr<BundleFiles> BundleFiles::open(const fs::path& folder) {
  std::shared_ptr<BundleFiles> out(new BundleFiles());
  out->path_ = folder;
  out->folder_ = open_folder(folder);
  const std::string what = fmt::format("{}/{}", out->folder_->description(), kManifest);
  out->manifest_ = parse_manifest(out->folder_->read(kManifest, kMaxManifestBytes), what);
  try {
    for (const auto& [name, file] : out->manifest_.files)
      check_content(folder / name, file.size_bytes, file.sha256, ErrorCode::invalid_model, printable(name));
    for (const BundleWeights& weights : out->manifest_.weights) {
      std::error_code ignored;
      fs::path path = folder / weights.name;
      if (!fs::is_regular_file(path, ignored)) path = folder / weights.path;  // an absolute path stays as it is
      check_content(path, weights.size_bytes, weights.sha256, ErrorCode::invalid_weights,
                    "the weight file " + printable(weights.name));
      out->weights_.emplace(weights.name, std::move(path));
    }
  } catch (Error& e) {
    throw std::move(e.in(what));
  }
  return out;
}

bool BundleFiles::contains(std::string_view name) const {
  return weights_.contains(name) || manifest_.files.contains(std::string(name));
}

std::string BundleFiles::read(std::string_view name, size_t max_bytes) const {
  const auto found = weights_.find(name);
  if (found != weights_.end()) return read_file(found->second, max_bytes);
  if (!contains(name)) fail(ErrorCode::not_found, "the skill {} lists no file '{}'", description(), printable(name));
  return folder_->read(name, max_bytes);
}

std::shared_ptr<MappedFile> BundleFiles::map(std::string_view name) const {
  const auto found = weights_.find(name);
  if (found != weights_.end()) return MappedFile::open(found->second);
  if (!contains(name)) fail(ErrorCode::not_found, "the skill {} lists no file '{}'", description(), printable(name));
  return folder_->map(name);
}

std::vector<std::string> BundleFiles::list() const {
  std::vector<std::string> out;
  for (const auto& [name, file] : manifest_.files) out.push_back(name);
  for (const auto& [name, path] : weights_) out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

BundleModel open_bundle(const BundleFiles& files, const FileSet& model_files) {
  const Manifest& manifest = files.manifest();
  BundleModel out;
  try {
    out.program = parse_program(files.read(manifest.graph_file, size_t{1} << 30), ops::registry());
  } catch (Error& e) {
    throw std::move(e.in(printable(manifest.graph_file)));
  }
  if (const std::string found = identity_hash(out.program); found != manifest.graph_identity) {
    fail(ErrorCode::invalid_graph, "the identity of {} is {}; the skill names {}", printable(manifest.graph_file),
         found, manifest.graph_identity);
  }
  out.weights = weights_of(files, model_files);
  return out;
}

}  // namespace accelerate::import
