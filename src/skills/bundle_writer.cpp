#include "skills/bundle_writer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/file_hash.h"
#include "base/link_file.h"
#include "import/hf/checkpoint_names.h"
#include "import/safetensors.h"

namespace accelerate::skills {
namespace {

namespace fs = std::filesystem;
using import::Manifest;

constexpr const char* kGraphFile = "graph.txt";
constexpr std::string_view kArchive = ".pt2/";

/// Kinds of files that configure a model, its tokenizer or its processor.
constexpr std::array<std::string_view, 7> kKinds = {".json", ".txt", ".model", ".jinja", ".vocab", ".bpe", ".tiktoken"};
/// Files of these kinds that belong to a folder of work, not to a model.
constexpr std::array<std::string_view, 3> kLeftOut = {"skill.json", "components.json", "capture.json"};
constexpr size_t kMaxFileBytes = size_t{256} << 20;

void write_in(const fs::path& folder, const std::string& name, std::string_view content) {
  std::error_code error;
  fs::create_directories((folder / name).parent_path(), error);
  if (error) fail(ErrorCode::io_error, "cannot create the folder of {}: {}", printable(name), error.message());
  write_file_atomic(folder / name, content);
}

/// Constants of captured programs, each archive's in a file.
void write_constants(const fs::path& folder, const import::OpenedModel& opened, Manifest& manifest) {
  std::map<std::string, std::map<std::string, Tensor>> by_prefix;
  for (const std::string& name : import::weight_names(opened.program)) {
    const size_t end = name.find(kArchive);
    if (end == std::string::npos || name.find('/') != end + kArchive.size() - 1) continue;
    const size_t length = end + kArchive.size();
    by_prefix[name.substr(0, length)].emplace(name.substr(length), opened.weights->read(name));
  }
  for (const auto& [prefix, tensors] : by_prefix) {
    const std::string file = fmt::format("{}.constants.safetensors", prefix.substr(0, prefix.size() - kArchive.size()));
    write_in(folder, file, import::safetensors_bytes(tensors));
    manifest.constants.push_back({prefix, file});
    add_file(manifest, folder, file);
  }
  opened.weights->check();
}

bool is_configuration(const std::string& name) {
  const auto ends = [&](std::string_view kind) { return name.ends_with(kind); };
  return std::any_of(kKinds.begin(), kKinds.end(), ends) &&
         std::find(kLeftOut.begin(), kLeftOut.end(), name) == kLeftOut.end();
}

/// Folders of the model whose files belong to it: those of a sentence-transformers model, and chat templates.
bool is_part(const import::HfFolder& folder, const std::string& name) {
  const size_t slash = name.find('/');
  if (slash == std::string::npos) return true;
  return folder.sentence_transformers().has_value() &&
         (std::isdigit(static_cast<unsigned char>(name.front())) != 0 ||
          name.starts_with(folder.sentence_transformers()->transformer_folder + "/"));
}

void copy_configuration(const fs::path& folder, const import::OpenedModel& opened, Manifest& manifest) {
  const FileSet& files = *opened.folder->root();
  for (const std::string& name : files.list()) {
    if (!is_configuration(name) || !is_part(*opened.folder, name)) continue;
    std::error_code ignored;
    if (!fs::exists(folder / name, ignored)) write_in(folder, name, files.read(name, kMaxFileBytes));
    add_file(manifest, folder, name);
  }
}

/// Names of the weight files below the root of the model, each with what the graph calls its tensors by.
struct WeightFile {
  std::string name;
  std::string prefix;  // of a Dense module's weights
};

std::vector<WeightFile> weight_files(const import::OpenedModel& opened) {
  const import::HfFolder& folder = *opened.folder;
  const auto& sentence = folder.sentence_transformers();
  std::vector<WeightFile> out;
  const auto add = [&](const FileSet& files, const std::string& where, const std::string& prefix) {
    constexpr const char* kIndex = "model.safetensors.index.json";
    std::set<std::string> names;
    if (files.contains(kIndex)) {
      const Json index = parse_json(files.read(kIndex), kIndex);
      for (const auto& [tensor, file] : index.at("weight_map").items()) names.insert(file.get<std::string>());
    } else if (files.contains("model.safetensors")) {
      names.insert("model.safetensors");
    }
    for (const std::string& name : names) out.push_back({where + name, prefix});
  };
  const std::string inner = sentence ? sentence->transformer_folder : "";
  add(*folder.files(), inner.empty() ? "" : inner + "/", "");
  if (!sentence) return out;
  for (const import::SentenceModule& module : sentence->modules) {
    if (module.kind != import::SentenceModule::Kind::dense) continue;
    const std::string& where = module.dense.folder;
    add(*sub_folder(folder.root(), where), where + "/", where + "/");
  }
  return out;
}

void refer_to_weights(const fs::path& folder, const import::OpenedModel& opened, const BundleRequest& request,
                      Manifest& manifest) {
  const FileSet& files = *opened.folder->root();
  const std::vector<WeightFile> found = weight_files(opened);
  // What the graph asks for, by the names in the files.
  const std::vector<std::string> wanted = import::weight_names(opened.program);
  std::error_code ignored;
  const fs::path own = fs::canonical(folder, ignored);
  for (const WeightFile& file : found) {
    const auto source = import::SafetensorsSource::open(files, file.name);
    const import::CheckpointNames names(source, file.prefix.empty() ? request.weight_prefix : "");
    import::BundleWeights entry;
    entry.name = file.name;
    for (const std::string& name : wanted) {
      if (!name.starts_with(file.prefix)) continue;
      if (auto stored = names.resolve(name.substr(file.prefix.size()))) entry.tensors.push_back(std::move(*stored));
    }
    if (!file.prefix.empty()) entry.tensors = source->names();  // the task adds the module
    const fs::path shown = files.map(file.name)->path();
    const fs::path real = fs::canonical(shown, ignored);
    const fs::path inside = folder / file.name;
    if (real == own / file.name) {
      entry.path = file.name;
    } else if (request.self_contained) {
      fs::create_directories(inside.parent_path(), ignored);
      link_file(real, inside);
      entry.path = file.name;
    } else {
      entry.path = real.native();
    }
    entry.sha256 = file_sha256(real);
    entry.size_bytes = fs::file_size(real);
    manifest.weights.push_back(std::move(entry));
  }
}

}  // namespace

void add_file(Manifest& manifest, const fs::path& folder, const std::string& name) {
  manifest.files[name] = {file_sha256(folder / name), fs::file_size(folder / name)};
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  write_file_atomic(folder / import::kManifest, import::to_json(manifest).dump(1) + "\n");
}

Manifest write_bundle(const fs::path& folder, const import::OpenedModel& opened, const BundleRequest& request) {
  Manifest manifest;
  manifest.name = request.name;
  manifest.architecture = request.architecture;
  const auto model_type = opened.program.metadata.find("model_type");
  if (model_type != opened.program.metadata.end()) manifest.model_type = model_type->second;
  manifest.task = request.task;
  manifest.graph_kind = request.graph_kind;
  manifest.graph_file = kGraphFile;
  manifest.graph_identity = identity_hash(opened.program);
  for (const auto& [role, graph] : opened.program.graphs) manifest.roles.push_back(role);
  manifest.weight_prefix = request.weight_prefix;
  write_in(folder, kGraphFile, print(opened.program));
  add_file(manifest, folder, kGraphFile);
  write_constants(folder, opened, manifest);
  copy_configuration(folder, opened, manifest);
  refer_to_weights(folder, opened, request, manifest);
  return manifest;
}

}  // namespace accelerate::skills
