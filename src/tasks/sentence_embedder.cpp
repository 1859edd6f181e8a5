#include "tasks/sentence_embedder.h"

#include <clocale>
#include <cwctype>

#include "base/error.h"
#include "tasks/sentence_graph.h"

namespace accelerate::tasks {
namespace {

struct CodePoint {
  char32_t value = 0;
  size_t size = 1;  // bytes
};

/// The code point at `at`; bytes that are no UTF-8 stand for themselves.
CodePoint decode_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  const size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 1 || at + size > text.size()) return {first, 1};
  char32_t value = first & (0x7FU >> size);
  for (size_t i = 1; i < size; ++i) value = (value << 6U) | (byte(i) & 0x3FU);
  return {value, size};
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | (c >> 6U));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | (c >> 12U));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | (c >> 18U));
    out += static_cast<char>(0x80U | ((c >> 12U) & 0x3FU));
    out += static_cast<char>(0x80U | ((c >> 6U) & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

/// Python's str.isspace for one code point.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// A locale whose case tables are Unicode's, whatever the process has set.
locale_t unicode_locale() {
  static const locale_t instance = [] {
    const locale_t found = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (found == nullptr)
      fail(ErrorCode::internal, "the system has no C.UTF-8 locale, which a model with do_lower_case needs");
    return found;
  }();
  return instance;
}

}  // namespace

std::string_view strip(std::string_view utf8) {
  size_t begin = 0;
  while (begin < utf8.size()) {
    const CodePoint c = decode_at(utf8, begin);
    if (!is_space(c.value)) break;
    begin += c.size;
  }
  size_t end = utf8.size();
  while (end > begin) {
    size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(utf8[start]) & 0xC0U) == 0x80U) --start;
    if (!is_space(decode_at(utf8, start).value)) break;
    end = start;
  }
  return utf8.substr(begin, end - begin);
}

std::string to_lower(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (size_t at = 0; at < utf8.size();) {
    const CodePoint c = decode_at(utf8, at);
    if (c.size == 1) {
      out += c.value >= 'A' && c.value <= 'Z' ? static_cast<char>(c.value + 32) : utf8[at];
    } else {
      append_utf8(out, static_cast<char32_t>(towlower_l(static_cast<wint_t>(c.value), unicode_locale())));
    }
    at += c.size;
  }
  return out;
}

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
