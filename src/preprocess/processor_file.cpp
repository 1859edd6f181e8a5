#include "preprocess/processor_file.h"

#include "base/error.h"

namespace accelerate {

ProcessorFile read_processor_file(const FileSet& files, std::string_view key, std::span<const std::string_view> plain) {
  constexpr std::string_view kNested = "processor_config.json";
  constexpr size_t kMaxConfigBytes = size_t{4} << 20;
  const auto read = [&](std::string_view name) { return parse_json(files.read(name, kMaxConfigBytes), name); };
  std::string model_type;
  if (files.contains("config.json")) {
    const Json model = read("config.json");
    if (model.is_object()) model_type = json_string(model, "model_type", std::string());
  }
  if (files.contains(kNested)) {
    const Json json = read(kNested);
    const auto found = json.is_object() ? json.find(key) : json.end();
    if (found != json.end()) return {*found, kNested, model_type};
  }
  std::string names;
  for (const std::string_view name : plain) {
    if (files.contains(name)) return {read(name), name, model_type};
    names += (names.empty() ? "" : " or ") + std::string(name);
  }
  fail(ErrorCode::not_found, "{} has no {} (nor \"{}\" in {}); copy the file from the model's source",
       files.description(), names, key, kNested);
}

}  // namespace accelerate
