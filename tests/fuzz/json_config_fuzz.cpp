// Any text as each of the JSON files of a model folder either is read, or gives an Error of the model's group.
#include <cstdint>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "import/hf/hf_folder.h"
#include "import/safetensors.h"

namespace {

using namespace accelerate;

/// A folder in memory.
class MemoryFiles final : public FileSet {
 public:
  std::map<std::string, std::string, std::less<>> content;

  bool contains(std::string_view name) const override { return content.find(name) != content.end(); }
  std::string read(std::string_view name, size_t max_bytes) const override {
    check_file_name(name);
    const auto found = content.find(name);
    if (found == content.end()) fail(ErrorCode::not_found, "there is no file '{}'", printable(name));
    if (found->second.size() > max_bytes) fail(ErrorCode::invalid_model, "'{}' is too large", printable(name));
    return found->second;
  }
  std::shared_ptr<MappedFile> map(std::string_view name) const override {
    fail(ErrorCode::not_found, "'{}' cannot be mapped", printable(name));
  }
  std::vector<std::string> list() const override { return {}; }
  std::string description() const override { return "fuzz"; }
};

constexpr const char* kModules = R"([{"path":"","type":"sentence_transformers.models.Transformer"},
    {"path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
    {"path":"2_Dense","type":"sentence_transformers.models.Dense"}])";

}  // namespace

// The first byte chooses the file that the rest becomes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto files = std::make_shared<MemoryFiles>();
  files->content = {{"config.json", "{}"},
                    {"modules.json", kModules},
                    {"1_Pooling/config.json", R"({"word_embedding_dimension":8})"},
                    {"2_Dense/config.json", R"({"in_features":8,"out_features":4})"}};
  static constexpr const char* kNames[] = {"config.json",
                                           "modules.json",
                                           "1_Pooling/config.json",
                                           "2_Dense/config.json",
                                           "generation_config.json",
                                           "sentence_bert_config.json",
                                           "config_sentence_transformers.json",
                                           "README.md",
                                           "model.safetensors.index.json"};
  const std::string name = kNames[data[0] % std::size(kNames)];
  files->content[name] = std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (name == "model.safetensors.index.json") {
      import::SafetensorsSource::open_sharded(*files, name);
    } else {
      const import::HfFolder folder = import::HfFolder::open(files);
      if (folder.labels().empty()) std::abort();
    }
  } catch (const Error& e) {
    if (group_of(e.code()) != ErrorGroup::model && e.code() != ErrorCode::not_found) std::abort();
  }
  return 0;
}
