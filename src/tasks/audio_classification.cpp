#include "tasks/classify.h"
#include "tasks/graph_edit.h"

namespace accelerate::tasks {
namespace {

class AudioClassification final : public Task::Runner {
 public:
  explicit AudioClassification(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    Json out = Json::array();
    model_->run_each(
        inputs.clips.size(), "clip", context, [&](size_t i) { return model_->extractor->process(inputs.clips[i]); },
        [&](size_t, const OutputRow& row) { out.push_back(classify(*model_, row.values(0), parameters)); });
    return out;
  }

 private:
  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

void register_audio_classification(TaskRegistry& registry) {
  TaskDef task;
  task.name = "audio-classification";
  task.doc = "sound -> labels and scores";
  task.takes_audio = true;
  task.class_endings = {"ForAudioClassification", "ForSequenceClassification"};
  task.parameters = classification_parameters(5);
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "audio-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const AudioClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
