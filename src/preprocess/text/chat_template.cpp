#include "preprocess/text/chat_template.h"

#include "base/error.h"
#include "base/json.h"
#include "preprocess/text/crate_call.h"
#include "preprocess/text/pipeline_json.h"
#include "preprocess/text/utf8.h"

namespace accelerate {
namespace {

void append_variable(std::string& out, std::string_view name, std::string_view json) {
  if (find_invalid_utf8(name) != std::string_view::npos || find_invalid_utf8(json) != std::string_view::npos ||
      !Json::accept(json)) {
    fail(ErrorCode::invalid_argument, "chat template variable \"{}\" is not valid JSON: {}", printable(name),
         printable(json));
  }
  if (out.size() > 1) out += ',';
  pipeline::append_json_string(out, name);
  out += ':';
  out += json;
}

}  // namespace

std::string render_chat_template(std::string_view chat_template, std::string_view messages_json,
                                 const ChatTemplateOptions& options) {
  std::string variables = "{";
  append_variable(variables, "messages", messages_json);
  append_variable(variables, "add_generation_prompt", options.add_generation_prompt ? "true" : "false");
  for (const auto& [name, json] : options.variables) {
    if (name == "messages" || name == "add_generation_prompt") {
      fail(ErrorCode::invalid_argument, "chat template variable \"{}\" is set by its own argument", name);
    }
    append_variable(variables, name, json);
  }
  variables += '}';
  const at_render_limits limits = {.fuel = options.fuel,
                                   .max_output_bytes = options.max_output_bytes,
                                   .max_recursion = options.max_recursion,
                                   .has_now = options.now.has_value(),
                                   .now = options.now.value_or(0)};
  at_string out{};
  at_string error{};
  const at_status status =
      at_render_chat_template(crate::text_of(chat_template), crate::text_of(variables), &limits, &out, &error);
  if (status != at_ok) {
    const std::string message = crate::take(error);
    fail(ErrorCode::invalid_argument, "the chat template cannot be rendered: {}", message);
  }
  return crate::take(out);
}

}  // namespace accelerate
