#include "tasks/sentence_embedder.h"

#include "base/error.h"
#include "preprocess/text/utf8.h"
#include "tasks/sentence_graph.h"

namespace accelerate::tasks {

std::vector<ParameterSpec> embedding_parameters() {
  std::vector<std::string> poolings = {"auto", "none"};
  for (std::string& name : pooling_mode_names()) poolings.push_back(std::move(name));
  using Kind = ParameterSpec::Kind;
  return {
      {.name = "pooling",
       .kind = Kind::text,
       .fallback = "auto",
       .doc = "how token vectors become one vector; auto: what the folder says (modules.json)",
       .choices = std::move(poolings),
       .at_open = true},
      {.name = "normalize",
       .kind = Kind::boolean,
       .doc = "scale embeddings to length 1; by default what the folder says",
       .at_open = true},
      {.name = "prompt", .kind = Kind::text, .doc = "text put before each input"},
      {.name = "prompt_name", .kind = Kind::text, .doc = "name of a prompt in config_sentence_transformers.json"},
  };
}

std::optional<std::vector<import::SentenceModule>> embedding_modules(const import::OpenedModel& model,
                                                                     const Parameters& parameters,
                                                                     bool pool_by_default) {
  using import::SentenceModule;
  std::vector<SentenceModule> modules;
  const std::string pooling = parameters.text("pooling");
  const auto& folder = model.folder->sentence_transformers();
  if (pooling == "auto" && folder) {
    modules = folder->modules;
  } else if (pooling == "none" || (pooling == "auto" && !pool_by_default)) {
    if (pool_by_default) fail(ErrorCode::invalid_argument, "similarities need one vector a text; give another pooling");
    if (parameters.has("normalize") && parameters.boolean("normalize"))
      fail(ErrorCode::invalid_argument, "the parameter normalize needs a pooling, such as pooling=mean");
    return std::nullopt;
  } else {
    const Graph& graph = model.program.main();
    const auto hidden = graph.find_output("last_hidden_state");
    if (!hidden) fail(ErrorCode::unsupported_model, "{} has no last_hidden_state that could be pooled", graph.name());
    SentenceModule step;
    step.kind = SentenceModule::Kind::pooling;
    step.pooling.embedding_size =
        graph.type_of(graph.outputs()[*hidden].value).shape.back().as_constant("the width of the hidden states");
    step.pooling.modes = {pooling == "auto" ? import::PoolingMode::mean : pooling_mode(pooling)};
    modules.push_back(std::move(step));
  }
  if (!parameters.has("normalize")) return modules;
  std::erase_if(modules, [](const SentenceModule& m) { return m.kind == SentenceModule::Kind::normalize; });
  if (parameters.boolean("normalize")) {
    modules.emplace_back();
    modules.back().kind = SentenceModule::Kind::normalize;
  }
  return modules;
}

std::string SentenceEmbedder::prompt_of(const Parameters& parameters) const {
  if (parameters.has("prompt")) return parameters.text("prompt");
  const auto& folder = model_->opened.folder->sentence_transformers();
  std::optional<std::string> name = folder ? folder->default_prompt_name : std::nullopt;
  if (parameters.has("prompt_name")) name = parameters.text("prompt_name");
  if (!name) return "";
  if (folder) {
    if (const auto found = folder->prompts.find(*name); found != folder->prompts.end()) return found->second;
  }
  std::string list;
  if (folder) {
    for (const auto& [known, prompt] : folder->prompts) list += (list.empty() ? "" : ", ") + printable(known);
  }
  fail(ErrorCode::invalid_argument, "the model has no prompt '{}'; it has: {}", printable(*name),
       list.empty() ? "none" : list);
}

std::vector<std::vector<float>> SentenceEmbedder::embed(const std::vector<std::string>& texts,
                                                        const Parameters& parameters, RunContext& context) const {
  const auto& folder = model_->opened.folder->sentence_transformers();
  const std::string prompt = prompt_of(parameters);
  const bool lower = folder && folder->do_lower_case;
  std::vector<std::string> changed;
  std::vector<TextInput> inputs;
  if (!prompt.empty() || lower) {
    changed.reserve(texts.size());
    for (const std::string& text : texts) {
      const std::string whole = prompt + text;
      changed.push_back(lower ? to_lower(strip(whole)) : std::string(strip(whole)));
      inputs.push_back({changed.back(), std::nullopt});
    }
  } else {
    for (const std::string& text : texts)
      inputs.push_back({folder ? strip(text) : std::string_view(text), std::nullopt});
  }
  const std::vector<TokenEncoding> encodings = model_->encode(inputs, Truncation::longest_first, context);

  TaskModel::ExtraInputs extra;
  if (model_->compiled.graph().find_input(kPoolingMask)) {
    // The prompt's tokens, without the closing special token, take no part in the pooling.
    int64_t prompt_tokens = 0;
    if (!prompt.empty()) {
      const TokenEncoding encoding = model_->tokenizer->encode(prompt);
      prompt_tokens = static_cast<int64_t>(encoding.size());
      if (prompt_tokens > 0 && encoding.special_tokens_mask.back() != 0) --prompt_tokens;
    }
    extra = [&encodings, prompt_tokens](std::string_view, std::span<const size_t> batch, int64_t length,
                                        std::span<const int64_t> first_token) {
      Tensor mask = Tensor::zeros(DType::i64, {static_cast<int64_t>(batch.size()), length});
      for (size_t r = 0; r < batch.size(); ++r) {
        int64_t* row = mask.as<int64_t>() + static_cast<int64_t>(r) * length + first_token[r];
        const auto size = static_cast<int64_t>(encodings[batch[r]].size());
        for (int64_t t = prompt_tokens; t < size; ++t) row[t] = 1;
      }
      return mask;
    };
  }
  std::vector<std::vector<float>> out(texts.size());
  model_->run_texts(
      encodings, context,
      [&](size_t index, const OutputRow& row) {
        const auto values = row.values(0);
        out[index].assign(values.begin(), values.end());
      },
      extra);
  return out;
}

}  // namespace accelerate::tasks
