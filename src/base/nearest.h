#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace accelerate {

/// At most `count` of the names, those nearest to `name` by letters (Levenshtein distance without case) first, as
/// "A, B, C" for a message; "none" if there are none.
std::string nearest_names(std::string_view name, const std::vector<std::string>& names, size_t count = 5);

}  // namespace accelerate
