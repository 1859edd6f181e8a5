#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "import/hf/sentence_transformers.h"
#include "tensor/dtype.h"

namespace accelerate::import {

/// A Hugging Face model folder, its configuration read and checked. Weights are opened apart (open_weights).
class HfFolder {
 public:
  /// Errors: not_found without config.json; invalid_model for JSON that is malformed, nested too deeply, or has values
  /// of a wrong type or out of range (the message names file, key, value and range).
  static HfFolder open(std::shared_ptr<FileSet> files);

  /// The whole folder.
  const std::shared_ptr<FileSet>& root() const { return root_; }
  /// Where config.json, weights and tokenizer are: the root, or the transformer's folder of a sentence-transformers
  /// model.
  const std::shared_ptr<FileSet>& files() const { return files_; }

  const Json& config() const { return config_; }
  /// An empty object if there is no generation_config.json.
  const Json& generation_config() const { return generation_config_; }
  /// "bert"; empty if config.json does not say.
  const std::string& model_type() const { return model_type_; }
  /// Class names, such as "BertForMaskedLM"; may be empty.
  const std::vector<std::string>& architectures() const { return architectures_; }
  /// "dtype" or "torch_dtype"; what the checkpoint was saved in, if it says so.
  std::optional<DType> dtype() const { return dtype_; }
  /// True if config.json asks for Python code of the folder ("auto_map"), which is never run.
  bool has_custom_code() const { return has_custom_code_; }
  /// "quant_method" of quantization_config, if there is one.
  const std::optional<std::string>& quantization() const { return quantization_; }

  /// Label i; "LABEL_i" where the configuration has no name. As many as num_labels.
  const std::vector<std::string>& labels() const { return labels_; }
  /// label2id, or the inverse of labels().
  const std::map<std::string, int64_t>& label_ids() const { return label_ids_; }
  /// "regression", "single_label_classification" or "multi_label_classification".
  const std::optional<std::string>& problem_type() const { return problem_type_; }

  const std::optional<SentenceTransformers>& sentence_transformers() const { return sentence_transformers_; }

  /// Tasks that the folder is made for, by Hugging Face name, the most specific first; empty if nothing tells.
  /// Sources: modules.json, the suffix of the class name, pipeline_tag of README.md.
  const std::vector<std::string>& task_hints() const { return task_hints_; }

 private:
  HfFolder() = default;
  void read_config();
  void read_labels();
  void find_tasks();

  std::shared_ptr<FileSet> root_;
  std::shared_ptr<FileSet> files_;
  Json config_;
  Json generation_config_ = Json::object();
  std::string model_type_;
  std::vector<std::string> architectures_;
  std::optional<DType> dtype_;
  bool has_custom_code_ = false;
  std::optional<std::string> quantization_;
  std::vector<std::string> labels_;
  std::map<std::string, int64_t> label_ids_;
  std::optional<std::string> problem_type_;
  std::optional<SentenceTransformers> sentence_transformers_;
  std::vector<std::string> task_hints_;
};

/// Checks the sizes that most architectures share (hidden_size, num_hidden_layers, vocab_size, ...), in config and in
/// the configurations nested in it, wherever they occur. Errors: invalid_model naming key, value and range.
void check_config_values(const Json& config);

}  // namespace accelerate::import
