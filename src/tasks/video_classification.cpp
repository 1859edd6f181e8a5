#include "tasks/classify.h"
#include "tasks/graph_edit.h"

namespace accelerate::tasks {
namespace {

class VideoClassification final : public Task::Runner {
 public:
  explicit VideoClassification(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    VideoOptions options;
    options.do_sample_frames = true;
    options.sampling.num_frames = parameters.has("num_frames") ? parameters.integer("num_frames") : frames_of_model();
    Json out = Json::array();
    model_->run_each(
        inputs.videos.size(), "video", context,
        [&](size_t i) { return model_->video_processor->process(inputs.videos[i], options); },
        [&](size_t, const OutputRow& row) { out.push_back(classify(*model_, row.values(0), parameters)); });
    return out;
  }

 private:
  std::optional<int64_t> frames_of_model() const {
    const int64_t frames = json_int(model_->opened.folder->config(), "num_frames", 0, 0, 1 << 20);
    return frames > 0 ? std::optional(frames) : std::nullopt;
  }

  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

void register_video_classification(TaskRegistry& registry) {
  TaskDef task;
  task.name = "video-classification";
  task.doc = "videos -> labels and scores";
  task.takes_videos = true;
  task.class_endings = {"ForVideoClassification"};
  task.parameters = classification_parameters(5);
  task.parameters.push_back({.name = "num_frames",
                             .kind = ParameterSpec::Kind::integer,
                             .doc = "frames taken from each video, evenly; by default what config.json says",
                             .min = 1});
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "video-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const VideoClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
