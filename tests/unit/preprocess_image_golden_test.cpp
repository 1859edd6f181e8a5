// Decoding and processing against Pillow and transformers: the files of tests/golden/make_images.py, or those of
// the folder in ACCELERATE_IMAGE_GOLDEN.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "preprocess/image/decode.h"
#include "preprocess/image/image_processor.h"

namespace accelerate {
namespace {

std::filesystem::path golden_folder() {
  if (const char* folder = std::getenv("ACCELERATE_IMAGE_GOLDEN")) return folder;
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "golden/data/images";
}

Json manifest() {
  return parse_json(read_file(golden_folder() / "manifest.json"), "manifest.json");
}

int largest_difference(const Image& a, const Image& b) {
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

TEST(ImageGolden, DecodesAsPillow) {
  int num_cases = 0;
  const Json cases = manifest().at("decode");
  for (const Json& test : cases) {
    const std::string name = test.at("file").get<std::string>();
    SCOPED_TRACE(name);
    const Image image = load_image(golden_folder() / name);
    const Image expected = load_image(golden_folder() / test.at("expected").get<std::string>());
    ASSERT_EQ(image.width, expected.width);
    ASSERT_EQ(image.height, expected.height);
    EXPECT_EQ(largest_difference(image, expected), 0);
    ++num_cases;
  }
  EXPECT_GE(num_cases, 40);
}

// The pixel values, before normalisation: bytes are the same, so the values differ by rounding of f32 alone.
TEST(ImageGolden, ProcessesAsTransformers) {
  const std::string bytes = read_file(golden_folder() / "expected.f32", size_t{1} << 30);
  std::vector<float> expected(bytes.size() / sizeof(float));
  std::memcpy(expected.data(), bytes.data(), expected.size() * sizeof(float));
  int num_cases = 0;
  const Json cases = manifest().at("process");
  for (const Json& test : cases) {
    SCOPED_TRACE(test.dump());
    const ImageProcessor processor(parse_image_processor(test.at("config"), "manifest.json"));
    const Image image = load_image(golden_folder() / test.at("image").get<std::string>());
    const PixelValues result = processor.process(image);
    ASSERT_EQ(result.batch, 1);
    ASSERT_EQ(test.at("shape"), Json({3, result.height, result.width}));
    const size_t offset = test.at("offset").get<size_t>();
    ASSERT_LE(offset + result.values.size(), expected.size());
    double largest = 0;
    size_t num_different = 0;
    for (size_t i = 0; i < result.values.size(); ++i) {
      const double difference = std::fabs(double{result.values[i]} - double{expected[offset + i]});
      largest = std::max(largest, difference);
      num_different += difference > 1e-5 * std::max(1.0, std::fabs(double{expected[offset + i]}));
    }
    EXPECT_EQ(num_different, 0u) << "largest difference " << largest << " of " << result.values.size();
    ++num_cases;
  }
  EXPECT_GE(num_cases, 100);
}

}  // namespace
}  // namespace accelerate
