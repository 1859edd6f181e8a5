#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tasks/registry.h"

namespace accelerate::tasks {

/// The parameters that tasks with sentence embeddings have in common; those at opening first.
std::vector<ParameterSpec> embedding_parameters();

/// The modules that make a sentence embedding: those of the folder, or the pooling that the parameters ask for.
/// Nothing: token vectors are wanted. `pool_by_default`: mean pooling where neither says anything.
std::optional<std::vector<import::SentenceModule>> embedding_modules(const import::OpenedModel& model,
                                                                     const Parameters& parameters,
                                                                     bool pool_by_default);

/// Turns texts into sentence embeddings by a model whose graph is a sentence_graph, as sentence-transformers' encode
/// does: prompt, white space, case, tokens, execution. Thread-safe.
class SentenceEmbedder {
 public:
  explicit SentenceEmbedder(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  /// One embedding a text. Parameters: prompt, prompt_name. Errors: invalid_argument for an unknown prompt.
  std::vector<std::vector<float>> embed(const std::vector<std::string>& texts, const Parameters& parameters,
                                        RunContext& context) const;

 private:
  std::string prompt_of(const Parameters& parameters) const;
  std::shared_ptr<const TaskModel> model_;
};

}  // namespace accelerate::tasks
