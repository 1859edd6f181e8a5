#include "import/bundle/manifest.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/file.h"

namespace accelerate::import {
namespace {

constexpr int64_t kMaxBytes = std::numeric_limits<int64_t>::max();

const Json& member(const Json& object, std::string_view key, Json::value_t type, std::string_view what) {
  const auto found = object.find(key);
  if (found == object.end() || found->type() != type) {
    fail(ErrorCode::invalid_model, "{}: '{}' is {}; expected {}", what, key,
         found == object.end() ? "missing" : found->type_name(), Json(type).type_name());
  }
  return *found;
}

std::string digest(const Json& object, std::string_view key) {
  std::string out = json_string(object, key, std::nullopt);
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (out.size() != 64 || !std::all_of(out.begin(), out.end(), is_digit))
    fail(ErrorCode::invalid_model, "'{}' is '{}'; expected 64 hexadecimal digits", key, printable(out));
  return out;
}

std::string file_name(const Json& object, std::string_view key) {
  std::string out = json_string(object, key, std::nullopt);
  check_file_name(out);
  return out;
}

std::vector<std::string> strings(const Json& list, std::string_view what) {
  std::vector<std::string> out;
  for (const Json& item : list) {
    if (!item.is_string()) fail(ErrorCode::invalid_model, "{} holds {}; expected names", what, item.type_name());
    out.push_back(item.get<std::string>());
  }
  return out;
}

BundleWeights parse_weights(const Json& json) {
  if (!json.is_object()) fail(ErrorCode::invalid_model, "'weights' holds {}; expected objects", json.type_name());
  BundleWeights out;
  out.name = file_name(json, "name");
  out.path = json_string(json, "path", std::nullopt);
  if (out.path.empty() || out.path.find('\0') != std::string::npos)
    fail(ErrorCode::invalid_model, "the path of {} is '{}'; expected a path", printable(out.name), printable(out.path));
  out.sha256 = digest(json, "sha256");
  out.size_bytes = static_cast<uint64_t>(json_int(json, "size_bytes", std::nullopt, 0, kMaxBytes));
  out.tensors = strings(member(json, "tensors", Json::value_t::array, "weights"), "'tensors'");
  return out;
}

Manifest parse(const Json& json) {
  if (!json.is_object()) fail(ErrorCode::invalid_model, "expected an object");
  const int64_t schema = json_int(json, "schema", std::nullopt, 1, std::numeric_limits<int32_t>::max());
  if (schema > kManifestSchema) {
    fail(ErrorCode::unsupported_format, "the skill has schema {}, and this program knows {}; use a newer program",
         schema, kManifestSchema);
  }
  Manifest out;
  out.name = json_string(json, "name", std::nullopt);
  out.architecture = json_string(json, "class", std::nullopt);
  out.model_type = json_string(json, "model_type", "");
  out.task = json_string(json, "task", "");
  const Json& graph = member(json, "graph", Json::value_t::object, "skill");
  out.graph_kind = json_string(graph, "kind", std::nullopt);
  if (out.graph_kind != "native" && out.graph_kind != "captured")
    fail(ErrorCode::invalid_model, "the kind of the graph is '{}'; expected native or captured",
         printable(out.graph_kind));
  out.graph_file = file_name(graph, "file");
  out.graph_identity = digest(graph, "identity");
  out.roles = strings(member(graph, "roles", Json::value_t::array, "graph"), "'roles'");
  out.weight_prefix = json_string(json, "weight_prefix", "");
  for (const Json& entry : member(json, "constants", Json::value_t::array, "skill")) {
    if (!entry.is_object()) fail(ErrorCode::invalid_model, "'constants' holds {}; expected objects", entry.type_name());
    BundleConstants constants{json_string(entry, "prefix", std::nullopt), file_name(entry, "file")};
    if (constants.prefix.empty()) fail(ErrorCode::invalid_model, "a prefix of constants is empty");
    out.constants.push_back(std::move(constants));
  }
  for (const Json& entry : member(json, "weights", Json::value_t::array, "skill"))
    out.weights.push_back(parse_weights(entry));
  for (const auto& [name, entry] : member(json, "files", Json::value_t::object, "skill").items()) {
    check_file_name(name);
    if (!entry.is_object()) fail(ErrorCode::invalid_model, "'files' holds {}; expected objects", entry.type_name());
    out.files[name] = {digest(entry, "sha256"),
                       static_cast<uint64_t>(json_int(entry, "size_bytes", std::nullopt, 0, kMaxBytes))};
  }
  const auto need = [&](const std::string& name) {
    if (!out.files.contains(name))
      fail(ErrorCode::invalid_model, "'files' does not list {}, so that nothing vouches for it", printable(name));
  };
  need(out.graph_file);
  for (const BundleConstants& constants : out.constants) need(constants.file);
  out.provenance = json.value("provenance", Json::object());
  out.verification = json.value("verification", Json());
  return out;
}

}  // namespace

Manifest parse_manifest(std::string_view text, std::string_view what) {
  try {
    return parse(parse_json(text, what));
  } catch (Error& e) {
    throw std::move(e.in(std::string(what)));
  }
}

Json to_json(const Manifest& m) {
  Json constants = Json::array();
  for (const BundleConstants& entry : m.constants)
    constants.push_back({{"prefix", entry.prefix}, {"file", entry.file}});
  Json weights = Json::array();
  for (const BundleWeights& entry : m.weights) {
    weights.push_back({{"name", entry.name},
                       {"path", entry.path},
                       {"sha256", entry.sha256},
                       {"size_bytes", entry.size_bytes},
                       {"tensors", entry.tensors}});
  }
  Json files = Json::object();
  for (const auto& [name, file] : m.files) files[name] = {{"sha256", file.sha256}, {"size_bytes", file.size_bytes}};
  return {
      {"schema", kManifestSchema},
      {"name", m.name},
      {"class", m.architecture},
      {"model_type", m.model_type},
      {"task", m.task.empty() ? Json() : Json(m.task)},
      {"graph", {{"kind", m.graph_kind}, {"file", m.graph_file}, {"identity", m.graph_identity}, {"roles", m.roles}}},
      {"weight_prefix", m.weight_prefix},
      {"constants", std::move(constants)},
      {"weights", std::move(weights)},
      {"files", std::move(files)},
      {"provenance", m.provenance},
      {"verification", m.verification}};
}

}  // namespace accelerate::import
