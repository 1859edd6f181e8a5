#include "tasks/entities.h"

#include <algorithm>

#include "tasks/classify.h"
#include "tasks/scores.h"

namespace accelerate::tasks {
namespace {

size_t code_points(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Is the token at byte `begin` glued to what is before it: no space there, nor at its own beginning.
bool continues_word(std::string_view text, size_t begin) {
  if (begin == 0) return false;
  const bool space_before = text[begin - 1] == ' ';
  const bool space_first = begin < text.size() && text[begin] == ' ';
  return !space_before && !space_first;
}

Entity best_of(const TaskModel& model, const std::vector<float>& scores) {
  const size_t best = arg_max(scores);
  Entity out;
  out.label = label_name(model, best);
  out.score = scores[best];
  return out;
}

Entity word_entity(const TaskModel& model, std::span<const LabelledToken> tokens, Aggregation strategy) {
  Entity out;
  if (strategy == Aggregation::first) {
    out = best_of(model, tokens.front().scores);
  } else if (strategy == Aggregation::max) {
    const auto highest = [](const LabelledToken& token) {
      return *std::max_element(token.scores.begin(), token.scores.end());
    };
    const auto surest = std::max_element(tokens.begin(), tokens.end(),
                                         [&](const auto& a, const auto& b) { return highest(a) < highest(b); });
    out = best_of(model, surest->scores);
  } else {
    std::vector<float> mean(tokens.front().scores.size());
    for (size_t l = 0; l < mean.size(); ++l) {
      double sum = 0;
      for (const LabelledToken& token : tokens) sum += token.scores[l];
      mean[l] = static_cast<float>(sum / static_cast<double>(tokens.size()));
    }
    out = best_of(model, mean);
  }
  std::vector<std::string> words;
  for (const LabelledToken& token : tokens) words.push_back(token.word);
  out.word = model.tokenizer->join_tokens(words);
  out.start = tokens.front().start;
  out.end = tokens.back().end;
  return out;
}

std::vector<Entity> word_entities(const TaskModel& model, std::span<const LabelledToken> tokens, Aggregation strategy) {
  std::vector<Entity> out;
  for (size_t begin = 0; begin < tokens.size();) {
    size_t end = begin + 1;
    while (end < tokens.size() && tokens[end].is_subword) ++end;
    out.push_back(word_entity(model, tokens.subspan(begin, end - begin), strategy));
    begin = end;
  }
  return out;
}

/// "B-PER" -> begins, "PER"; a label of another form continues.
std::pair<bool, std::string_view> tag_of(std::string_view label) {
  if (label.starts_with("B-")) return {true, label.substr(2)};
  if (label.starts_with("I-")) return {false, label.substr(2)};
  return {false, label};
}

Entity joined(const TaskModel& model, std::span<const Entity> parts) {
  Entity out;
  const std::string& label = parts.front().label;
  const size_t dash = label.find('-');
  out.label = dash == std::string::npos ? label : label.substr(dash + 1);
  std::vector<std::string> words;
  for (const Entity& part : parts) {
    out.score += part.score / static_cast<double>(parts.size());
    words.push_back(part.word);
  }
  out.word = model.tokenizer->join_tokens(words);
  out.start = parts.front().start;
  out.end = parts.back().end;
  return out;
}

}  // namespace

std::vector<LabelledToken> labelled_tokens(const TaskModel& model, std::string_view text, const TokenEncoding& window,
                                           std::span<const float> logits) {
  const size_t num_labels = logits.size() / std::max<size_t>(window.size(), 1);
  const bool marks_pieces = model.tokenizer->marks_word_pieces();
  const auto unknown = model.tokenizer->special_id(SpecialToken::unk);
  const CodePointIndex characters(text);
  std::vector<LabelledToken> out;
  for (size_t t = 0; t < window.size(); ++t) {
    if (window.special_tokens_mask[t] != 0) continue;
    LabelledToken token;
    token.word = model.tokenizer->id_to_token(window.ids[t]).value_or("");
    token.scores = softmax(logits.subspan(t * num_labels, num_labels));
    const TextSpan bytes = window.offsets[t];
    const TextSpan span = characters(bytes);
    token.start = span.begin;
    token.end = span.end;
    token.index = t;
    token.is_subword =
        marks_pieces ? code_points(token.word) != span.end - span.begin : continues_word(text, bytes.begin);
    if (window.ids[t] == unknown) {
      token.word = text.substr(bytes.begin, bytes.end - bytes.begin);
      token.is_subword = false;
    }
    out.push_back(std::move(token));
  }
  return out;
}

std::vector<Entity> aggregate(const TaskModel& model, const std::vector<LabelledToken>& tokens, Aggregation strategy) {
  std::vector<Entity> parts;
  if (strategy == Aggregation::none || strategy == Aggregation::simple) {
    for (const LabelledToken& token : tokens) {
      parts.push_back(best_of(model, token.scores));
      parts.back().word = token.word;
      parts.back().start = token.start;
      parts.back().end = token.end;
      parts.back().index = token.index;
    }
    if (strategy == Aggregation::none) return parts;
  } else {
    parts = word_entities(model, tokens, strategy);
  }
  std::vector<Entity> out;
  for (size_t begin = 0; begin < parts.size();) {
    size_t end = begin + 1;
    while (end < parts.size()) {
      const auto [begins, tag] = tag_of(parts[end].label);
      if (begins || tag != tag_of(parts[end - 1].label).second) break;
      ++end;
    }
    out.push_back(joined(model, std::span(parts).subspan(begin, end - begin)));
    begin = end;
  }
  return out;
}

std::vector<Entity> without_overlaps(std::vector<Entity> entities) {
  std::stable_sort(entities.begin(), entities.end(),
                   [](const Entity& a, const Entity& b) { return a.start < b.start; });
  std::vector<Entity> out;
  for (Entity& entity : entities) {
    if (out.empty() || entity.start < out.back().start || entity.start >= out.back().end) {
      out.push_back(std::move(entity));
      continue;
    }
    const size_t length = entity.end - entity.start;
    const size_t previous = out.back().end - out.back().start;
    if (length > previous || (length == previous && entity.score > out.back().score)) out.back() = std::move(entity);
  }
  return out;
}

}  // namespace accelerate::tasks
