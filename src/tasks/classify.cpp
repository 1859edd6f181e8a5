#include "tasks/classify.h"

#include "base/error.h"
#include "tasks/scores.h"

namespace accelerate::tasks {

std::vector<ParameterSpec> classification_parameters(Json default_top_k) {
  using Kind = ParameterSpec::Kind;
  return {
      {.name = "top_k",
       .kind = Kind::integer,
       .fallback = std::move(default_top_k),
       .doc = "how many labels, best first",
       .min = 1},
      {.name = "function_to_apply",
       .kind = Kind::text,
       .fallback = "default",
       .doc = "what makes scores of logits; default: by the model's problem_type and number of labels",
       .choices = {"default", "softmax", "sigmoid", "none"}},
  };
}

std::string label_name(const TaskModel& model, size_t i) {
  return i < model.labels().size() ? model.labels()[i] : fmt::format("LABEL_{}", i);
}

Json classify(const TaskModel& model, std::span<const float> logits, const Parameters& parameters) {
  std::string function = parameters.text("function_to_apply");
  if (function == "default") {
    const std::string problem = model.opened.folder->problem_type().value_or("");
    if (problem == "regression") {
      function = "none";
    } else if (problem == "multi_label_classification" || model.labels().size() == 1) {
      function = "sigmoid";
    } else {
      function = "softmax";
    }
  }
  std::vector<float> scores(logits.begin(), logits.end());
  if (function == "softmax") scores = softmax(logits);
  if (function == "sigmoid") scores = sigmoid(logits);
  const auto entry = [&](size_t i) { return Json{{"label", label_name(model, i)}, {"score", number(scores[i])}}; };
  if (!parameters.has("top_k")) return entry(arg_max(scores));
  Json out = Json::array();
  for (const size_t i : top_k(scores, static_cast<size_t>(parameters.integer("top_k")))) out.push_back(entry(i));
  return out;
}

std::string hypothesis(const std::string& format, const std::string& label) {
  std::string out;
  bool replaced = false;
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (i + 1 < format.size() && format[i + 1] == c) {  // "{{" stands for "{"
      out += c;
      ++i;
      continue;
    }
    const size_t length = format.compare(i, 2, "{}") == 0 ? 2 : format.compare(i, 3, "{0}") == 0 ? 3 : 0;
    if (length == 0)
      fail(ErrorCode::invalid_argument,
           "hypothesis_template '{}' has a '{}' at byte {}; expected {{}} where the label goes", printable(format), c,
           i);
    out += label;
    replaced = true;
    i += length - 1;
  }
  if (!replaced)
    fail(ErrorCode::invalid_argument, "hypothesis_template '{}' does not contain {{}}, where the label goes",
         printable(format));
  return out;
}

std::vector<std::string> candidate_labels(const Parameters& parameters, const std::string& task) {
  std::vector<std::string> labels;
  if (parameters.has("candidate_labels")) labels = parameters.texts("candidate_labels");
  if (labels.empty())
    fail(ErrorCode::invalid_argument, "{} needs candidate_labels, and none were given (--label)", task);
  return labels;
}

}  // namespace accelerate::tasks
