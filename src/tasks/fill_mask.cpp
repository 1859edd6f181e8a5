#include <algorithm>
#include <map>

#include "base/error.h"
#include "tasks/graph_edit.h"
#include "tasks/registry.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

/// Input of the graph: which positions are masked, i64 [N,2] of row and token.
constexpr const char* kMaskPositions = "mask_positions";

class FillMask final : public Task::Runner {
 public:
  explicit FillMask(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {
    const auto id = model_->tokenizer->special_id(SpecialToken::mask);
    if (!id) fail(ErrorCode::unsupported_task, "fill-mask needs a tokenizer with a mask token; this model's has none");
    mask_id_ = *id;
  }

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    const std::vector<int64_t> targets = target_ids(parameters);
    const auto k = static_cast<size_t>(parameters.integer("top_k"));
    std::vector<TextInput> texts;
    for (const std::string& text : inputs.texts) texts.push_back({text, std::nullopt});
    const auto encodings = model_->encode(texts, Truncation::longest_first, context);
    std::vector<std::vector<int64_t>> masks;
    for (size_t i = 0; i < encodings.size(); ++i) masks.push_back(masks_of(encodings[i], i, context));

    // The graph gives logits of masked positions only, row after row.
    std::map<size_t, size_t> first_row;
    const auto extra = [&](std::string_view, std::span<const size_t> batch, int64_t, std::span<const int64_t> first) {
      std::vector<int64_t> index;
      first_row.clear();
      for (size_t r = 0; r < batch.size(); ++r) {
        first_row[batch[r]] = index.size() / 2;
        for (const int64_t position : masks[batch[r]]) {
          index.push_back(static_cast<int64_t>(r));
          index.push_back(position + first[r]);
        }
      }
      const auto rows = static_cast<int64_t>(index.size() / 2);
      return Tensor::from(DType::i64, {rows, 2}, index);
    };
    Json out = Json::array();
    out.get_ref<Json::array_t&>().resize(texts.size());
    model_->run_texts(
        encodings, context,
        [&](size_t index, const OutputRow& row) {
          const auto logits = row.outputs[0].values<float>();
          const auto vocabulary = static_cast<size_t>(row.outputs[0].dim(-1));
          Json answers = Json::array();
          for (size_t m = 0; m < masks[index].size(); ++m) {
            const auto scores = softmax(logits.subspan((first_row.at(index) + m) * vocabulary, vocabulary));
            answers.push_back(propositions(encodings[index], masks[index], m, scores, targets, k));
          }
          out[index] = answers.size() == 1 ? std::move(answers.front()) : std::move(answers);
        },
        extra);
    return out;
  }

 private:
  std::vector<int64_t> masks_of(const TokenEncoding& encoding, size_t text, const RunContext& context) const {
    std::vector<int64_t> out;
    for (size_t t = 0; t < encoding.size(); ++t) {
      if (encoding.ids[t] == mask_id_) out.push_back(static_cast<int64_t>(t));
    }
    if (!out.empty()) return out;
    const auto& cut = context.truncated_inputs;
    fail(ErrorCode::invalid_argument, "text {} has no mask token{}; put {} where a word is wanted", text,
         std::find(cut.begin(), cut.end(), text) != cut.end() ? " in the part that fits the model" : "",
         model_->tokenizer->special_token(SpecialToken::mask).value_or(""));
  }

  /// Ids that the answers are limited to, sorted; empty: no limit.
  std::vector<int64_t> target_ids(const Parameters& parameters) const {
    std::vector<int64_t> out;
    if (!parameters.has("targets")) return out;
    for (const std::string& target : parameters.texts("targets")) {
      if (const auto id = model_->tokenizer->token_to_id(target)) {
        out.push_back(*id);
      } else {
        // A word of several tokens stands for its first one, as in transformers.
        const TokenEncoding encoding = model_->tokenizer->encode(target, {.add_special_tokens = false});
        if (encoding.size() > 0) out.push_back(encoding.ids.front());
      }
    }
    if (out.empty()) fail(ErrorCode::invalid_argument, "none of the targets is in the model's vocabulary");
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  Json propositions(const TokenEncoding& encoding, const std::vector<int64_t>& masks, size_t m,
                    const std::vector<float>& scores, const std::vector<int64_t>& targets, size_t k) const {
    std::vector<float> choice = scores;
    if (!targets.empty()) {
      choice.clear();
      for (const int64_t id : targets) {
        if (static_cast<size_t>(id) >= scores.size())
          fail(ErrorCode::invalid_argument, "the target with the token {} is outside the model's {} logits", id,
               scores.size());
        choice.push_back(scores[static_cast<size_t>(id)]);
      }
    }
    const auto pad = model_->tokenizer->special_id(SpecialToken::pad);
    Json out = Json::array();
    for (const size_t i : top_k(choice, k)) {
      const int64_t token = targets.empty() ? static_cast<int64_t>(i) : targets[i];
      std::vector<int64_t> ids = encoding.ids;
      ids[static_cast<size_t>(masks[m])] = token;
      if (pad) std::erase(ids, *pad);
      out.push_back({{"score", number(choice[i])},
                     {"token", token},
                     {"token_str", model_->tokenizer->decode(std::span(&token, 1))},
                     // With several masks the others are kept in sight.
                     {"sequence", model_->tokenizer->decode(ids, {.skip_special_tokens = masks.size() == 1})}});
    }
    return out;
  }

  std::shared_ptr<const TaskModel> model_;
  int64_t mask_id_ = 0;
};

Graph masked_logits(const Graph& base) {
  return without_unused(with_outputs(base, [&](Graph& graph, const NamedValues&, const NamedValues& outputs) {
    auto logits = outputs.find("logits");
    if (logits == outputs.end()) logits = outputs.find("prediction_logits");
    if (logits == outputs.end() || logits->second.rank() != 3)
      fail(ErrorCode::unsupported_task, "fill-mask needs logits of all tokens, which {} does not give", base.name());
    Value index = graph.add_input(kMaskPositions, TensorType(DType::i64, {"masks", 2}));
    graph.output(at_positions(logits->second, index), "logits");
  }));
}

}  // namespace

void register_fill_mask(TaskRegistry& registry) {
  using Kind = ParameterSpec::Kind;
  TaskDef task;
  task.name = "fill-mask";
  task.doc = "texts with mask tokens -> likely tokens for each mask";
  task.takes_texts = true;
  task.class_endings = {"ForMaskedLM", "ForPreTraining"};
  task.parameters = {
      {.name = "top_k", .kind = Kind::integer, .fallback = 5, .doc = "how many tokens a mask, best first", .min = 1},
      {.name = "targets", .kind = Kind::texts, .doc = "answers are limited to these words"},
  };
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{masked_logits(model.program.main())};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const FillMask>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
