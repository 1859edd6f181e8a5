// Chat templates; expected texts are what transformers' apply_chat_template gives (jinja2).
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "preprocess/text/chat_template.h"

namespace accelerate {
namespace {

constexpr std::string_view kMessages =
    R"([{"role":"system","content":"Be <brief> & kind."},{"role":"user","content":" Hi there "}])";

std::string render(std::string_view chat_template, std::string_view messages = "[]", ChatTemplateOptions options = {}) {
  return render_chat_template(chat_template, messages, options);
}

void expect_error(std::string_view part, const std::function<void()>& body) {
  try {
    body();
    ADD_FAILURE() << "expected an error with \"" << part << '"';
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.what();
  }
}

TEST(ChatTemplate, ChatMl) {
  constexpr std::string_view kTemplate =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'].strip() + "
      "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
  EXPECT_EQ(render(kTemplate, kMessages, {.add_generation_prompt = true}),
            "<|im_start|>system\nBe <brief> & kind.<|im_end|>\n<|im_start|>user\nHi there<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(ChatTemplate, BlocksAreTrimmed) {
  EXPECT_EQ(render("{% if true %}\n  {% set x = 1 %}\n a\n{% endif %}\nb\n"), " a\nb");
  EXPECT_EQ(render("{% for i in [1, 2, 3, 4] %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}"
                   "{% endif %}{{ i }}{% endfor %}"),
            "13");
  EXPECT_EQ(render("a {%- generation -%} b {%- endgeneration %} c"), "ab c");
}

TEST(ChatTemplate, JsonHasNoHtmlEscapesAndKeepsTheOrder) {
  EXPECT_EQ(render("{{ messages[0] | tojson }}", kMessages), R"({"role": "system", "content": "Be <brief> & kind."})");
  EXPECT_EQ(render("{{ messages | tojson }}", R"([{"z":1,"a":[1.0,1e20,true,null,"é\n"]}])"),
            R"([{"z": 1, "a": [1.0, 1e+20, true, null, "é\n"]}])");
  EXPECT_EQ(render("{{ messages[0] | tojson(indent=2) }}", R"([{"z":[1],"a":{}}])"),
            "{\n  \"z\": [\n    1\n  ],\n  \"a\": {}\n}");
  EXPECT_EQ(render("{{ tools | tojson }}", "[]", {.variables = {{"tools", R"([{"b":1,"a":2}])"}}}),
            R"([{"b": 1, "a": 2}])");
}

TEST(ChatTemplate, ValuesPrintAsPythonPrintsThem) {
  EXPECT_EQ(render("{{ true }} {{ none }} {{ 1.0 }} {{ 1e-7 }} {{ nothing }}|"), "True None 1.0 1e-07 |");
  EXPECT_EQ(render("{{ ['a', 1, none, {'k': false}] }}"), "['a', 1, None, {'k': False}]");
  EXPECT_EQ(render("{{ 'a,b'.split(',') }}{{ {'k': 1}.items() | list | length }}{{ 'Ab'.upper() }}"), "['a', 'b']1AB");
  EXPECT_EQ(
      render("{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"),
      "3");
  EXPECT_EQ(render("{{ bos_token }}x", "[]", {.variables = {{"bos_token", R"("<s>")"}}}), "<s>x");
}

TEST(ChatTemplate, Time) {
  EXPECT_EQ(render("{{ strftime_now('%Y') }}", "[]", {.now = 86400 * 200}), "1970");
  EXPECT_EQ(render("{{ strftime_now('') }}|"), "|");
  expect_error("longer than", [] { render("{{ strftime_now('%c' * 3000) }}"); });
}

TEST(ChatTemplate, ErrorsAndLimits) {
  expect_error("only user roles", [] { render("{{ raise_exception('only user roles') }}"); });
  expect_error("chat_template:2", [] { render("a\n{% if %}"); });
  expect_error("fuel", [] {
    render("{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}", "[]",
           {.fuel = 100'000});
  });
  expect_error("longer than 1000 bytes", [] {
    render("{% for a in range(9999) %}{{ 'x' * 100 }}{% endfor %}", "[]", {.max_output_bytes = 1000});
  });
  expect_error("recursion", [] { render("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"); });
  expect_error("not valid JSON", [] { render("x", "[1,"); });
  expect_error("not valid JSON", [] { render("x", "[]", {.variables = {{"tools", "{"}}}); });
  expect_error("messages", [] { render("x", "[]", {.variables = {{"messages", "[]"}}}); });
  expect_error("UTF-8", [] { render("\xff"); });
  EXPECT_EQ(render(""), "");
}

}  // namespace
}  // namespace accelerate
