#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace accelerate::tasks {

/// One setting of a task, under the name that transformers' pipeline gives it.
struct ParameterSpec {
  enum class Kind { integer, number, boolean, text, texts };
  std::string name;
  Kind kind = Kind::text;
  /// Used when the parameter is not given; null: there is no default.
  Json fallback;
  std::string doc;
  /// Kind text: the values allowed; empty: any.
  std::vector<std::string> choices = {};
  /// Smallest value of an integer or number.
  double min = 0;
  /// Decides what is compiled: given when the task is opened, not with a call.
  bool at_open = false;
};
std::string_view name_of(ParameterSpec::Kind kind);

/// Checked values: one entry a spec, null where there is neither a value nor a default.
class Parameters {
 public:
  Parameters() = default;
  /// given: an object; `what` names the task in messages.
  /// Errors: invalid_argument for an unknown name (the message lists the known ones), a wrong type or a wrong value.
  Parameters(const std::vector<ParameterSpec>& specs, const Json& given, std::string_view what);

  bool has(std::string_view name) const { return !at(name).is_null(); }
  int64_t integer(std::string_view name) const { return at(name).get<int64_t>(); }
  double number(std::string_view name) const { return at(name).get<double>(); }
  bool boolean(std::string_view name) const { return at(name).get<bool>(); }
  std::string text(std::string_view name) const { return at(name).get<std::string>(); }
  std::vector<std::string> texts(std::string_view name) const { return at(name).get<std::vector<std::string>>(); }
  const Json& at(std::string_view name) const;
  const Json& json() const { return values_; }

 private:
  Json values_ = Json::object();
};

/// A value written as text ("5", "true", "a,b"), as the spec's kind. Errors: invalid_argument.
Json parse_parameter(const ParameterSpec& spec, std::string_view text);
/// "a, b ,c" -> a, b, c; empty pieces are left out.
std::vector<std::string> split_labels(std::string_view text);

}  // namespace accelerate::tasks
