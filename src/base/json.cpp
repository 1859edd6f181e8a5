#include "base/json.h"

#include <cmath>
#include <set>
#include <vector>

#include "base/error.h"

namespace accelerate {
namespace {

/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without the bracket.
std::string_view plain_reason(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find("] ");
    if (end != std::string_view::npos) text.remove_prefix(end + 2);
  }
  return text;
}

std::string shown(const Json& value) {
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 80);
}

/// The value of key, or null if it is missing or null. Errors: invalid_model if object is not an object.
const Json* value_of(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    fail(ErrorCode::invalid_model, "looking for '{}': expected a JSON object, found {}", key, shown(object));
  }
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return nullptr;
  return &*found;
}

template <typename T>
T fallback_or_fail(const std::optional<T>& fallback, std::string_view key, std::string_view type) {
  if (fallback) return *fallback;
  fail(ErrorCode::invalid_model, "'{}' is missing; expected {}", key, type);
}

}  // namespace

Json parse_json(std::string_view text, std::string_view what, int max_depth) {
  std::vector<std::set<std::string, std::less<>>> keys;  // of the open objects; an empty set stands for an array
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (static_cast<int>(keys.size()) >= max_depth) {
          fail(ErrorCode::invalid_model, "{}: JSON is nested deeper than {} levels", printable(what), max_depth);
        }
        keys.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end: keys.pop_back(); break;
      case Json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!keys.back().insert(key).second) {
          fail(ErrorCode::invalid_model, "{}: the key '{}' appears twice in one JSON object", printable(what),
               printable(key));
        }
        break;
      }
      case Json::parse_event_t::value: break;
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::parse_error& e) {
    fail(ErrorCode::invalid_model, "{}: not valid JSON at byte {}: {}", printable(what), e.byte,
         printable(plain_reason(e.what())));
  } catch (const Json::exception& e) {
    fail(ErrorCode::invalid_model, "{}: not valid JSON: {}", printable(what), printable(plain_reason(e.what())));
  }
}

int64_t json_int(const Json& object, std::string_view key, std::optional<int64_t> fallback, int64_t min, int64_t max) {
  const Json* value = value_of(object, key);
  if (value == nullptr) return fallback_or_fail(fallback, key, fmt::format("an integer in [{}, {}]", min, max));
  std::optional<int64_t> number;
  if (value->is_number_unsigned()) {
    const auto wide = value->get<uint64_t>();
    if (wide <= static_cast<uint64_t>(INT64_MAX)) number = static_cast<int64_t>(wide);
  } else if (value->is_number_integer()) {
    number = value->get<int64_t>();
  } else if (value->is_number_float()) {
    // Python writes some integers as 512.0; beyond 2^53 a double is no longer an exact integer.
    const double real = value->get<double>();
    if (std::nearbyint(real) == real && std::fabs(real) <= 9007199254740992.0) number = static_cast<int64_t>(real);
  }
  if (!number || *number < min || *number > max) {
    fail(ErrorCode::invalid_model, "'{}' is {}; expected an integer in [{}, {}]", key, shown(*value), min, max);
  }
  return *number;
}

double json_double(const Json& object, std::string_view key, std::optional<double> fallback) {
  const Json* value = value_of(object, key);
  if (value == nullptr) return fallback_or_fail(fallback, key, "a number");
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    fail(ErrorCode::invalid_model, "'{}' is {}; expected a finite number", key, shown(*value));
  }
  return value->get<double>();
}

bool json_bool(const Json& object, std::string_view key, std::optional<bool> fallback) {
  const Json* value = value_of(object, key);
  if (value == nullptr) return fallback_or_fail(fallback, key, "true or false");
  if (!value->is_boolean()) {
    fail(ErrorCode::invalid_model, "'{}' is {}; expected true or false", key, shown(*value));
  }
  return value->get<bool>();
}

std::string json_string(const Json& object, std::string_view key, std::optional<std::string> fallback) {
  const Json* value = value_of(object, key);
  if (value == nullptr) return fallback_or_fail(fallback, key, "a string");
  if (!value->is_string()) {
    fail(ErrorCode::invalid_model, "'{}' is {}; expected a string", key, shown(*value));
  }
  return value->get<std::string>();
}

}  // namespace accelerate
