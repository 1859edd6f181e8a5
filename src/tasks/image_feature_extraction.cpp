#include "base/error.h"
#include "tasks/graph_edit.h"
#include "tasks/registry.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

/// values as nested arrays of these extents.
Json nested(std::span<const float> values, std::span<const int64_t> extents) {
  if (extents.size() == 1) return numbers(values);
  Json out = Json::array();
  const size_t part = values.size() / static_cast<size_t>(extents.front());
  for (size_t i = 0; i < values.size(); i += part) out.push_back(nested(values.subspan(i, part), extents.subspan(1)));
  return out;
}

class ImageFeatureExtraction final : public Task::Runner {
 public:
  explicit ImageFeatureExtraction(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters&, RunContext& context) const override {
    Json out = Json::array();
    out.get_ref<Json::array_t&>().resize(inputs.images.size());
    model_->run_images(inputs.images, context, [&](size_t index, const OutputRow& row) {
      const auto extents = std::span(row.outputs[0].shape()).subspan(1);
      out[index] = Json::array({nested(row.values(0), extents)});
    });
    return out;
  }

 private:
  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

void register_image_feature_extraction(TaskRegistry& registry) {
  TaskDef task;
  task.name = "image-feature-extraction";
  task.doc = "images -> vectors of all patches, or one pooled vector";
  task.takes_images = true;
  task.class_endings = {"Model"};
  task.from_any_class = true;
  task.parameters = {{.name = "pool",
                      .kind = ParameterSpec::Kind::boolean,
                      .fallback = false,
                      .doc = "the model's pooler_output instead of its last_hidden_state",
                      .at_open = true}};
  task.graphs = [](const import::OpenedModel& model, const Parameters& parameters) {
    const Graph& graph = model.program.main();
    if (!graph.find_input("pixel_values"))
      fail(ErrorCode::unsupported_task, "image-feature-extraction needs a model that takes pixel_values; {} does not",
           graph.name());
    const std::string output = parameters.boolean("pool") ? "pooler_output" : "last_hidden_state";
    return std::vector{select_outputs(graph, {output}, "image-feature-extraction")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const ImageFeatureExtraction>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
