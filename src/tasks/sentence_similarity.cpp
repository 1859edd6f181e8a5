#include <cmath>

#include "base/error.h"
#include "tasks/registry.h"
#include "tasks/scores.h"
#include "tasks/sentence_embedder.h"
#include "tasks/sentence_graph.h"

namespace accelerate::tasks {
namespace {

/// As sentence_transformers.util: distances come negated, so that larger is nearer.
double similarity(std::span<const float> a, std::span<const float> b, const std::string& function) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  double squares = 0;
  double absolutes = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    squares += (x - y) * (x - y);
    absolutes += std::abs(x - y);
  }
  if (function == "dot") return dot;
  if (function == "euclidean") return -std::sqrt(squares);
  if (function == "manhattan") return -absolutes;
  return dot / (std::max(std::sqrt(aa), 1e-12) * std::max(std::sqrt(bb), 1e-12));
}

class SentenceSimilarity final : public Task::Runner {
 public:
  explicit SentenceSimilarity(std::shared_ptr<const TaskModel> model) : model_(std::move(model)), embedder_(model_) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    std::vector<std::string> texts = inputs.texts;
    const bool has_source = parameters.has("source_sentence");
    if (has_source) texts.push_back(parameters.text("source_sentence"));
    const auto& folder = model_->opened.folder->sentence_transformers();
    std::string function = folder ? folder->similarity_fn_name : "cosine";
    if (parameters.has("similarity_fn_name")) function = parameters.text("similarity_fn_name");

    const auto embeddings = embedder_.embed(texts, parameters, context);
    const auto scores_of = [&](std::span<const float> from) {
      Json scores = Json::array();
      for (size_t i = 0; i < inputs.texts.size(); ++i)
        scores.push_back(number(static_cast<float>(similarity(from, embeddings[i], function))));
      return scores;
    };
    Json scores = Json::array();
    if (has_source) {
      scores = scores_of(embeddings.back());
    } else {
      for (const auto& embedding : embeddings) scores.push_back(scores_of(embedding));
    }
    return {{"similarity_fn_name", function}, {"scores", std::move(scores)}};
  }

 private:
  std::shared_ptr<const TaskModel> model_;
  SentenceEmbedder embedder_;
};

}  // namespace

void register_sentence_similarity(TaskRegistry& registry) {
  TaskDef task;
  task.name = "sentence-similarity";
  task.doc = "texts -> similarity of each with each, or of source_sentence with each";
  task.takes_texts = true;
  task.class_endings = {"Model"};
  task.from_any_class = true;
  task.parameters = embedding_parameters();
  task.parameters.push_back({.name = "source_sentence",
                             .kind = ParameterSpec::Kind::text,
                             .doc = "compare this text with each; by default each is compared with each"});
  task.parameters.push_back({.name = "similarity_fn_name",
                             .kind = ParameterSpec::Kind::text,
                             .doc = "by default what the folder says, else cosine",
                             .choices = {"cosine", "dot", "euclidean", "manhattan"}});
  task.graphs = [](const import::OpenedModel& model, const Parameters& parameters) {
    const auto modules = embedding_modules(model, parameters, true);
    return std::vector{sentence_graph(model.program.main(), *modules, *model.weights)};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const SentenceSimilarity>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
