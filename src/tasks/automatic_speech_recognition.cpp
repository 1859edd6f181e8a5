#include <algorithm>

#include "preprocess/text/ctc_decoder.h"
#include "tasks/graph_edit.h"
#include "tasks/registry.h"

namespace accelerate::tasks {
namespace {

/// Models with a head for connectionist temporal classification: the best token of each frame, decoded.
class SpeechRecognition final : public Task::Runner {
 public:
  explicit SpeechRecognition(std::shared_ptr<const TaskModel> model)
      : model_(std::move(model)), decoder_(CtcDecoder::from_files(*model_->opened.files)) {}

  Json run(const TaskInputs& inputs, const Parameters&, RunContext& context) const override {
    Json out = Json::array();
    model_->run_each(
        inputs.clips.size(), "clip", context, [&](size_t i) { return model_->extractor->process(inputs.clips[i]); },
        [&](size_t, const OutputRow& row) {
          const Tensor& logits = row.outputs[0];  // [B,T,V]
          const auto width = static_cast<size_t>(logits.dim(-1));
          const std::span<const float> values = row.values(0);
          std::vector<int64_t> best;
          for (size_t at = 0; at + width <= values.size(); at += width) {
            const auto frame = values.subspan(at, width);
            best.push_back(std::max_element(frame.begin(), frame.end()) - frame.begin());
          }
          out.push_back({{"text", decoder_.decode(best)}});
        });
    return out;
  }

 private:
  std::shared_ptr<const TaskModel> model_;
  CtcDecoder decoder_;
};

}  // namespace

void register_automatic_speech_recognition(TaskRegistry& registry) {
  TaskDef task;
  task.name = "automatic-speech-recognition";
  task.doc = "speech -> text, by models with a CTC head";
  task.takes_audio = true;
  task.class_endings = {"ForCTC"};
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "automatic-speech-recognition")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const SpeechRecognition>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
