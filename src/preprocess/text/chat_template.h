#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace accelerate {

struct ChatTemplateOptions {
  bool add_generation_prompt = false;
  /// Further variables: name and JSON text, as {"bos_token", "\"<s>\""} or "tools"; JSON text keeps the order of
  /// keys, which tojson shows.
  std::vector<std::pair<std::string, std::string>> variables;
  /// Seconds since 1970 that strftime_now shows in local time; unset: the present.
  std::optional<int64_t> now;
  /// Template instructions that may run.
  uint64_t fuel = 5'000'000;
  size_t max_output_bytes = size_t{16} << 20;
  /// Nested calls, includes and blocks.
  size_t max_recursion = 100;
};

/// Renders a chat template over a JSON array of messages, as transformers' apply_chat_template does: jinja2 with
/// trim_blocks, lstrip_blocks and loop controls, values printed as Python prints them, tojson without HTML
/// escapes, raise_exception, strftime_now, Python's methods of str, dict and list, and no access to files.
/// Errors: invalid_argument with the template's line for a syntax error, an exception it raises or a limit.
std::string render_chat_template(std::string_view chat_template, std::string_view messages_json,
                                 const ChatTemplateOptions& options = {});

}  // namespace accelerate
