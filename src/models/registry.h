#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate::models {

/// What a builder sees.
struct BuildContext {
  const Json& config;
  /// The class to build, such as "BertForMaskedLM" (from config.json's architectures, or asked for).
  std::string architecture;
  /// Element type that the checkpoint stores for a tensor (after renames), so that weights are declared as they are.
  std::function<DType(std::string_view weight_name)> stored_dtype;
  /// Is there such a tensor in the checkpoint (after renames); for optional biases and tied weights.
  std::function<bool(std::string_view weight_name)> has_weight;
};

/// One architecture family: a file NAME.cpp of src/models with `void register_NAME(ModelRegistry&)`.
struct ModelBuilder {
  std::string model_type;                  // of config.json: "bert"
  std::vector<std::string> architectures;  // classes it builds: "BertModel", "BertForMaskedLM", ...
  std::string base_model_prefix;           // "bert": weight names may have it or lack it, as in transformers
  std::function<Program(const BuildContext&)> build;
};

class ModelRegistry {
 public:
  void add(ModelBuilder builder) { builders_.push_back(std::move(builder)); }
  /// The builder for an architecture class, or for a model_type if no class is given; null if there is none.
  const ModelBuilder* find(std::string_view architecture, std::string_view model_type) const;
  const std::vector<ModelBuilder>& all() const { return builders_; }

 private:
  std::vector<ModelBuilder> builders_;
};

/// All built-in families; built on first use.
const ModelRegistry& registry();

}  // namespace accelerate::models
