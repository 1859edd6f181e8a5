#include "import/pt2/components.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "import/hf/checkpoint_names.h"

namespace accelerate::import {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr size_t kMaxParts = 32;
constexpr std::string_view kWhole = "model.pt2";

bool is_role(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= 64 && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(), fits);
}

/// The graph and the name behind the dot of "ROLE.NAME".
std::pair<const Graph*, std::string> end_of_link(const Program& program, const std::string& link) {
  const size_t dot = link.find('.');
  const auto found = program.graphs.find(link.substr(0, dot));
  if (dot == std::string::npos || found == program.graphs.end()) return {nullptr, link};
  return {&found->second, link.substr(dot + 1)};
}

std::string text_of_links(const Program& program, const Components& components) {
  std::string text;
  for (const auto& [from, to] : components.links) {
    const auto [source, output] = end_of_link(program, from);
    const auto [target, input] = end_of_link(program, to);
    if (source == nullptr || !source->find_output(output))
      fail(ErrorCode::invalid_model, "{} names the output '{}', which no graph has", kComponents, printable(from));
    if (target == nullptr || !target->find_input(input))
      fail(ErrorCode::invalid_model, "{} names the input '{}', which no graph has", kComponents, printable(to));
    text += fmt::format("{}{} -> {}", text.empty() ? "" : "; ", printable(from), printable(to));
  }
  return text;
}

}  // namespace

Components read_components(const FileSet& files) {
  const std::string what(kComponents);
  const Json json = parse_json(files.read(kComponents, kMaxBytes), what);
  if (!json.is_object()) fail(ErrorCode::invalid_model, "{} is no JSON object", what);
  if (const int64_t schema = json_int(json, "schema", 1, 0, int64_t{1} << 31); schema != 1)
    fail(ErrorCode::unsupported_format, "{} has the schema {}; expected 1: it comes from a newer capture", what,
         schema);
  if (!json.contains("graphs") || !json["graphs"].is_object() || json["graphs"].empty() ||
      json["graphs"].size() > kMaxParts)
    fail(ErrorCode::invalid_model, "{}: 'graphs' is no object of 1 to {} graphs", what, kMaxParts);
  Components out;
  for (const auto& [role, part] : json["graphs"].items()) {
    if (!is_role(role) || role == "main")
      fail(ErrorCode::invalid_model, "{}: the role '{}'; expected a word of a-z, 0-9 and _, and not main", what,
           printable(role));
    if (!part.is_object()) fail(ErrorCode::invalid_model, "{}: '{}' is no object", what, role);
    const std::string file = json_string(part, "file", std::nullopt);
    if (file.find('/') != std::string::npos)
      fail(ErrorCode::invalid_model, "{}: the file '{}' lies in another folder", what, printable(file));
    check_file_name(file);
    out.parts.push_back({role, file});
  }
  if (json.contains("links")) {
    if (!json["links"].is_array() || json["links"].size() > size_t{16} * kMaxParts)
      fail(ErrorCode::invalid_model, "{}: 'links' is no list, or too long", what);
    for (const Json& link : json["links"]) {
      if (!link.is_object()) fail(ErrorCode::invalid_model, "{}: a link is no object", what);
      out.links.push_back({json_string(link, "from", std::nullopt), json_string(link, "to", std::nullopt)});
    }
  }
  return out;
}

Pt2Model open_components(const FileSet& files, std::shared_ptr<const WeightSource> outside) {
  Components components = read_components(files);
  const auto merged = std::make_shared<MergedWeights>();
  Pt2Model out;
  if (files.contains(kWhole)) components.parts.push_back({"main", std::string(kWhole)});
  for (const auto& [role, file] : components.parts) {
    if (!files.contains(file))
      fail(ErrorCode::not_found, "{} names {}, which is not in {}; capture the model again", kComponents,
           printable(file), files.description());
    Pt2Model part;
    try {
      part = open_pt2(files.map(file), outside, {.role = role, .archive = file});
    } catch (Error& error) {
      throw std::move(error.in("the graph " + role));
    }
    merged->add(file + "/", part.inside);
    out.program.graphs.merge(part.program.graphs);
    out.program.metadata.merge(part.program.metadata);
    if (out.program.name.empty()) out.program.name = part.program.name;
  }
  if (outside != nullptr) merged->add("", outside);
  out.weights = merged;
  if (std::string links = text_of_links(out.program, components); !links.empty())
    out.program.metadata["links"] = std::move(links);
  return out;
}

}  // namespace accelerate::import
