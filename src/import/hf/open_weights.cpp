#include "import/hf/open_weights.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace accelerate::import {
namespace {

struct OtherFormat {
  std::string_view suffix;
  std::string_view what;
  /// What must be installed to convert it, and what from_pretrained needs to be told.
  std::string_view needs;
  std::string_view load_argument;
};
constexpr std::array<OtherFormat, 9> kOtherFormats = {{
    {".bin", "pickled PyTorch weights", "transformers", ""},
    {".bin.index.json", "pickled PyTorch weights", "transformers", ""},
    {".pt", "pickled PyTorch weights", "transformers", ""},
    {".pth", "pickled PyTorch weights", "transformers", ""},
    {".ckpt", "a pickled checkpoint", "transformers", ""},
    {".pkl", "a pickle", "transformers", ""},
    {".h5", "TensorFlow weights", "transformers 4 with TensorFlow", ", from_tf=True"},
    {".keras", "TensorFlow weights", "transformers 4 with TensorFlow", ", from_tf=True"},
    {".msgpack", "Flax weights", "transformers 4 with Flax", ", from_flax=True"},
}};

/// text as one word of a POSIX shell.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  word += "'";
  return word;
}

/// A command that rewrites the folder's weights as safetensors, with the class that config.json names.
std::string conversion_command(const std::string& folder, std::string_view load_argument) {
  return fmt::format(
      "python -c \"import sys, transformers as t; d = sys.argv[1]; c = t.AutoConfig.from_pretrained(d); "
      "getattr(t, c.architectures[0]).from_pretrained(d{}).save_pretrained(d, safe_serialization=True)\" {}",
      load_argument, shell_word(folder));
}

[[noreturn]] void refuse(const FileSet& files) {
  const std::vector<std::string> names = files.list();
  std::string safetensors;
  for (const std::string& name : names) {
    if (name.ends_with(".safetensors") && name.find('/') == std::string::npos)
      safetensors += fmt::format(" {}", printable(name));
  }
  if (!safetensors.empty()) {
    fail(ErrorCode::not_found,
         "{} has neither model.safetensors nor model.safetensors.index.json, but{}; rename the model's file to "
         "model.safetensors, or fetch the index of the shards",
         files.description(), printable(safetensors, 400));
  }
  for (const OtherFormat& format : kOtherFormats) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
      return name.ends_with(format.suffix) && name.find('/') == std::string::npos && name != "training_args.bin";
    });
    if (found == names.end()) continue;
    fail(ErrorCode::unsupported_format,
         "{} has only {} ({}), which are not read here (loading a pickle can run code); expected model.safetensors. "
         "Where the files are trusted and {} is installed, convert them with:\n  {}",
         files.description(), format.what, printable(*found), format.needs,
         conversion_command(files.description(), format.load_argument));
  }
  fail(ErrorCode::not_found, "{} has no weights; expected model.safetensors or model.safetensors.index.json",
       files.description());
}

}  // namespace

std::shared_ptr<SafetensorsSource> open_weights(const FileSet& files) {
  constexpr std::string_view kSingle = "model.safetensors";
  constexpr std::string_view kIndex = "model.safetensors.index.json";
  if (files.contains(kSingle)) return SafetensorsSource::open(files, kSingle);
  if (files.contains(kIndex)) return SafetensorsSource::open_sharded(files, kIndex);
  refuse(files);
}

}  // namespace accelerate::import
