// All the inputs of image processors against transformers (the files of tests/golden/make_image_inputs.py), and the
// errors of settings and batches that cannot be.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "error_matchers.h"
#include "preprocess/image/decode.h"
#include "preprocess/image/image_inputs.h"

namespace accelerate {
namespace {

#define EXPECT_ERROR(expression, code, fragment) \
  EXPECT_TRUE(test::throws_error(code, {fragment}, [&] { static_cast<void>(expression); }))

std::filesystem::path golden_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "golden/data/image_inputs";
}

// Values are normalised pixels: within 1/255 of the range is asked, rounding of f32 alone is what is left.
TEST(ImageInputs, AreThoseOfTransformers) {
  const Json manifest = parse_json(read_file(golden_folder() / "manifest.json"), "manifest.json");
  const std::string bytes = read_file(golden_folder() / "expected.f32");
  std::vector<float> expected(bytes.size() / sizeof(float));
  std::memcpy(expected.data(), bytes.data(), expected.size() * sizeof(float));
  std::map<std::string, double> largest;
  for (const Json& test : manifest.at("cases")) {
    SCOPED_TRACE(test.dump());
    const ImageInputProcessor processor = ImageInputProcessor::from_json(test.at("config"), "manifest.json");
    std::vector<Image> images;
    for (const Json& name : test.at("images")) {
      images.push_back(load_image(golden_folder() / (name.get<std::string>() + ".ppm")));
    }
    const ModelInputs inputs = processor.process(images);
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
        const double wanted = double{expected[offset + static_cast<size_t>(i)]};
        const double error = std::fabs(tensor->get(i) - wanted) / std::max(1.0, std::fabs(wanted));
        difference = std::isnan(error) ? INFINITY : std::max(difference, error);
      }
      EXPECT_LE(difference, is_float(tensor->dtype()) ? 1e-5 : 0.0);
      double& most = largest[processor.type()];
      most = std::max(most, difference);
    }
  }
  for (const auto& [type, difference] : largest) RecordProperty(type, std::to_string(difference * 1e6) + "e-6");
  EXPECT_GE(largest.size(), 19u);
}

Image gray(int64_t width, int64_t height) {
  return {width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3), 127)};
}

ImageInputProcessor processor_of(const std::string& json) {
  return ImageInputProcessor::from_json(parse_json(json, "test"), "preprocessor_config.json");
}

TEST(ImageInputs, BadSettingsAreErrors) {
  EXPECT_ERROR(processor_of("[]"), ErrorCode::invalid_model, "expected a JSON object");
  EXPECT_ERROR(processor_of("{}"), ErrorCode::unsupported_model, "image_processor_type");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "NoImageProcessor"})"), ErrorCode::unsupported_model,
               "supported");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "DetrImageProcessor", "size": {"shortest_edge": 8}})"),
               ErrorCode::invalid_model, "longest_edge");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "DetrImageProcessor", "size": {"height": -1, "width": 8}})"),
               ErrorCode::invalid_model, "size.height");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "SamImageProcessor", "size": {"height": 8, "width": 8}})"),
               ErrorCode::invalid_model, "longest_edge");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "Siglip2ImageProcessor", "patch_size": 0})"),
               ErrorCode::invalid_model, "patch_size");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "Qwen2VLImageProcessor", "merge_size": "two"})"),
               ErrorCode::invalid_model, "merge_size");
  EXPECT_ERROR(
      processor_of(R"({"image_processor_type": "LlavaNextImageProcessor", "image_grid_pinpoints": [[0, 336]]})"),
      ErrorCode::invalid_model, "image_grid_pinpoints");
  EXPECT_ERROR(
      processor_of(R"({"image_processor_type": "LlavaNextImageProcessor", "image_grid_pinpoints": [[100, 336]]})"),
      ErrorCode::invalid_model, "multiples of the tile size");
  EXPECT_ERROR(processor_of(R"({"image_processor_type": "DPTImageProcessor", "do_pad": true})"),
               ErrorCode::invalid_model, "size_divisor");
}

TEST(ImageInputs, BadBatchesAreErrors) {
  const auto detr =
      processor_of(R"({"image_processor_type": "DetrImageProcessor", "pad_size": {"height": 8, "width": 8}})");
  EXPECT_ERROR(detr.process(std::vector<Image>{}), ErrorCode::invalid_argument, "no image");
  EXPECT_ERROR(detr.process(gray(20, 20)), ErrorCode::invalid_argument, "exceeds the padded size");
  EXPECT_ERROR(detr.process(Image{4, 4, {1, 2, 3}}), ErrorCode::invalid_argument, "expected width * height * 3");
  const auto glpn = processor_of(R"({"image_processor_type": "GLPNImageProcessor"})");
  EXPECT_ERROR(glpn.process(gray(20, 40)), ErrorCode::invalid_argument, "too extreme");
  EXPECT_ERROR(glpn.process(std::vector<Image>{gray(64, 64), gray(64, 32)}), ErrorCode::invalid_argument, "one by one");
  const auto qwen = processor_of(R"({"image_processor_type": "Qwen2VLImageProcessor"})");
  EXPECT_ERROR(qwen.process(gray(1000, 2)), ErrorCode::invalid_argument, "200 times");
}

// Files without a class are read by the model's type.
TEST(ImageInputs, ModelTypeGivesTheClass) {
  EXPECT_EQ(ImageInputProcessor::from_json(Json::object(), "file", "qwen2_5_vl").type(), "Qwen2VLImageProcessor");
  EXPECT_EQ(ImageInputProcessor::from_json(Json::object(), "file", "detr").type(), "DetrImageProcessor");
  EXPECT_EQ(ImageInputProcessor::from_json(Json::object(), "file", "vit").type(), "ViTImageProcessor");
}

}  // namespace
}  // namespace accelerate
