#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "tasks/graph_edit.h"
#include "tasks/registry.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

constexpr size_t kDefaultWindow = 384;
constexpr size_t kDefaultStride = 128;

struct Span {
  size_t start = 0;  // tokens
  size_t end = 0;
  float score = 0;
};

struct Answer {
  double score = 0;
  TextSpan characters;
  std::string text;
};

struct Settings {
  size_t top_k = 1;
  size_t max_answer_len = 15;
  bool impossible = false;
  bool align_to_words = true;
};

/// Probabilities of the tokens that may take part; the others' logits are as good as minus infinity.
std::vector<float> probabilities(std::span<const float> logits, const std::vector<bool>& wanted) {
  std::vector<float> masked(logits.begin(), logits.end());
  for (size_t t = 0; t < masked.size(); ++t) {
    if (!wanted[t]) masked[t] = -10000.0F;
  }
  return softmax(masked);
}

/// The spans with the largest start times end, not longer than max_length tokens, best first.
std::vector<Span> best_spans(const std::vector<float>& start, const std::vector<float>& end,
                             const std::vector<bool>& wanted, size_t max_length, size_t count) {
  std::vector<Span> spans;
  for (size_t s = 0; s < start.size(); ++s) {
    if (!wanted[s]) continue;
    for (size_t e = s; e < std::min(end.size(), s + max_length); ++e) {
      if (wanted[e]) spans.push_back({s, e, start[s] * end[e]});
    }
  }
  const auto better = [](const Span& a, const Span& b) {
    return a.score > b.score || (a.score == b.score && std::tie(a.start, a.end) < std::tie(b.start, b.end));
  };
  count = std::min(count, spans.size());
  std::partial_sort(spans.begin(), spans.begin() + static_cast<ptrdiff_t>(count), spans.end(), better);
  spans.resize(count);
  return spans;
}

/// Bytes of the context that a span covers, widened to whole words if asked.
TextSpan bytes_of(const TokenEncoding& window, const Span& span, int32_t sequence, bool align_to_words) {
  TextSpan out{window.offsets[span.start].begin, window.offsets[span.end].end};
  const int32_t first = window.word_ids[span.start];
  const int32_t last = window.word_ids[span.end];
  if (!align_to_words || first < 0 || last < 0) return out;
  bool found_first = false;
  for (size_t t = 0; t < window.size(); ++t) {
    if (window.sequence_ids[t] != sequence) continue;
    if (window.word_ids[t] == first && !found_first) {
      out.begin = window.offsets[t].begin;
      found_first = true;
    }
    if (window.word_ids[t] == last) out.end = window.offsets[t].end;
  }
  return out;
}

std::string lower_ascii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

class QuestionAnswering final : public Task::Runner {
 public:
  explicit QuestionAnswering(std::shared_ptr<const TaskModel> model) : model_(std::move(model)) {}

  Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const override {
    const std::vector<TextInput> pairs = text_pairs(inputs);
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (pairs[i].first.empty()) fail(ErrorCode::invalid_argument, "question {} is empty", i);
      if (pairs[i].second->empty()) fail(ErrorCode::invalid_argument, "the context of question {} is empty", i);
    }
    const std::vector<TokenEncoding> windows = cut(pairs, parameters);
    std::vector<std::vector<float>> starts(windows.size());
    std::vector<std::vector<float>> ends(windows.size());
    model_->run_texts(windows, context, [&](size_t index, const OutputRow& row) {
      const auto start = row.token_values(0);
      const auto end = row.token_values(1);
      starts[index].assign(start.begin(), start.end());
      ends[index].assign(end.begin(), end.end());
    });

    const Settings settings{.top_k = static_cast<size_t>(parameters.integer("top_k")),
                            .max_answer_len = static_cast<size_t>(parameters.integer("max_answer_len")),
                            .impossible = parameters.boolean("handle_impossible_answer"),
                            .align_to_words = parameters.boolean("align_to_words")};
    Json out = Json::array();
    for (size_t i = 0, w = 0; i < pairs.size(); ++i) {
      const size_t first = w;
      while (w < windows.size() && windows[w].sample == i) ++w;
      out.push_back(answers(*pairs[i].second, std::span(windows).subspan(first, w - first),
                            std::span(starts).subspan(first, w - first), std::span(ends).subspan(first, w - first),
                            settings));
    }
    return out;
  }

 private:
  bool question_first() const { return model_->tokenizer->padding_side() == Side::right; }
  int32_t context_sequence() const { return question_first() ? 1 : 0; }

  std::vector<TokenEncoding> cut(std::span<const TextInput> pairs, const Parameters& parameters) const {
    const size_t most = model_->max_tokens.value_or(kDefaultWindow);
    size_t length = std::min(most, kDefaultWindow);
    if (parameters.has("max_seq_len")) length = std::min(most, static_cast<size_t>(parameters.integer("max_seq_len")));
    size_t stride = std::min(length / 2, kDefaultStride);
    if (parameters.has("doc_stride")) stride = static_cast<size_t>(parameters.integer("doc_stride"));
    if (stride >= length)
      fail(ErrorCode::invalid_argument, "doc_stride is {} and max_seq_len {}; expected a smaller doc_stride", stride,
           length);
    EncodeOptions options;
    options.truncation = question_first() ? Truncation::only_second : Truncation::only_first;
    options.max_length = length;
    options.overflow = true;
    options.stride = stride;
    std::vector<TextInput> ordered(pairs.begin(), pairs.end());
    if (!question_first()) {
      for (TextInput& pair : ordered) pair = {*pair.second, pair.first};
    }
    return model_->tokenizer->encode_batch(ordered, options, &model_->session->executor());
  }

  /// Which tokens an answer may touch: those of the context; the class token takes part in the normalisation.
  std::vector<bool> wanted_tokens(const TokenEncoding& window) const {
    const auto cls = model_->tokenizer->special_id(SpecialToken::cls);
    std::vector<bool> wanted(window.size());
    for (size_t t = 0; t < window.size(); ++t)
      wanted[t] = window.sequence_ids[t] == context_sequence() || (cls && window.ids[t] == *cls);
    return wanted;
  }

  Json answers(std::string_view text, std::span<const TokenEncoding> windows,
               std::span<const std::vector<float>> starts, std::span<const std::vector<float>> ends,
               const Settings& settings) const {
    const CodePointIndex characters(text);
    const size_t candidates = settings.align_to_words ? 2 * settings.top_k + 10 : settings.top_k;
    double null_score = 1e6;
    std::vector<Answer> found;
    for (size_t w = 0; w < windows.size(); ++w) {
      std::vector<bool> wanted = wanted_tokens(windows[w]);
      const std::vector<float> start = probabilities(starts[w], wanted);
      const std::vector<float> end = probabilities(ends[w], wanted);
      null_score = std::min(null_score, static_cast<double>(start[0]) * end[0]);
      wanted[0] = false;
      for (const Span& span : best_spans(start, end, wanted, settings.max_answer_len, candidates)) {
        const TextSpan bytes = bytes_of(windows[w], span, context_sequence(), settings.align_to_words);
        add(found, {span.score, characters(bytes), std::string(text.substr(bytes.begin, bytes.end - bytes.begin))});
      }
    }
    if (settings.impossible) found.push_back({null_score, {0, 0}, ""});
    std::stable_sort(found.begin(), found.end(), [](const Answer& a, const Answer& b) { return a.score > b.score; });
    found.resize(std::min(found.size(), settings.top_k));
    Json out = Json::array();
    for (const Answer& answer : found) {
      out.push_back({{"score", number(static_cast<float>(answer.score))},
                     {"start", answer.characters.begin},
                     {"end", answer.characters.end},
                     {"answer", answer.text}});
    }
    return out.size() == 1 ? out.front() : out;
  }

  /// An answer in the same words, found again in another place or window, adds to the first one's score.
  static void add(std::vector<Answer>& answers, Answer answer) {
    const std::string words = lower_ascii(answer.text);
    for (Answer& known : answers) {
      if (lower_ascii(known.text) != words) continue;
      known.score += answer.score;
      return;
    }
    answers.push_back(std::move(answer));
  }

  std::shared_ptr<const TaskModel> model_;
};

}  // namespace

/// Results as those of QuestionAnsweringPipeline of transformers 4.
void register_question_answering(TaskRegistry& registry) {
  using Kind = ParameterSpec::Kind;
  TaskDef task;
  task.name = "question-answering";
  task.doc = "questions and contexts -> the part of the context that answers";
  task.takes_texts = true;
  task.contexts = TaskDef::Contexts::required;
  task.class_endings = {"ForQuestionAnswering"};
  task.parameters = {
      {.name = "top_k", .kind = Kind::integer, .fallback = 1, .doc = "how many answers, best first", .min = 1},
      {.name = "doc_stride",
       .kind = Kind::integer,
       .doc = "tokens that neighbouring windows of a long context share; by default 128, or half a window"},
      {.name = "max_answer_len", .kind = Kind::integer, .fallback = 15, .doc = "longest answer in tokens", .min = 1},
      {.name = "max_seq_len",
       .kind = Kind::integer,
       .doc = "tokens of a window, question included; by default 384, or what the model takes",
       .min = 1},
      {.name = "handle_impossible_answer",
       .kind = Kind::boolean,
       .fallback = false,
       .doc = "an empty answer is one of the answers"},
      {.name = "align_to_words", .kind = Kind::boolean, .fallback = true, .doc = "answers are whole words"},
  };
  task.graphs = [](const import::OpenedModel& model, const Parameters&) {
    return std::vector{select_outputs(model.program.main(), {"start_logits", "end_logits"}, "question-answering")};
  };
  task.make = [](std::shared_ptr<const TaskModel> model, const Parameters&) {
    return std::make_shared<const QuestionAnswering>(std::move(model));
  };
  registry.add(std::move(task));
}

}  // namespace accelerate::tasks
