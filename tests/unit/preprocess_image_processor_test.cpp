#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "preprocess/image/image_processor.h"
#include "preprocess/image/resample_kernels.h"
#include "preprocess/image/resample_weights.h"
#include "preprocess/image/resize.h"

namespace accelerate {
namespace {

Image random_image(int64_t width, int64_t height, uint32_t seed = 1) {
  std::mt19937 random(seed);
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  for (uint8_t& byte : image.rgb) byte = static_cast<uint8_t>(random());
  return image;
}

ImageProcessorConfig parse(const std::string& text, std::string_view model_type = "") {
  return parse_image_processor(parse_json(text, "test"), "preprocessor_config.json", model_type);
}

template <typename Body>
Error error_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return Error(ErrorCode::internal, "none");
}

TEST(ImageProcessorConfig, ReadsLegacyForms) {
  EXPECT_EQ(parse(R"({"image_processor_type": "ViTImageProcessor", "size": 96})").size.height, 96);
  EXPECT_EQ(parse(R"({"feature_extractor_type": "CLIPFeatureExtractor", "size": 96})").size.shortest_edge, 96);
  EXPECT_EQ(parse(R"({"feature_extractor_type": "CLIPFeatureExtractor", "crop_size": 90})").crop_size.width, 90);
  EXPECT_EQ(parse(R"({"image_processor_type": "ViTImageProcessor", "size": [10, 20]})").size.width, 20);
  EXPECT_EQ(parse(R"({"size": null})", "resnet").style, ResizeStyle::convnext);
  EXPECT_EQ(parse(R"({"size": null})", "resnet").size.shortest_edge, 384);
  EXPECT_EQ(parse(R"({"image_processor_type": "ViTImageProcessor", "image_mean": 0.25})").mean[2], 0.25);
  const ImageProcessorConfig fast = parse(R"({"image_processor_type": "DeiTImageProcessorFast"})");
  EXPECT_EQ(fast.type, "DeiTImageProcessor");
  EXPECT_EQ(fast.size.height, 256);
  EXPECT_TRUE(fast.do_center_crop);
  EXPECT_EQ(fast.resample, Resample::bicubic);
  EXPECT_EQ(fast.backend, ImageBackend::torchvision);
  EXPECT_EQ(parse(R"({"image_processor_type": "DeiTImageProcessorPil"})").backend, ImageBackend::pillow);
}

TEST(ImageProcessorConfig, RefusesAbsurdValues) {
  const std::pair<std::string, std::string> cases[] = {
      {R"("size": 0)", "size"},
      {R"("size": -1)", "size"},
      {R"("size": 9223372036854775807)", "size"},
      {R"("size": 18446744073709551615)", "size"},
      {R"("size": 1e300)", "size"},
      {R"("size": 224.5)", "size"},
      {R"("size": "224")", "size"},
      {R"("size": true)", "size"},
      {R"("size": [])", "size"},
      {R"("size": [1, 2, 3])", "size"},
      {R"("size": {})", "size"},
      {R"("size": {"height": 5})", "size"},
      {R"("size": {"longest_edge": 5})", "size"},
      {R"("size": {"height": 5, "width": 0})", "size.width"},
      {R"("size": {"height": 5, "width": 5, "shortest_edge": 5})", "size"},
      {R"("size": {"min_pixels": 5, "max_pixels": 7})", "size"},
      {R"("crop_size": {"shortest_edge": 5})", "crop_size"},
      {R"("crop_size": 100000000)", "crop_size"},
      {R"("pad_size": 0)", "pad_size"},
      {R"("resample": 6)", "resample"},
      {R"("resample": -1)", "resample"},
      {R"("resample": "bilinear")", "resample"},
      {R"("do_resize": 1)", "do_resize"},
      {R"("do_normalize": "yes")", "do_normalize"},
      {R"("do_center_crop": true)", "crop_size"},
      {R"("do_pad": true)", "pad_size"},
      {R"("rescale_factor": 0)", "rescale_factor"},
      {R"("rescale_factor": -0.1)", "rescale_factor"},
      {R"("rescale_factor": 1e-300)", "rescale_factor"},
      {R"("rescale_factor": 1e300)", "rescale_factor"},
      {R"("image_std": [0.5, 0, 0.5])", "image_std"},
      {R"("image_std": -1)", "image_std"},
      {R"("image_std": [1, 2])", "image_std"},
      {R"("image_mean": [1, 2, 3, 4])", "image_mean"},
      {R"("image_mean": ["a", "b", "c"])", "image_mean"},
      {R"("image_mean": {})", "image_mean"},
  };
  for (const auto& [field, key] : cases) {
    SCOPED_TRACE(field);
    const Error error = error_of([&] { parse(R"({"image_processor_type": "ViTImageProcessor", )" + field + "}"); });
    EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    EXPECT_NE(error.message().find(key), std::string::npos) << error.message();
    EXPECT_NE(std::string(error.what()).find("preprocessor_config.json"), std::string::npos) << error.what();
  }
  EXPECT_EQ(error_of([] { parse("[]"); }).code(), ErrorCode::invalid_model);
  EXPECT_EQ(error_of([] { parse(R"({"image_processor_type": 5})"); }).code(), ErrorCode::invalid_model);
  for (const char* value : {"0", "-1", "1e-9", "1e9"}) {
    const std::string text = R"({"image_processor_type": "ConvNextImageProcessor", "crop_pct": )" + std::string(value);
    EXPECT_EQ(error_of([&] { parse(text + "}"); }).code(), ErrorCode::invalid_model) << value;
  }
}

TEST(ImageProcessorConfig, NamesUnsupportedClasses) {
  for (const char* text : {R"({"image_processor_type": "Qwen2VLImageProcessor"})", "{}"}) {
    const Error error = error_of([&] { parse(text, "qwen2_vl"); });
    EXPECT_EQ(error.code(), ErrorCode::unsupported_model);
    EXPECT_NE(error.message().find("ViTImageProcessor"), std::string::npos) << error.message();
  }
}

class ImageProcessorFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("accelerate_image_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { write_file_atomic(folder_ / name, text); }
  ImageProcessor load() { return ImageProcessor::from_files(*open_folder(folder_)); }

  std::filesystem::path folder_;
};

TEST_F(ImageProcessorFiles, MissingFileIsNamed) {
  const Error error = error_of([&] { load(); });
  EXPECT_EQ(error.code(), ErrorCode::not_found);
  EXPECT_NE(error.message().find("preprocessor_config.json"), std::string::npos) << error.message();
}

TEST_F(ImageProcessorFiles, NestedFileWins) {
  write("preprocessor_config.json", R"({"image_processor_type": "ViTImageProcessor", "size": 10})");
  EXPECT_EQ(load().config().size.height, 10);
  write("processor_config.json", R"({"processor_class": "CLIPProcessor"})");
  EXPECT_EQ(load().config().size.height, 10);
  write("processor_config.json", R"({"image_processor": {"image_processor_type": "ViTImageProcessor", "size": 12}})");
  EXPECT_EQ(load().config().size.height, 12);
  write("processor_config.json", R"({"image_processor": 3})");
  EXPECT_EQ(error_of([&] { load(); }).code(), ErrorCode::invalid_model);
}

TEST_F(ImageProcessorFiles, ModelTypeServesFilesWithoutAClass) {
  write("preprocessor_config.json", R"({"size": 32})");
  EXPECT_EQ(error_of([&] { load(); }).code(), ErrorCode::unsupported_model);
  write("config.json", R"({"model_type": "clip"})");
  EXPECT_EQ(load().config().type, "CLIPImageProcessor");
  write("preprocessor_config.json", "{");
  EXPECT_EQ(error_of([&] { load(); }).code(), ErrorCode::invalid_model);
}

TEST(ImageProcessor, BatchEqualsSingles) {
  const ImageProcessor processor(
      parse(R"({"image_processor_type": "CLIPImageProcessor", "size": 20, "crop_size": 16})"));
  const std::vector<Image> images = {random_image(31, 22, 1), random_image(20, 45, 2), random_image(16, 16, 3)};
  const PixelValues batch = processor.process_batch(images);
  EXPECT_EQ(batch.batch, 3);
  EXPECT_EQ(batch.height, 16);
  EXPECT_EQ(batch.width, 16);
  for (size_t i = 0; i < images.size(); ++i) {
    const PixelValues single = processor.process(images[i]);
    EXPECT_TRUE(std::equal(single.values.begin(), single.values.end(), batch.values.begin() + i * 3 * 16 * 16));
  }
}

TEST(ImageProcessor, RefusesWhatCannotBeABatch) {
  const ImageProcessor processor(parse(R"({"image_processor_type": "ViTImageProcessor", "do_resize": false})"));
  const std::vector<Image> images = {random_image(8, 8), random_image(8, 9)};
  EXPECT_EQ(error_of([&] { processor.process_batch(images); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { processor.process_batch({}); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { processor.process(Image{}); }).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(error_of([&] { processor.process(Image{4, 4, std::vector<uint8_t>(47)}); }).code(),
            ErrorCode::invalid_argument);
  std::vector<float> small(5);
  EXPECT_EQ(error_of([&] { processor.process(images[0], small); }).code(), ErrorCode::invalid_argument);
}

TEST(ImageProcessor, ExtremeShapesStayBounded) {
  const ImageProcessor clip(parse(R"({"image_processor_type": "CLIPImageProcessor"})"));
  EXPECT_EQ(clip.process(random_image(1, 10000)).values.size(), 3u * 224 * 224);
  EXPECT_EQ(clip.process(random_image(10000, 1)).values.size(), 3u * 224 * 224);
  EXPECT_EQ(error_of([&] { clip.process(random_image(200000, 1)); }).code(), ErrorCode::invalid_argument);
  const ImageProcessor uncropped(
      parse(R"({"image_processor_type": "ViTImageProcessor", "size": {"shortest_edge": 8192}})"));
  EXPECT_EQ(error_of([&] { uncropped.output_size(1, 500); }).code(), ErrorCode::invalid_argument);
  const ImageProcessor limited(
      parse(R"({"image_processor_type": "ViTImageProcessor", "size": {"max_height": 10, "max_width": 10}})"));
  EXPECT_EQ(error_of([&] { limited.output_size(1, 500); }).code(), ErrorCode::invalid_argument);
}

TEST(ImageProcessor, ServesSeveralThreads) {
  const ImageProcessor processor(parse(R"({"image_processor_type": "ConvNextImageProcessor", "size": 60})"));
  const Image image = random_image(150, 110);
  const PixelValues expected = processor.process(image);
  std::vector<int> same(4, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] { same[i] = processor.process(image).values == expected.values; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, std::vector<int>(4, 1));
}

TEST(ImageResize, WindowIsPartOfTheWhole) {
  const ResizeWindow window = {.top = 3, .left = 5, .height = 7, .width = 11};
  for (const auto& [width, height] : {std::pair<int64_t, int64_t>{50, 41}, {13, 90}, {90, 13}, {9, 9}, {24, 60}}) {
    const Image image = random_image(width, height);
    for (int filter = 0; filter <= 5; ++filter) {
      for (const auto arithmetic : {ResizeArithmetic::pillow, ResizeArithmetic::torch}) {
        const auto resample = static_cast<Resample>(filter);
        const Image whole = resize_image(image, 20, 24, resample, arithmetic);
        const Image part = resize_image(image, 20, 24, resample, arithmetic, window);
        for (int64_t y = 0; y < window.height; ++y) {
          const auto* row = whole.rgb.data() + ((window.top + y) * 24 + window.left) * 3;
          EXPECT_TRUE(std::equal(row, row + window.width * 3, part.rgb.data() + y * window.width * 3))
              << name_of(resample) << " " << width << " x " << height << " row " << y;
        }
      }
    }
  }
  const Image image = random_image(4, 4);
  for (const ResizeWindow bad : {ResizeWindow{0, 0, 9, 8}, {-1, 0, 2, 2}, {0, 0, 0, 2}, {7, 0, 2, 2}}) {
    EXPECT_THROW(resize_image(image, 8, 8, Resample::box, ResizeArithmetic::pillow, bad), Error);
  }
  EXPECT_THROW(resize_image(image, 0, 8, Resample::box), Error);
  EXPECT_THROW(resize_image(image, kMaxResizedSide + 1, 8, Resample::box), Error);
}

TEST(ImageResize, KernelsAgree) {
  const ResampleKernels& portable = resample_kernels(Isa::portable);
  const ResampleKernels& best = resample_kernels(supported_isas().back());
  for (const int64_t in_size : {1, 7, 8, 100, 333}) {
    const AxisWeights weights = axis_weights(in_size, 29, 0, 29, Resample::lanczos, ResizeArithmetic::pillow);
    const Image row = random_image(in_size, 1);
    std::vector<uint8_t> filtered[2];
    std::vector<uint8_t> finished[2];
    const ResampleKernels* kernels[2] = {&portable, &best};
    for (int i = 0; i < 2; ++i) {
      std::vector<int32_t> pixels((in_size + kTapBlock) * 4);
      kernels[i]->spread_row(row.rgb.data(), pixels.data(), in_size);
      filtered[i].resize(29 * 3);
      kernels[i]->filter_row(pixels.data(), weights.view(), filtered[i].data());
      std::vector<int32_t> sums(row.rgb.size());
      finished[i].resize(row.rgb.size());
      kernels[i]->add_row(row.rgb.data(), -900000, sums.data(), in_size * 3);
      kernels[i]->add_row(row.rgb.data(), 4800000, sums.data(), in_size * 3);
      kernels[i]->finish_row(sums.data(), 22, finished[i].data(), in_size * 3);
    }
    EXPECT_EQ(filtered[0], filtered[1]) << in_size;
    EXPECT_EQ(finished[0], finished[1]) << in_size;
  }
}

}  // namespace
}  // namespace accelerate
