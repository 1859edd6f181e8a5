#include "tasks/classify.h"
#include "tasks/graph_edit.h"

namespace accelerate::tasks {
namespace {

class ImageClassification final : public Task::Runner {
 public:
  explicit ImageClassification(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    Json out = Json::array();
    out.get_ref<Json::array_t&>().resize(inputs.images.size());
    model_->run_images(inputs.images, context, [&](size_t index, const OutputRow& row) {
      out[index] = classify(*model_, row.values(0), parameters);
    });
    return out;
  }

 private:
  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

void register_image_classification(TaskRegistry& registry) {
  TaskDef task;
  task.name = "image-classification";
  task.doc = "images -> labels and scores";
  task.takes_images = true;
  task.class_endings = {"ForImageClassification", "ForImageClassificationWithTeacher"};
  task.parameters = classification_parameters(5);
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "image-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const ImageClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
