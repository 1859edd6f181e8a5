// Feature extraction against transformers: the files of tests/golden/make_audio.py, or those of the folder in
// ACCELERATE_AUDIO_GOLDEN.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "preprocess/audio/feature_extractor.h"

namespace accelerate {
namespace {

std::filesystem::path golden_folder() {
  if (const char* folder = std::getenv("ACCELERATE_AUDIO_GOLDEN")) return folder;
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "golden/data/audio";
}

std::vector<float> read_floats(const std::string& name) {
  const std::string bytes = read_file(golden_folder() / name, size_t{2} << 30);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

AudioOptions parse_options(const Json& json) {
  AudioOptions options;
  for (const auto& [key, value] : json.items()) {
    if (key == "padding") {
      options.padding = value == false          ? ClipPadding::none
                        : value == "max_length" ? ClipPadding::max_length
                                                : ClipPadding::longest;
    } else if (key == "max_length") {
      options.max_length = value.get<int64_t>();
    } else if (key == "truncation") {
      options.truncation = value.get<bool>();
    } else if (key == "pad_to_multiple_of") {
      options.pad_to_multiple_of = value.get<int64_t>();
    } else if (key == "return_attention_mask") {
      options.return_attention_mask = value.get<bool>();
    } else if (key == "do_normalize") {
      options.do_normalize = value.get<bool>();
    } else if (key == "as_target") {
      options.as_target = value.get<bool>();
    } else if (key == "pad_end") {
      options.pad_end = value.get<bool>();
    } else if (key == "draws") {
      options.draws = value.get<std::vector<double>>();
    } else {
      ADD_FAILURE() << "unknown option " << key;
    }
  }
  return options;
}

TEST(AudioGolden, ExtractsAsTransformers) {
  const Json manifest = parse_json(read_file(golden_folder() / "manifest.json"), "manifest.json");
  const std::vector<float> samples = read_floats("clips.f32");
  const std::vector<float> expected = read_floats("expected.f32");
  std::map<std::string, std::vector<float>> clips;
  for (const Json& clip : manifest.at("clips")) {
    const auto first = samples.begin() + clip.at("offset").get<int64_t>();
    clips[clip.at("name").get<std::string>()] = {first, first + clip.at("length").get<int64_t>()};
  }
  std::map<std::string, double> largest;
  size_t num_cases = 0;
  for (const Json& test : manifest.at("cases")) {
    SCOPED_TRACE(test.dump());
    const AudioFeatureExtractor extractor = AudioFeatureExtractor::from_json(test.at("config"), "manifest.json");
    std::vector<Audio> sounds;
    for (const Json& name : test.at("clips")) {
      sounds.push_back({extractor.sampling_rate(), 1, clips.at(name.get<std::string>())});
    }
    const ModelInputs inputs = extractor.process(sounds, parse_options(test.at("options")));
    EXPECT_EQ(inputs.tensors.size(), test.at("outputs").size());
    for (const Json& output : test.at("outputs")) {
      const std::string name = output.at("name").get<std::string>();
      SCOPED_TRACE(name);
      const Tensor* tensor = inputs.find(name);
      ASSERT_NE(tensor, nullptr);
      ASSERT_EQ(tensor->shape(), output.at("shape").get<std::vector<int64_t>>());
      const size_t offset = output.at("offset").get<size_t>();
      ASSERT_LE(offset + static_cast<size_t>(tensor->num_elements()), expected.size());
      double difference = 0;
      for (int64_t i = 0; i < tensor->num_elements(); ++i) {
        const double error = std::fabs(tensor->get(i) - double{expected[offset + static_cast<size_t>(i)]});
        difference = std::isnan(error) ? INFINITY : std::max(difference, error);
      }
      if (is_float(tensor->dtype())) {
        EXPECT_LE(difference, 1e-4);
        double& most = largest[extractor.type()];
        most = std::max(most, difference);
      } else {
        EXPECT_EQ(difference, 0);
      }
    }
    ++num_cases;
  }
  for (const auto& [type, difference] : largest) RecordProperty(type, std::to_string(difference * 1e6) + "e-6");
  EXPECT_GE(num_cases, 50u);
  // Every class of the table is compared.
  const std::string supported = supported_feature_extractors();
  EXPECT_EQ(static_cast<size_t>(std::count(supported.begin(), supported.end(), ',')) + 1, largest.size());
}

}  // namespace
}  // namespace accelerate
