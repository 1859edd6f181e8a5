// Videos against transformers (the files of tests/golden/make_videos.py): reading, sampling, processing; and bad input.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "error_matchers.h"
#include "preprocess/video/video_processor.h"
#include "temporary_folder.h"

namespace accelerate {
namespace {

#define EXPECT_ERROR(expression, code, fragment) \
  EXPECT_TRUE(test::throws_error(code, {fragment}, [&] { static_cast<void>(expression); }))

std::filesystem::path golden_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "golden/data/videos";
}

Json manifest() {
  return parse_json(read_file(golden_folder() / "manifest.json"), "manifest.json");
}

FrameSampling parse_sampling(const Json& json) {
  FrameSampling sampling;
  if (json.contains("num_frames")) sampling.num_frames = json["num_frames"].get<int64_t>();
  if (json.contains("fps")) sampling.fps = json["fps"].get<double>();
  return sampling;
}

TEST(VideoRead, FoldersAreInTheOrderOfNumbers) {
  const Video video = load_video(golden_folder() / "wide");
  ASSERT_EQ(video.frames.size(), 7u);
  EXPECT_EQ(video.fps, 0);
  for (int i = 0; i < 7; ++i) {
    const Image frame = load_image(golden_folder() / "wide" / ("frame" + std::to_string(i + 5) + ".ppm"));
    EXPECT_EQ(video.frames[static_cast<size_t>(i)].rgb, frame.rgb) << i;
  }
}

TEST(VideoRead, AnimationsGiveAllFrames) {
  const Video folder = load_video(golden_folder() / "wide");
  const Video video = load_video(golden_folder() / "animated.webp");
  ASSERT_EQ(video.frames.size(), 3u);
  EXPECT_DOUBLE_EQ(video.fps, 8.0);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(video.frames[i].rgb, folder.frames[i].rgb) << i;
  EXPECT_EQ(load_video(golden_folder() / "wide" / "frame5.ppm").frames.size(), 1u);
}

TEST(VideoRead, BadVideosAreErrors) {
  const test::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream(folder.path() / name, std::ios::binary) << content;
    return folder.path() / name;
  };
  EXPECT_ERROR(load_video(folder.path() / "none.mp4"), ErrorCode::not_found, "none.mp4");
  EXPECT_ERROR(load_video(folder.path()), ErrorCode::invalid_argument, "no pictures");
  EXPECT_ERROR(load_video(write("a.mp4", std::string("\0\0\0\x20"
                                                     "ftypisom",
                                                     12))),
               ErrorCode::unsupported_format, "ffmpeg -i");
  EXPECT_ERROR(load_video(write("a.gif", "GIF89a......")), ErrorCode::unsupported_format, "GIF");
  EXPECT_ERROR(load_video(write("a.txt", "hello")), ErrorCode::unsupported_format, "a.txt");
  const std::string whole = read_file(golden_folder() / "animated.webp");
  EXPECT_ERROR(load_video(write("cut.webp", whole.substr(0, whole.size() / 2))), ErrorCode::invalid_argument,
               "cut.webp");
  EXPECT_ERROR(load_video(golden_folder() / "animated.webp", {.max_frames = 2}), ErrorCode::invalid_argument,
               "3 frames");
  EXPECT_ERROR(load_video(golden_folder() / "wide", {.max_total_pixels = 1000}), ErrorCode::invalid_argument, "limits");
}

TEST(VideoSampling, IsThatOfTransformers) {
  const Json cases = manifest().at("samples");
  ASSERT_GE(cases.size(), 40u);
  for (const Json& test : cases) {
    SCOPED_TRACE(test.dump());
    const auto total = test.at("total").get<int64_t>();
    const double rate = test.at("rate").get<double>();
    const FrameSampling sampling = parse_sampling(test.at("options"));
    const auto choose = [&] {
      return test.at("groups").get<bool>() ? sample_frame_groups(total, rate, sampling, 2, 4, 768)
                                           : sample_frames(total, rate, sampling);
    };
    if (test.at("indices").is_null()) {
      EXPECT_ERROR(choose(), ErrorCode::invalid_argument, "frame");
    } else {
      EXPECT_EQ(choose(), test.at("indices").get<std::vector<int64_t>>());
    }
  }
  EXPECT_ERROR(sample_frames(5, 0, {.fps = 2.0}), ErrorCode::invalid_argument, "rate of the video is not known");
  EXPECT_ERROR(sample_frames(5, 8, {.num_frames = 2, .fps = 2.0}), ErrorCode::invalid_argument, "choose one");
}

TEST(VideoProcess, IsThatOfTransformers) {
  const Json golden = manifest();
  const std::string bytes = read_file(golden_folder() / "expected.f32");
  std::vector<float> expected(bytes.size() / sizeof(float));
  std::memcpy(expected.data(), bytes.data(), expected.size() * sizeof(float));
  std::map<std::string, double> largest;
  for (const Json& test : golden.at("cases")) {
    SCOPED_TRACE(test.dump());
    const VideoProcessor processor = VideoProcessor::from_json(test.at("config"), "manifest.json");
    std::vector<Video> videos;
    for (const Json& name : test.at("clips")) {
      videos.push_back(load_video(golden_folder() / name.get<std::string>()));
      videos.back().fps = golden.at("rate").get<double>();
    }
    const ModelInputs inputs = processor.process(videos, {.sampling = parse_sampling(test.at("options"))});
    EXPECT_EQ(inputs.tensors.size(), test.at("outputs").size());
    for (const Json& output : test.at("outputs")) {
      const Tensor& tensor = inputs.at(output.at("name").get<std::string>());
      ASSERT_EQ(tensor.shape(), output.at("shape").get<std::vector<int64_t>>());
      const size_t offset = output.at("offset").get<size_t>();
      ASSERT_LE(offset + static_cast<size_t>(tensor.num_elements()), expected.size());
      double difference = 0;
      for (int64_t i = 0; i < tensor.num_elements(); ++i) {
        const double error = std::fabs(tensor.get(i) - double{expected[offset + static_cast<size_t>(i)]});
        difference = std::isnan(error) ? INFINITY : std::max(difference, error);
      }
      EXPECT_LE(difference, is_float(tensor.dtype()) ? 1e-5 : 0.0);
      double& most = largest[processor.type()];
      most = std::max(most, difference);
    }
  }
  for (const auto& [type, difference] : largest) RecordProperty(type, std::to_string(difference * 1e6) + "e-6");
  const std::string supported = supported_video_processors();
  EXPECT_EQ(static_cast<size_t>(std::count(supported.begin(), supported.end(), ',')) + 1, largest.size());
}

TEST(VideoProcess, BadInputIsAnError) {
  const auto processor_of = [](const std::string& json) {
    return VideoProcessor::from_json(parse_json(json, "test"), "video_preprocessor_config.json");
  };
  EXPECT_ERROR(processor_of("3"), ErrorCode::invalid_model, "JSON object");
  EXPECT_ERROR(processor_of("{}"), ErrorCode::unsupported_model, "video_processor_type");
  EXPECT_ERROR(processor_of(R"({"video_processor_type": "X"})"), ErrorCode::unsupported_model,
               "supported are VideoMAE");
  EXPECT_ERROR(processor_of(R"({"video_processor_type": "LlavaOnevisionVideoProcessor", "do_center_crop": true})"),
               ErrorCode::invalid_model, "crop_size");
  const VideoProcessor processor = processor_of(R"({"image_processor_type": "VideoMAEImageProcessor"})");
  EXPECT_EQ(processor.type(), "VideoMAEVideoProcessor");
  EXPECT_ERROR(processor.process(std::vector<Video>{}), ErrorCode::invalid_argument, "no video");
  EXPECT_ERROR(processor.process(Video{}), ErrorCode::invalid_argument, "no frames");
  const Image small{2, 2, std::vector<uint8_t>(12)};
  const Image wide{4, 2, std::vector<uint8_t>(24)};
  EXPECT_ERROR(processor.process(Video{{small, wide}, 0}), ErrorCode::invalid_argument, "frame 1 of video 0");
  EXPECT_ERROR(processor.process(std::vector<Video>{{{small}, 0}, {{small, small}, 0}}), ErrorCode::invalid_argument,
               "one by one");
  EXPECT_ERROR(processor.process(Video{{small}, 0}, {.sampling = {.num_frames = 2}}), ErrorCode::invalid_argument,
               "2 frames are to be sampled from a video of 1");
}

}  // namespace
}  // namespace accelerate
