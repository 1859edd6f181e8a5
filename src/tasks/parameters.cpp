#include "tasks/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace accelerate::tasks {
namespace {

std::string shown(const Json& value) {
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 80);
}

[[noreturn]] void wrong_type(const ParameterSpec& spec, const std::string& found) {
  fail(ErrorCode::invalid_argument, "the parameter {} is {}; expected {}", spec.name, found, name_of(spec.kind));
}

Json checked(const ParameterSpec& spec, const Json& value) {
  switch (spec.kind) {
    case ParameterSpec::Kind::integer:
    case ParameterSpec::Kind::number:
      if (spec.kind == ParameterSpec::Kind::integer ? !value.is_number_integer() : !value.is_number())
        wrong_type(spec, shown(value));
      if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{1} << 62) wrong_type(spec, shown(value));
      if (!(value.get<double>() >= spec.min))
        fail(ErrorCode::invalid_argument, "the parameter {} is {}; expected at least {}", spec.name, shown(value),
             spec.min);
      return value;
    case ParameterSpec::Kind::boolean:
      if (!value.is_boolean()) wrong_type(spec, shown(value));
      return value;
    case ParameterSpec::Kind::text: {
      if (!value.is_string()) wrong_type(spec, shown(value));
      const auto& text = value.get_ref<const std::string&>();
      if (!spec.choices.empty() && std::find(spec.choices.begin(), spec.choices.end(), text) == spec.choices.end()) {
        std::string list;
        for (const std::string& choice : spec.choices) list += (list.empty() ? "" : ", ") + choice;
        fail(ErrorCode::invalid_argument, "the parameter {} is '{}'; expected one of: {}", spec.name, printable(text),
             list);
      }
      return value;
    }
    case ParameterSpec::Kind::texts: {
      if (value.is_string()) return split_labels(value.get_ref<const std::string&>());
      const bool valid = value.is_array() &&
                         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
      if (!valid) wrong_type(spec, shown(value));
      return value;
    }
  }
  fail(ErrorCode::internal, "a parameter of unknown kind");
}

}  // namespace

std::string_view name_of(ParameterSpec::Kind kind) {
  switch (kind) {
    case ParameterSpec::Kind::integer: return "an integer";
    case ParameterSpec::Kind::number: return "a number";
    case ParameterSpec::Kind::boolean: return "true or false";
    case ParameterSpec::Kind::text: return "a string";
    case ParameterSpec::Kind::texts: return "a list of strings";
  }
  return "";
}

Parameters::Parameters(const std::vector<ParameterSpec>& specs, const Json& given, std::string_view what) {
  if (!given.is_object()) fail(ErrorCode::invalid_argument, "the parameters of {} are no JSON object", what);
  for (const auto& [name, value] : given.items()) {
    const bool known = std::any_of(specs.begin(), specs.end(), [&](const ParameterSpec& s) { return s.name == name; });
    if (known) continue;
    std::string list;
    for (const ParameterSpec& spec : specs) list += (list.empty() ? "" : ", ") + spec.name;
    fail(ErrorCode::invalid_argument, "{} has no parameter '{}'; it has: {}", what, printable(name),
         list.empty() ? "none" : list);
  }
  for (const ParameterSpec& spec : specs) {
    const auto found = given.find(spec.name);
    values_[spec.name] = found == given.end() || found->is_null() ? spec.fallback : checked(spec, *found);
  }
}

const Json& Parameters::at(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) fail(ErrorCode::internal, "no parameter is declared as '{}'", name);
  return *found;
}

Json parse_parameter(const ParameterSpec& spec, std::string_view text) {
  const std::string quoted = fmt::format("'{}'", printable(text, 80));
  switch (spec.kind) {
    case ParameterSpec::Kind::integer: {
      int64_t value = 0;
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (status != std::errc() || end != text.data() + text.size()) wrong_type(spec, quoted);
      return checked(spec, value);
    }
    case ParameterSpec::Kind::number: {
      double value = 0;
      const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (status != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) wrong_type(spec, quoted);
      return checked(spec, value);
    }
    case ParameterSpec::Kind::boolean:
      if (text == "true" || text == "1" || text == "yes") return true;
      if (text == "false" || text == "0" || text == "no") return false;
      wrong_type(spec, quoted);
    case ParameterSpec::Kind::text: return checked(spec, std::string(text));
    case ParameterSpec::Kind::texts: return split_labels(text);
  }
  fail(ErrorCode::internal, "a parameter of unknown kind");
}

std::vector<std::string> split_labels(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const size_t comma = text.find(',');
    std::string_view piece = text.substr(0, comma);
    const size_t begin = piece.find_first_not_of(" \t\r\n");
    if (begin != std::string_view::npos)
      out.emplace_back(piece.substr(begin, piece.find_last_not_of(" \t\r\n") - begin + 1));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace accelerate::tasks
