#include <cmath>

#include "base/error.h"
#include "tasks/classify.h"
#include "tasks/graph_edit.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

/// Labels are embedded once a call, by a graph of their own, however many images there are.
class ZeroShotImageClassification final : public Task::Runner {
 public:
  explicit ZeroShotImageClassification(std::shared_ptr<const TaskModel> model)
      : model_(std::move(model)), scale_(std::exp(model_->opened.weights->read("logit_scale").get(0))) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    const std::vector<std::string> labels = candidate_labels(parameters, "zero-shot-image-classification");
    std::vector<std::string> sentences;
    for (const std::string& label : labels)
      sentences.push_back(hypothesis(parameters.text("hypothesis_template"), label));
    std::vector<TextInput> texts;
    for (const std::string& sentence : sentences) texts.push_back({sentence, std::nullopt});
    const auto encodings = model_->encode(texts, Truncation::longest_first, context);
    if (!context.truncated_inputs.empty())
      fail(ErrorCode::invalid_argument, "the label '{}' does not fit the {} tokens that the model takes; shorten it",
           printable(labels[context.truncated_inputs.front()]), model_->max_tokens.value_or(0));

    std::vector<std::vector<float>> embeddings(labels.size());
    model_->run_texts(
        encodings, context,
        [&](size_t index, const OutputRow& row) {
          const auto values = row.values(0);
          embeddings[index].assign(values.begin(), values.end());
        },
        {}, &model_->others.front());

    Json out = Json::array();
    out.get_ref<Json::array_t&>().resize(inputs.images.size());
    model_->run_images(inputs.images, context, [&](size_t index, const OutputRow& row) {
      out[index] = ranked(labels, embeddings, row.values(0));
    });
    return out;
  }

 private:
  Json ranked(const std::vector<std::string>& labels, const std::vector<std::vector<float>>& embeddings,
              std::span<const float> image) const {
    std::vector<float> logits;
    for (const std::vector<float>& text : embeddings) {
      double dot = 0;
      for (size_t i = 0; i < text.size(); ++i) dot += static_cast<double>(text[i]) * image[i];
      logits.push_back(static_cast<float>(dot * scale_));
    }
    const std::vector<float> scores = softmax(logits);
    Json out = Json::array();
    for (const size_t i : top_k(scores, scores.size()))
      out.push_back({{"score", number(scores[i])}, {"label", labels[i]}});
    return out;
  }

  std::shared_ptr<const TaskModel> model_;
  double scale_;
};

}  // namespace

/// CLIP: Radford et al. 2021, arXiv:2103.00020.
void register_zero_shot_image_classification(TaskRegistry& registry) {
  using Kind = ParameterSpec::Kind;
  TaskDef task;
  task.name = "zero-shot-image-classification";
  task.doc = "images and candidate labels -> labels by likeness";
  task.takes_images = true;
  task.class_endings = {"CLIPModel"};
  task.parameters = {
      {.name = "candidate_labels", .kind = Kind::texts, .doc = "the labels to choose from"},
      {.name = "hypothesis_template",
       .kind = Kind::text,
       .fallback = "This is a photo of {}.",
       .doc = "sentence that describes an image of the label; {} stands for the label"},
  };
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    const Graph& graph = model.program.main();
    return std::vector{select_outputs(graph, {"image_embeds"}, "zero-shot-image-classification"),
                       select_outputs(graph, {"text_embeds"}, "zero-shot-image-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const ZeroShotImageClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
