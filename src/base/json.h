#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace accelerate {

using Json = nlohmann::json;

/// Parses UTF-8 JSON with at most max_depth nested arrays and objects; duplicate keys and NaN are refused.
/// Errors: invalid_model with the byte position; `what` names the file in the message.
Json parse_json(std::string_view text, std::string_view what, int max_depth = 64);

/// Typed reads from a config object. A missing key or null gives the fallback; a wrong type or a value
/// out of range gives Error(invalid_model) that names key, value and range.
int64_t json_int(const Json& object, std::string_view key, std::optional<int64_t> fallback, int64_t min, int64_t max);
double json_double(const Json& object, std::string_view key, std::optional<double> fallback);
bool json_bool(const Json& object, std::string_view key, std::optional<bool> fallback);
std::string json_string(const Json& object, std::string_view key, std::optional<std::string> fallback);

}  // namespace accelerate
