#include "import/open.h"

#include <algorithm>

#include "base/error.h"
#include "base/nearest.h"
#include "import/bundle/bundle_files.h"
#include "import/hf/checkpoint_names.h"
#include "import/hf/open_weights.h"
#include "import/pt2/components.h"
#include "import/pt2/pt2.h"
#include "import/pt2/pt2_files.h"

namespace accelerate::import {
namespace {

namespace fs = std::filesystem;

/// The built-in classes nearest in name, for messages.
std::string nearest_classes(std::string_view name, const models::ModelRegistry& registry) {
  std::vector<std::string> known;
  for (const models::ModelBuilder& builder : registry.all())
    known.insert(known.end(), builder.architectures.begin(), builder.architectures.end());
  return nearest_names(name, known);
}

struct Choice {
  const models::ModelBuilder* builder;
  std::string architecture;
};

/// Names of the class, the most wanted first; may be empty.
std::vector<std::string> wanted_classes(const HfFolder& folder, const OpenOptions& options) {
  if (!options.architecture.empty()) return {options.architecture};
  return folder.architectures();
}

std::optional<Choice> find_builder(const HfFolder& folder, const OpenOptions& options,
                                   const models::ModelRegistry& registry) {
  const std::vector<std::string> wanted = wanted_classes(folder, options);
  for (const std::string& name : wanted) {
    if (const models::ModelBuilder* builder = registry.find(name, folder.model_type())) return Choice{builder, name};
  }
  if (wanted.empty() && !folder.model_type().empty()) {
    const models::ModelBuilder* builder = registry.find("", folder.model_type());
    if (builder != nullptr && !builder->architectures.empty()) return Choice{builder, builder->architectures.front()};
  }
  return std::nullopt;
}

[[noreturn]] void refuse_class(const HfFolder& folder, const OpenOptions& options,
                               const models::ModelRegistry& registry) {
  const std::vector<std::string> wanted = wanted_classes(folder, options);
  const std::string name = !wanted.empty() ? wanted.front() : folder.model_type();
  if (name.empty()) {
    fail(ErrorCode::invalid_model,
         "{}/config.json has neither 'architectures' nor 'model_type'; expected the name of a class, such as BertModel",
         folder.files()->description());
  }
  const std::string nearest = nearest_classes(name, registry);
  if (folder.has_custom_code()) {
    fail(ErrorCode::unsupported_model,
         "the class {} of {} is Python code in the model's folder ('auto_map'), and code of a model folder is never "
         "run. Built-in classes nearest in name: {}. If the code is trusted, capture the model where it may run: the "
         "Python package ipfs_accelerate writes a torch.export program (.pt2) of it",
         printable(name), folder.files()->description(), nearest);
  }
  fail(ErrorCode::unsupported_model,
       "the class {} of {} is not built in. Built-in classes nearest in name: {}. Any class of transformers can be "
       "captured: the Python package ipfs_accelerate writes a torch.export program (.pt2) of it",
       printable(name), folder.files()->description(), nearest);
}

constexpr std::string_view kCaptured = "model.pt2";

/// Whether the graph is the folder's captured one.
bool is_captured(const HfFolder& folder, const OpenOptions& options, bool has_builder) {
  const FileSet& files = *folder.files();
  const bool is_there = files.contains(kCaptured) || files.contains(kComponents);
  if (options.graph == "captured") {
    if (is_there) return true;
    fail(ErrorCode::not_found, "{} has no {}; capture the model with: python -m ipfs_accelerate.capture FOLDER",
         files.description(), kCaptured);
  }
  if (options.graph == "native") return false;
  if (options.graph != "auto")
    fail(ErrorCode::invalid_argument, "the graph '{}'; expected auto, native or captured", printable(options.graph));
  const bool is_lone_file = dynamic_cast<const Pt2Files*>(&files) != nullptr;
  return is_there && (is_lone_file || !has_builder);
}

/// Weights of a captured model: beside the archive, if there are any.
std::shared_ptr<const WeightSource> weights_beside(const FileSet& files) {
  if (!files.contains("model.safetensors") && !files.contains("model.safetensors.index.json")) return nullptr;
  return open_weights(files);
}

/// Refuses, with the way to go on, a path that is a file.
[[noreturn]] void refuse_file(const fs::path& path) {
  const std::string extension = path.extension().native();
  const std::string shown = printable(path.native(), 400);
  if (extension == ".safetensors" || extension == ".json") {
    fail(ErrorCode::unsupported_format, "{} is one file of a model; give the folder that holds it and config.json",
         shown);
  }
  if (extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt") {
    fail(ErrorCode::unsupported_format,
         "{} is a pickle, and loading one can run code, so it is never read; give a folder with config.json and "
         "model.safetensors",
         shown);
  }
  fail(ErrorCode::unsupported_format,
       "{} is a file of a kind that is not read; expected a Hugging Face folder (config.json, *.safetensors) or a "
       "captured program (.pt2)",
       shown);
}

std::shared_ptr<const WeightSource> with_dense_modules(std::shared_ptr<const WeightSource> weights,
                                                       const HfFolder& folder) {
  const auto& sentence = folder.sentence_transformers();
  if (!sentence) return weights;
  auto merged = std::make_shared<MergedWeights>();
  merged->add("", weights);
  bool any = false;
  for (const SentenceModule& module : sentence->modules) {
    if (module.kind != SentenceModule::Kind::dense) continue;
    merged->add(module.dense.folder + "/", open_weights(*sub_folder(folder.root(), module.dense.folder)));
    any = true;
  }
  if (any) return merged;
  return weights;
}

}  // namespace

std::shared_ptr<FileSet> open_model_files(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) {
    if (path.extension() == ".pt2") return std::make_shared<Pt2Files>(path);
    refuse_file(path);
  }
  if (fs::is_directory(path / "snapshots", ignored) && !fs::exists(path / "config.json", ignored)) {
    const auto cache = open_folder(path);
    if (const auto revision = cache->read_if_present("refs/main", 256)) {
      const std::string name = revision->substr(0, revision->find_last_not_of(" \r\n") + 1);
      check_file_name(name);
      return open_folder(path / "snapshots" / name);
    }
  }
  if (is_bundle(path)) return BundleFiles::open(path);
  return open_folder(path);
}

OpenedModel open(const fs::path& path, const OpenOptions& options, const models::ModelRegistry& registry) {
  return open(open_model_files(path), options, registry);
}

namespace {

void build_native(OpenedModel& model, const HfFolder& folder, const Choice& choice) {
  const auto& [builder, architecture] = choice;
  const auto weights =
      std::make_shared<const CheckpointNames>(open_weights(*folder.files()), builder->base_model_prefix);
  const DType fallback = folder.dtype().value_or(DType::f32);
  const models::BuildContext context{
      .config = folder.config(),
      .architecture = architecture,
      .stored_dtype =
          [&](std::string_view name) {
            const auto info = weights->find(name);
            return info ? info->dtype : fallback;  // check_weights lists what is missing
          },
      .has_weight = [&](std::string_view name) { return weights->find(name).has_value(); },
  };
  model.program = builder->build(context);
  if (model.program.name.empty()) model.program.name = architecture;
  model.program.metadata.emplace("architecture", architecture);
  model.program.metadata.emplace("model_type", builder->model_type);
  model.weights = weights;
  model.unused_weights = unused_weights(model.program, *weights);
}

void build_captured(OpenedModel& model, const HfFolder& folder, const OpenOptions& options) {
  const auto beside = weights_beside(*folder.files());
  Pt2Model captured = folder.files()->contains(kComponents) ? open_components(*folder.files(), beside)
                                                            : open_pt2(folder.files()->map(kCaptured), beside);
  model.program = std::move(captured.program);
  model.weights = std::move(captured.weights);
  auto& metadata = model.program.metadata;
  const std::string& known = metadata["architecture"];
  if (!options.architecture.empty() && !known.empty() && known != options.architecture) {
    fail(ErrorCode::unsupported_model, "{} was captured as {}; expected {}: capture that class", kCaptured, known,
         printable(options.architecture));
  }
  const auto wanted = wanted_classes(folder, options);
  if (known.empty()) metadata["architecture"] = wanted.empty() ? "captured" : printable(wanted.front());
  if (metadata["model_type"].empty()) metadata["model_type"] = printable(folder.model_type());
  if (model.program.name.empty()) model.program.name = metadata["architecture"];
  if (beside != nullptr) model.unused_weights = unused_weights(model.program, CheckpointNames(beside, ""));
}

/// The graph that a skill holds, whatever this program would build today.
void build_skill(OpenedModel& model, const HfFolder& folder, const BundleFiles& files, const OpenOptions& options) {
  const Manifest& manifest = files.manifest();
  if (!options.architecture.empty() && options.architecture != manifest.architecture) {
    fail(ErrorCode::unsupported_model,
         "the skill {} is made for {}; expected {}: generate a skill for that class or task", files.description(),
         printable(manifest.architecture), printable(options.architecture));
  }
  if (options.graph != "auto" && options.graph != manifest.graph_kind) {
    fail(ErrorCode::not_found, "the skill {} holds a {} graph; expected {}", files.description(), manifest.graph_kind,
         printable(options.graph));
  }
  BundleModel opened = open_bundle(files, *folder.files());
  model.program = std::move(opened.program);
  model.weights = std::move(opened.weights);
}

}  // namespace

OpenedModel open(std::shared_ptr<FileSet> files, const OpenOptions& options, const models::ModelRegistry& registry) {
  OpenedModel model;
  const auto folder = std::make_shared<const HfFolder>(HfFolder::open(std::move(files)));
  if (const auto* skill = dynamic_cast<const BundleFiles*>(folder->root().get())) {
    try {
      build_skill(model, *folder, *skill, options);
      model.weights = with_dense_modules(model.weights, *folder);
      check_weights(model.program, *model.weights);
    } catch (Error& e) {
      throw std::move(e.in(fmt::format("the skill {}", skill->description())));
    }
    model.files = folder->files();
    model.folder = folder;
    return model;
  }
  const auto choice = find_builder(*folder, options, registry);
  const bool captured = is_captured(*folder, options, choice.has_value());
  if (!captured && !choice) refuse_class(*folder, options, registry);
  if (const auto& quantization = folder->quantization()) {
    fail(ErrorCode::unsupported_model,
         "the weights of {} are quantised ('quantization_config' with quant_method '{}'), which is not supported; use "
         "the unquantised checkpoint",
         folder->files()->description(), printable(*quantization));
  }
  try {
    if (captured) {
      build_captured(model, *folder, options);
    } else {
      build_native(model, *folder, *choice);
    }
    verify(model.program);
    check_weights(model.program, *model.weights);
  } catch (Error& e) {
    throw std::move(e.in(fmt::format("{} from {}", captured ? std::string(kCaptured) : printable(choice->architecture),
                                     folder->files()->description())));
  }
  model.weights = with_dense_modules(model.weights, *folder);
  model.files = folder->files();
  model.folder = folder;
  return model;
}

}  // namespace accelerate::import
