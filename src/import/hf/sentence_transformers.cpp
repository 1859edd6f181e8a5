#include "import/hf/sentence_transformers.h"

#include <array>
#include <set>

#include "base/error.h"
#include "base/json.h"

namespace accelerate::import {
namespace {

constexpr size_t kMaxConfigBytes = size_t{16} << 20;
constexpr size_t kMaxModules = 64;
constexpr int64_t kMaxWidth = int64_t{1} << 20;

struct PoolingName {
  PoolingMode mode;
  std::string_view name;  // in the newer form, "pooling_mode": "mean"
  std::string_view flag;  // in the form with one boolean a mode
};
constexpr std::array<PoolingName, 6> kPoolingNames = {{
    {PoolingMode::cls, "cls", "pooling_mode_cls_token"},
    {PoolingMode::max, "max", "pooling_mode_max_tokens"},
    {PoolingMode::mean, "mean", "pooling_mode_mean_tokens"},
    {PoolingMode::mean_sqrt_len, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
    {PoolingMode::weighted_mean, "weightedmean", "pooling_mode_weightedmean_tokens"},
    {PoolingMode::last_token, "lasttoken", "pooling_mode_lasttoken"},
}};

struct ActivationName {
  DenseModule::Activation activation;
  std::string_view torch_class;
  std::string_view name;
};
constexpr std::array<ActivationName, 6> kActivationNames = {{
    {DenseModule::Activation::identity, "Identity", "identity"},
    {DenseModule::Activation::tanh, "Tanh", "tanh"},
    {DenseModule::Activation::relu, "ReLU", "relu"},
    {DenseModule::Activation::gelu, "GELU", "gelu"},
    {DenseModule::Activation::sigmoid, "Sigmoid", "sigmoid"},
    {DenseModule::Activation::silu, "SiLU", "silu"},
}};

/// "torch.nn.modules.activation.Tanh" -> "Tanh"
std::string class_of(std::string_view path) {
  return std::string(path.substr(path.rfind('.') + 1));
}

std::string join(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
}

/// Runs read(config) for a file and adds the file's name to its errors.
template <typename Read>
void with_config(const FileSet& files, const std::string& name, Read&& read) {
  const Json config = parse_json(files.read(name, kMaxConfigBytes), name);
  try {
    read(config);
  } catch (Error& e) {
    throw std::move(e.in(name));
  }
}

void add_named_modes(const Json& value, std::vector<PoolingMode>& modes) {
  const Json list = value.is_array() ? value : Json::array({value});
  for (const Json& item : list) {
    bool known = false;
    for (const PoolingName& candidate : kPoolingNames) {
      if (!item.is_string() || item.get_ref<const std::string&>() != candidate.name) continue;
      modes.push_back(candidate.mode);
      known = true;
    }
    if (!known) {
      fail(ErrorCode::unsupported_model,
           "'pooling_mode' is {}; expected cls, max, mean, mean_sqrt_len_tokens, weightedmean or lasttoken",
           printable(item.dump(-1, ' ', false, Json::error_handler_t::replace), 80));
    }
  }
}

PoolingModule read_pooling(const Json& config) {
  PoolingModule module;
  const bool newer_name = config.contains("embedding_dimension");
  module.embedding_size =
      json_int(config, newer_name ? "embedding_dimension" : "word_embedding_dimension", {}, 1, kMaxWidth);
  module.include_prompt = json_bool(config, "include_prompt", true);
  if (config.contains("pooling_mode") && !config["pooling_mode"].is_null()) {
    add_named_modes(config["pooling_mode"], module.modes);
  } else {
    bool has_flag = false;
    for (const PoolingName& candidate : kPoolingNames) {
      has_flag = has_flag || config.contains(candidate.flag);
      if (json_bool(config, candidate.flag, false)) module.modes.push_back(candidate.mode);
    }
    if (!has_flag) module.modes = {PoolingMode::mean};
  }
  if (module.modes.empty()) fail(ErrorCode::invalid_model, "no pooling mode is on; expected at least one");
  return module;
}

DenseModule read_dense(const Json& config, std::string folder) {
  DenseModule module;
  module.folder = std::move(folder);
  module.in_features = json_int(config, "in_features", {}, 1, kMaxWidth);
  module.out_features = json_int(config, "out_features", {}, 1, kMaxWidth);
  module.bias = json_bool(config, "bias", true);
  const std::string name = class_of(json_string(config, "activation_function", "torch.nn.modules.activation.Tanh"));
  for (const ActivationName& candidate : kActivationNames) {
    if (candidate.torch_class != name) continue;
    module.activation = candidate.activation;
    return module;
  }
  fail(ErrorCode::unsupported_model,
       "'activation_function' is '{}'; expected Identity, Tanh, ReLU, GELU, Sigmoid or SiLU", printable(name));
}

void read_transformer(const FileSet& files, const std::string& folder, SentenceTransformers& out) {
  out.transformer_folder = folder;
  // The names that sentence-transformers has given this file for its transformer classes.
  for (const char* const stem :
       {"sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
        "sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
        "sentence_xlnet_config.json"}) {
    const std::string name = join(folder, stem);
    if (!files.contains(name)) continue;
    with_config(files, name, [&](const Json& config) {
      if (config.contains("max_seq_length") && !config["max_seq_length"].is_null()) {
        out.max_seq_length = json_int(config, "max_seq_length", {}, 1, int64_t{1} << 30);
      }
      out.do_lower_case = json_bool(config, "do_lower_case", false);
    });
    return;
  }
}

void read_options(const FileSet& files, SentenceTransformers& out) {
  const std::string name = "config_sentence_transformers.json";
  if (!files.contains(name)) return;
  with_config(files, name, [&](const Json& config) {
    out.similarity_fn_name = json_string(config, "similarity_fn_name", "cosine");
    static const std::set<std::string> kKnown = {"cosine", "dot", "euclidean", "manhattan"};
    if (!kKnown.contains(out.similarity_fn_name)) {
      fail(ErrorCode::invalid_model, "'similarity_fn_name' is '{}'; expected cosine, dot, euclidean or manhattan",
           printable(out.similarity_fn_name));
    }
    if (config.contains("prompts") && !config["prompts"].is_null()) {
      const Json& prompts = config["prompts"];
      if (!prompts.is_object()) fail(ErrorCode::invalid_model, "'prompts' is no object from names to strings");
      for (const auto& [key, value] : prompts.items()) out.prompts[key] = json_string(prompts, key, "");
    }
    if (config.contains("default_prompt_name") && !config["default_prompt_name"].is_null()) {
      out.default_prompt_name = json_string(config, "default_prompt_name", {});
      if (!out.prompts.contains(*out.default_prompt_name)) {
        fail(ErrorCode::invalid_model, "'default_prompt_name' is '{}', which 'prompts' lacks",
             printable(*out.default_prompt_name));
      }
    }
  });
}

void read_module(const FileSet& files, const Json& module, size_t position, SentenceTransformers& out) {
  const std::string type = json_string(module, "type", {});
  const std::string path = json_string(module, "path", "");
  if (!path.empty()) check_file_name(path);
  const std::string kind = class_of(type);
  if ((position == 0) != (kind == "Transformer")) {
    fail(ErrorCode::unsupported_model,
         "module {} of modules.json is a '{}'; built in are folders whose first module, and no other, is a Transformer",
         position, printable(type));
  }
  SentenceModule step;
  if (kind == "Transformer") {
    read_transformer(files, path, out);
    return;
  }
  if (kind == "Dropout") return;  // does nothing in inference
  if (kind == "Normalize") {
    step.kind = SentenceModule::Kind::normalize;
  } else if (kind == "Pooling") {
    step.kind = SentenceModule::Kind::pooling;
    with_config(files, join(path, "config.json"), [&](const Json& config) { step.pooling = read_pooling(config); });
  } else if (kind == "Dense") {
    step.kind = SentenceModule::Kind::dense;
    with_config(files, join(path, "config.json"), [&](const Json& config) { step.dense = read_dense(config, path); });
  } else {
    fail(ErrorCode::unsupported_model,
         "module {} of modules.json is a '{}'; built in are Transformer, Pooling, Dense, Normalize and Dropout",
         position, printable(type));
  }
  out.modules.push_back(std::move(step));
}

/// Pooling comes first and once, and the widths of what follows fit.
void check_modules(const std::vector<SentenceModule>& modules) {
  int64_t width = 0;
  for (const SentenceModule& module : modules) {
    const bool is_pooling = module.kind == SentenceModule::Kind::pooling;
    if (is_pooling != (width == 0)) {
      fail(ErrorCode::unsupported_model, "modules.json {}; expected one Pooling, right after the Transformer",
           is_pooling ? "has a second Pooling" : "has a module before its Pooling");
    }
    if (is_pooling) width = module.pooling.embedding_size * static_cast<int64_t>(module.pooling.modes.size());
    if (module.kind != SentenceModule::Kind::dense) continue;
    if (module.dense.in_features != width) {
      fail(ErrorCode::invalid_model, "{}/config.json: 'in_features' is {}, but the module before it gives {} features",
           printable(module.dense.folder), module.dense.in_features, width);
    }
    width = module.dense.out_features;
  }
  if (width == 0) fail(ErrorCode::unsupported_model, "modules.json has no Pooling; expected one");
}

}  // namespace

std::string_view name_of(PoolingMode mode) {
  for (const PoolingName& candidate : kPoolingNames) {
    if (candidate.mode == mode) return candidate.name;
  }
  fail(ErrorCode::internal, "pooling mode {} has no name", static_cast<int>(mode));
}

std::string_view name_of(DenseModule::Activation activation) {
  for (const ActivationName& candidate : kActivationNames) {
    if (candidate.activation == activation) return candidate.name;
  }
  fail(ErrorCode::internal, "activation {} has no name", static_cast<int>(activation));
}

std::optional<SentenceTransformers> read_sentence_transformers(const FileSet& files) {
  const std::string name = "modules.json";
  if (!files.contains(name)) return std::nullopt;
  SentenceTransformers out;
  with_config(files, name, [&](const Json& modules) {
    if (!modules.is_array() || modules.empty() || modules.size() > kMaxModules) {
      fail(ErrorCode::invalid_model, "expected an array of 1 to {} modules", kMaxModules);
    }
    for (size_t i = 0; i < modules.size(); ++i) read_module(files, modules[i], i, out);
    check_modules(out.modules);
  });
  read_options(files, out);
  return out;
}

}  // namespace accelerate::import
