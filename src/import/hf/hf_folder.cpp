#include "import/hf/hf_folder.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/log.h"

namespace accelerate::import {
namespace {

constexpr size_t kMaxConfigBytes = size_t{64} << 20;
constexpr size_t kMaxCardBytes = size_t{4} << 20;
constexpr int64_t kMaxLabels = 100'000;

struct DTypeName {
  std::string_view name;
  DType dtype;
};
constexpr std::array<DTypeName, 9> kDTypeNames = {{{"float32", DType::f32},
                                                   {"float", DType::f32},
                                                   {"float16", DType::f16},
                                                   {"half", DType::f16},
                                                   {"bfloat16", DType::bf16},
                                                   {"float64", DType::f64},
                                                   {"double", DType::f64},
                                                   {"float8_e4m3fn", DType::f8e4m3},
                                                   {"float8_e5m2", DType::f8e5m2}}};

struct TaskSuffix {
  std::string_view suffix;
  std::string_view task;
};
// Longer suffixes come before those they end with.
constexpr std::array<TaskSuffix, 17> kTaskSuffixes = {{
    {"ForMaskedLM", "fill-mask"},
    {"ForPreTraining", "fill-mask"},
    {"ForSequenceClassification", "text-classification"},
    {"ForTokenClassification", "token-classification"},
    {"ForQuestionAnswering", "question-answering"},
    {"ForImageClassificationWithTeacher", "image-classification"},
    {"ForImageClassification", "image-classification"},
    {"ForCausalLM", "text-generation"},
    {"LMHeadModel", "text-generation"},
    {"ForConditionalGeneration", "text2text-generation"},
    {"ForSpeechSeq2Seq", "automatic-speech-recognition"},
    {"ForCTC", "automatic-speech-recognition"},
    {"ForAudioClassification", "audio-classification"},
    {"ForVideoClassification", "video-classification"},
    {"ForObjectDetection", "object-detection"},
    {"ForSemanticSegmentation", "image-segmentation"},
    {"ForDepthEstimation", "depth-estimation"},
}};

Json read_json(const FileSet& files, const std::string& name) {
  Json config = parse_json(files.read(name, kMaxConfigBytes), name);
  if (!config.is_object()) fail(ErrorCode::invalid_model, "{}: expected a JSON object", name);
  return config;
}

bool present(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && !found->is_null();
}

DType dtype_of(std::string name) {
  if (name.starts_with("torch.")) name.erase(0, 6);
  for (const DTypeName& candidate : kDTypeNames) {
    if (candidate.name == name) return candidate.dtype;
  }
  fail(ErrorCode::invalid_model,
       "the dtype is '{}'; expected float32, float16, bfloat16, float64, float8_e4m3fn, float8_e5m2 or auto",
       printable(name));
}

/// "pipeline_tag: TASK" of the YAML block that a model card begins with.
std::optional<std::string> pipeline_tag(std::string_view card) {
  if (!card.starts_with("---")) return std::nullopt;
  for (size_t begin = card.find('\n'); begin != std::string_view::npos;) {
    const size_t end = card.find('\n', begin + 1);
    std::string_view line = card.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
    if (line.starts_with("---")) return std::nullopt;
    if (line.starts_with("pipeline_tag:")) {
      line.remove_prefix(13);
      std::string tag;
      for (const char c : line) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') tag += c;
      }
      return tag.empty() ? std::nullopt : std::optional(tag);
    }
    begin = end;
  }
  return std::nullopt;
}

}  // namespace

HfFolder HfFolder::open(std::shared_ptr<FileSet> files) {
  HfFolder folder;
  folder.root_ = std::move(files);
  folder.sentence_transformers_ = read_sentence_transformers(*folder.root_);
  folder.files_ = folder.sentence_transformers_
                      ? sub_folder(folder.root_, folder.sentence_transformers_->transformer_folder)
                      : folder.root_;
  if (!folder.files_->contains("config.json")) {
    fail(ErrorCode::not_found,
         "there is no config.json in {}; expected the folder of a Hugging Face model (config.json, *.safetensors, "
         "tokenizer files)",
         folder.files_->description());
  }
  folder.config_ = read_json(*folder.files_, "config.json");
  try {
    check_config_values(folder.config_);
    folder.read_config();
    folder.read_labels();
  } catch (Error& e) {
    throw std::move(e.in(folder.files_->description() + "/config.json"));
  }
  if (folder.files_->contains("generation_config.json")) {
    folder.generation_config_ = read_json(*folder.files_, "generation_config.json");
  }
  folder.find_tasks();
  return folder;
}

void HfFolder::read_config() {
  model_type_ = json_string(config_, "model_type", "");
  if (present(config_, "architectures")) {
    const Json& list = config_["architectures"];
    const bool valid =
        list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& name) { return name.is_string(); });
    if (!valid) fail(ErrorCode::invalid_model, "'architectures' is no array of class names");
    architectures_ = list.get<std::vector<std::string>>();
  }
  const std::string dtype = json_string(config_, present(config_, "dtype") ? "dtype" : "torch_dtype", "auto");
  if (dtype != "auto") dtype_ = dtype_of(dtype);
  has_custom_code_ = present(config_, "auto_map");
  if (present(config_, "quantization_config")) {
    quantization_ = json_string(config_["quantization_config"], "quant_method", "unknown");
  }
  if (present(config_, "problem_type")) {
    problem_type_ = json_string(config_, "problem_type", {});
    if (*problem_type_ != "regression" && *problem_type_ != "single_label_classification" &&
        *problem_type_ != "multi_label_classification") {
      fail(ErrorCode::invalid_model,
           "'problem_type' is '{}'; expected regression, single_label_classification or multi_label_classification",
           printable(*problem_type_));
    }
  }
}

void HfFolder::read_labels() {
  int64_t num_labels = json_int(config_, "num_labels", 2, 1, kMaxLabels);
  std::map<int64_t, std::string> names;
  if (present(config_, "id2label")) {
    const Json& map = config_["id2label"];
    if (!map.is_object()) fail(ErrorCode::invalid_model, "'id2label' is no object from numbers to names");
    for (const auto& [key, value] : map.items()) {
      int64_t id = -1;
      const auto [end, status] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (status != std::errc() || end != key.data() + key.size() || id < 0 || id >= kMaxLabels) {
        fail(ErrorCode::invalid_model, "'id2label' has the key '{}'; expected an integer in [0, {})", printable(key),
             kMaxLabels);
      }
      // Names that YAML or a careless script has turned into numbers are shown as written.
      names[id] =
          value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    if (!names.empty())
      num_labels = std::max(names.rbegin()->first + 1, present(config_, "num_labels") ? num_labels : 0);
  }
  labels_.resize(static_cast<size_t>(num_labels));
  for (int64_t i = 0; i < num_labels; ++i) {
    const auto named = names.find(i);
    labels_[static_cast<size_t>(i)] = named != names.end() ? named->second : fmt::format("LABEL_{}", i);
  }
  if (present(config_, "label2id")) {
    const Json& map = config_["label2id"];
    if (!map.is_object()) fail(ErrorCode::invalid_model, "'label2id' is no object from names to numbers");
    for (const auto& [key, value] : map.items()) {
      if (!value.is_string()) label_ids_[key] = json_int(map, key, {}, 0, kMaxLabels - 1);
    }
  }
  if (label_ids_.empty()) {
    for (int64_t i = 0; i < num_labels; ++i) label_ids_[labels_[static_cast<size_t>(i)]] = i;
  }
}

void HfFolder::find_tasks() {
  const auto add = [&](std::string_view task) {
    if (std::find(task_hints_.begin(), task_hints_.end(), task) == task_hints_.end()) task_hints_.emplace_back(task);
  };
  if (sentence_transformers_) {
    add("sentence-similarity");
    add("feature-extraction");
  }
  for (const std::string& name : architectures_) {
    for (const TaskSuffix& entry : kTaskSuffixes) {
      if (!name.ends_with(entry.suffix)) continue;
      add(entry.task);
      break;
    }
    const bool entails = std::any_of(label_ids_.begin(), label_ids_.end(), [](const auto& label) {
      return label.first.starts_with("entail") || label.first.starts_with("ENTAIL") ||
             label.first.starts_with("Entail");
    });
    if (entails && name.ends_with("ForSequenceClassification")) add("zero-shot-classification");
    if (name.ends_with("Model") && !name.ends_with("LMHeadModel") && present(config_, "vision_config") &&
        present(config_, "text_config")) {
      add("zero-shot-image-classification");
    }
  }
  // The model card is a text for people: whatever is wrong with it, the model still loads.
  try {
    const auto card = root_->read_if_present("README.md", kMaxCardBytes);
    const auto tag = card ? pipeline_tag(*card) : std::nullopt;
    if (tag) add(*tag);
  } catch (const Error& e) {
    log_message(LogLevel::warning, e.what());
  }
  if (task_hints_.empty() && !architectures_.empty() && architectures_.front().ends_with("Model")) {
    const bool sees = present(config_, "image_size") || present(config_, "num_channels");
    add(sees ? "image-feature-extraction" : "feature-extraction");
  }
}

}  // namespace accelerate::import
