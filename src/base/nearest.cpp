#include "base/nearest.h"

#include <algorithm>
#include <numeric>

namespace accelerate {
namespace {

constexpr size_t kMaxNameBytes = 128;

/// Levenshtein distance, letters compared without case.
size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_names(std::string_view name, const std::vector<std::string>& names, size_t count) {
  std::vector<std::pair<size_t, std::string_view>> candidates;
  for (const std::string& known : names)
    candidates.emplace_back(edit_distance(name.substr(0, kMaxNameBytes), known), known);
  std::sort(candidates.begin(), candidates.end());
  std::string text;
  for (size_t i = 0; i < std::min(candidates.size(), count); ++i)
    text += (i == 0 ? "" : ", ") + std::string(candidates[i].second);
  return text.empty() ? "none" : text;
}

}  // namespace accelerate
