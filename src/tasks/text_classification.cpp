#include "tasks/classify.h"
#include "tasks/graph_edit.h"

namespace accelerate::tasks {
namespace {

class TextClassification final : public Task::Runner {
 public:
  explicit TextClassification(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    const std::vector<TextInput> texts = text_pairs(inputs);
    const auto encodings = model_->encode(texts, Truncation::longest_first, context);
    Json out = Json::array();
    out.get_ref<Json::array_t&>().resize(texts.size());
    model_->run_texts(encodings, context, [&](size_t index, const OutputRow& row) {
      out[index] = classify(*model_, row.values(0), parameters);
    });
    return out;
  }

 private:
  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

void register_text_classification(TaskRegistry& registry) {
  TaskDef task;
  task.name = "text-classification";
  task.aliases = {"sentiment-analysis"};
  task.doc = "texts, or pairs of text and context -> label and score";
  task.takes_texts = true;
  task.contexts = TaskDef::Contexts::optional;
  task.class_endings = {"ForSequenceClassification"};
  task.parameters = classification_parameters(nullptr);
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "text-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const TextClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
