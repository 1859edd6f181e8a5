#pragma once
#include <string>
#include <vector>

#include "tasks/registry.h"

namespace accelerate::tasks {

/// The parameters top_k and function_to_apply of classification pipelines. default_top_k null: the single best label.
std::vector<ParameterSpec> classification_parameters(Json default_top_k);

/// Logits of one input as labels with scores, as transformers' classification pipelines give them: softmax, logistic
/// function or none by function_to_apply, or else by problem_type and the number of labels. An array of
/// {label, score}, best first, or the best alone where top_k is not given.
Json classify(const TaskModel& model, std::span<const float> logits, const Parameters& parameters);

/// Name of class i; "LABEL_i" where the configuration has none.
std::string label_name(const TaskModel& model, size_t i);

/// The hypothesis for a label: Python's template.format(label). Errors: invalid_argument unless the template has a
/// replacement field, and only fields {} or {0}.
std::string hypothesis(const std::string& format, const std::string& label);

/// candidate_labels. Errors: invalid_argument if there are none.
std::vector<std::string> candidate_labels(const Parameters& parameters, const std::string& task);

}  // namespace accelerate::tasks
