#include "base/error.h"
#include "tasks/graph_edit.h"
#include "tasks/registry.h"
#include "tasks/scores.h"
#include "tasks/sentence_embedder.h"
#include "tasks/sentence_graph.h"

namespace accelerate::tasks {
namespace {

class FeatureExtraction final : public Task::Runner {
 public:
  explicit FeatureExtraction(std::shared_ptr<const TaskModel> model) : model_(std::move(model)), embedder_(model_) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    Json out = Json::array();
    if (model_->compiled.graph().find_output(kEmbedding)) {
      for (const auto& embedding : embedder_.embed(inputs.texts, parameters, context))
        out.push_back(numbers(embedding));
      return out;
    }
    if (parameters.has("prompt") || parameters.has("prompt_name"))
      fail(ErrorCode::invalid_argument, "a prompt needs sentence embeddings; open the model with a pooling");
    std::vector<TextInput> texts;
    for (const std::string& text : inputs.texts) texts.push_back({text, std::nullopt});
    const std::vector<TokenEncoding> encodings = model_->encode(texts, Truncation::longest_first, context);
    out.get_ref<Json::array_t&>().resize(texts.size());
    model_->run_texts(encodings, context, [&](size_t index, const OutputRow& row) {
      const auto width = static_cast<size_t>(row.outputs[0].dim(-1));
      out[index] = Json::array({matrix(row.token_values(0), width)});
    });
    return out;
  }

 private:
  std::shared_ptr<const TaskModel> model_;
  SentenceEmbedder embedder_;
};

}  // namespace

void register_feature_extraction(TaskRegistry& registry) {
  TaskDef task;
  task.name = "feature-extraction";
  task.aliases = {"sentence-embedding"};
  task.doc = "texts -> one embedding each (sentence-transformers folders, or a pooling), else vectors of all tokens";
  task.takes_texts = true;
  task.class_endings = {"Model"};
  task.from_any_class = true;
  task.parameters = embedding_parameters();
  task.graphs = [](const import::OpenedModel& model, const Parameters& parameters) {
    if (const auto modules = embedding_modules(model, parameters, false))
      return std::vector{sentence_graph(model.program.main(), *modules, *model.weights)};
    return std::vector{select_outputs(model.program.main(), {"last_hidden_state"}, "feature-extraction")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const FeatureExtraction>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
