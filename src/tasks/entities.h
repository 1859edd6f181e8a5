#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "preprocess/text/tokenizer.h"
#include "tasks/task_model.h"

namespace accelerate::tasks {

/// How the labels of tokens become entities, as in transformers' TokenClassificationPipeline.
enum class Aggregation { none, simple, first, average, max };

/// One token with the probabilities of all labels; positions count code points of the text.
struct LabelledToken {
  std::string word;
  std::vector<float> scores;
  size_t start = 0;
  size_t end = 0;
  size_t index = 0;  // among the tokens of its window
  bool is_subword = false;
};

struct Entity {
  std::string label;
  double score = 0;
  std::string word;
  size_t start = 0;
  size_t end = 0;
  size_t index = 0;
};

/// Tokens of one window that are no special tokens. logits: of all its tokens, [T, labels].
std::vector<LabelledToken> labelled_tokens(const TaskModel& model, std::string_view text, const TokenEncoding& window,
                                           std::span<const float> logits);

/// Entities of one window. For `none` one a token; otherwise neighbours of one label are joined (labels without their
/// B- and I-), after the tokens of each word agree on a label (first, average, max).
std::vector<Entity> aggregate(const TaskModel& model, const std::vector<LabelledToken>& tokens, Aggregation strategy);

/// Of entities that overlap (from windows that share tokens) the longest stays, of equal ones the surest.
std::vector<Entity> without_overlaps(std::vector<Entity> entities);

}  // namespace accelerate::tasks
