#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "tasks/classify.h"
#include "tasks/graph_edit.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

/// The label that means "the first text entails the second". Errors: unsupported_task if there is none.
size_t entailment_id(const TaskModel& model) {
  for (const auto& [label, id] : model.opened.folder->label_ids()) {
    std::string lower = label;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (lower.starts_with("entail")) return static_cast<size_t>(id);
  }
  std::string list;
  for (const std::string& label : model.labels()) list += (list.empty() ? "" : ", ") + printable(label, 40);
  fail(ErrorCode::unsupported_task,
       "zero-shot-classification needs a model with a label that begins with 'entail'; this one has: {}", list);
}

class ZeroShotClassification final : public Task::Runner {
 public:
  explicit ZeroShotClassification(std::shared_ptr<const TaskModel> model)
      : model_(std::move(model)), entailment_(entailment_id(*model_)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    const std::vector<std::string> labels = candidate_labels(parameters, "zero-shot-classification");
    std::vector<std::string> hypotheses;
    for (const std::string& label : labels)
      hypotheses.push_back(hypothesis(parameters.text("hypothesis_template"), label));
    std::vector<TextInput> pairs;
    for (const std::string& text : inputs.texts) {
      for (const std::string& second : hypotheses) pairs.push_back({text, second});
    }
    const auto encodings = model_->encode(pairs, Truncation::only_first, context);
    name_texts(context.truncated_inputs, labels.size());

    std::vector<std::vector<float>> logits(pairs.size());
    model_->run_texts(encodings, context, [&](size_t index, const OutputRow& row) {
      const auto values = row.values(0);
      if (entailment_ >= values.size())
        fail(ErrorCode::invalid_model, "the entailment label has the number {}, and the model gives {} logits",
             entailment_, values.size());
      logits[index].assign(values.begin(), values.end());
    });
    Json out = Json::array();
    for (size_t t = 0; t < inputs.texts.size(); ++t) {
      const auto own = std::span(logits).subspan(t * labels.size(), labels.size());
      out.push_back(entry(inputs.texts[t], labels, own, parameters.boolean("multi_label")));
    }
    return out;
  }

 private:
  /// Numbers of pairs to numbers of texts.
  static void name_texts(std::vector<size_t>& truncated, size_t num_labels) {
    for (size_t& index : truncated) index /= num_labels;
    truncated.erase(std::unique(truncated.begin(), truncated.end()), truncated.end());
  }

  Json entry(const std::string& text, const std::vector<std::string>& labels,
             std::span<const std::vector<float>> logits, bool multi_label) const {
    std::vector<float> scores;
    if (multi_label || labels.size() == 1) {
      for (const std::vector<float>& row : logits) {
        const float against = entailment_ == 0 ? row.back() : row.front();
        const float pair[] = {against, row[entailment_]};
        scores.push_back(softmax(pair)[1]);
      }
    } else {
      for (const std::vector<float>& row : logits) scores.push_back(row[entailment_]);
      scores = softmax(scores);
    }
    Json names = Json::array();
    Json values = Json::array();
    for (const size_t i : top_k(scores, scores.size())) {
      names.push_back(labels[i]);
      values.push_back(number(scores[i]));
    }
    return {{"sequence", text}, {"labels", std::move(names)}, {"scores", std::move(values)}};
  }

  std::shared_ptr<const TaskModel> model_;
  size_t entailment_;
};

}  // namespace

/// Yin et al. 2019, arXiv:1909.00161.
void register_zero_shot_classification(TaskRegistry& registry) {
  using Kind = ParameterSpec::Kind;
  TaskDef task;
  task.name = "zero-shot-classification";
  task.doc = "texts and candidate labels -> labels by how well the text entails them";
  task.takes_texts = true;
  task.class_endings = {"ForSequenceClassification"};
  task.parameters = {
      {.name = "candidate_labels", .kind = Kind::texts, .doc = "the labels to choose from"},
      {.name = "hypothesis_template",
       .kind = Kind::text,
       .fallback = "This example is {}.",
       .doc = "sentence that a label makes true; {} stands for the label"},
      {.name = "multi_label",
       .kind = Kind::boolean,
       .fallback = false,
       .doc = "each label is judged by itself, so that several can be true"},
  };
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "zero-shot-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const ZeroShotClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
