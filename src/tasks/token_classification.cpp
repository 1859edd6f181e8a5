#include <algorithm>

#include "base/error.h"
#include "tasks/entities.h"
#include "tasks/graph_edit.h"
#include "tasks/registry.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

Aggregation aggregation_of(const std::string& name) {
  if (name == "simple") return Aggregation::simple;
  if (name == "first") return Aggregation::first;
  if (name == "average") return Aggregation::average;
  if (name == "max") return Aggregation::max;
  return Aggregation::none;
}

class TokenClassification final : public Task::Runner {
 public:
  explicit TokenClassification(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    const Aggregation strategy = aggregation_of(parameters.text("aggregation_strategy"));
    std::vector<TextInput> texts;
    for (const std::string& text : inputs.texts) texts.push_back({text, std::nullopt});
    const std::vector<TokenEncoding> windows =
        parameters.has("stride") ? all_windows(texts, strategy, static_cast<size_t>(parameters.integer("stride")))
                                 : model_->encode(texts, Truncation::longest_first, context);

    std::vector<std::vector<Entity>> found(windows.size());
    model_->run_texts(windows, context, [&](size_t index, const OutputRow& row) {
      const std::string& text = inputs.texts[windows[index].sample];
      found[index] = aggregate(*model_, labelled_tokens(*model_, text, windows[index], row.token_values(0)), strategy);
    });
    return to_json(inputs.texts.size(), windows, found, strategy, parameters.texts("ignore_labels"));
  }

 private:
  std::vector<TokenEncoding> all_windows(std::span<const TextInput> texts, Aggregation strategy, size_t stride) const {
    if (strategy == Aggregation::none)
      fail(ErrorCode::invalid_argument,
           "stride needs an aggregation_strategy other than none, which joins the windows");
    if (!model_->max_tokens)
      fail(ErrorCode::invalid_argument, "stride was given, but the model has no limit of tokens; leave it out");
    EncodeOptions options;
    options.truncation = Truncation::longest_first;
    options.max_length = model_->max_tokens;
    options.overflow = true;
    options.stride = stride;
    return model_->tokenizer->encode_batch(texts, options, &model_->session->executor());
  }

  static Json to_json(size_t num_texts, const std::vector<TokenEncoding>& windows,
                      const std::vector<std::vector<Entity>>& found, Aggregation strategy,
                      const std::vector<std::string>& ignored) {
    const std::string key = strategy == Aggregation::none ? "entity" : "entity_group";
    Json out = Json::array();
    for (size_t text = 0, w = 0; text < num_texts; ++text) {
      std::vector<Entity> entities;
      size_t own_windows = 0;
      for (; w < windows.size() && windows[w].sample == text; ++w, ++own_windows) {
        for (const Entity& entity : found[w]) {
          if (std::find(ignored.begin(), ignored.end(), entity.label) == ignored.end()) entities.push_back(entity);
        }
      }
      if (own_windows > 1) entities = without_overlaps(std::move(entities));
      Json list = Json::array();
      for (const Entity& entity : entities) {
        Json item = {{key, entity.label},
                     {"score", number(static_cast<float>(entity.score))},
                     {"word", entity.word},
                     {"start", entity.start},
                     {"end", entity.end}};
        if (strategy == Aggregation::none) item["index"] = entity.index;
        list.push_back(std::move(item));
      }
      out.push_back(std::move(list));
    }
    return out;
  }

  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

void register_token_classification(TaskRegistry& registry) {
  using Kind = ParameterSpec::Kind;
  TaskDef task;
  task.name = "token-classification";
  task.aliases = {"ner"};
  task.doc = "texts -> labels of tokens, or entities with their place in the text";
  task.takes_texts = true;
  task.class_endings = {"ForTokenClassification"};
  task.parameters = {
      {.name = "aggregation_strategy",
       .kind = Kind::text,
       .fallback = "none",
       .doc = "none: each token; simple: neighbours of one label; first, average, max: whole words first",
       .choices = {"none", "simple", "first", "average", "max"}},
      {.name = "ignore_labels", .kind = Kind::texts, .fallback = {"O"}, .doc = "labels that are left out"},
      {.name = "stride",
       .kind = Kind::integer,
       .doc = "read texts that are too long in windows that share this many tokens, instead of cutting them"},
  };
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"logits"}, "token-classification")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const TokenClassification>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
