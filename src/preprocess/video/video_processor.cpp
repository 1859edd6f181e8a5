#include "preprocess/video/video_processor.h"

#include <fmt/core.h>

#include <utility>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/processor_file.h"
#include "preprocess/video/video_families.h"

namespace accelerate {
namespace {

enum class VideoKind { stacked, offset, vjepa2, patches };

struct VideoClass {
  std::string_view type;
  std::string_view model_types;  // each surrounded by spaces
  VideoKind kind;
  std::string_view output;
  ImageProcessorConfig defaults;
};

constexpr SizeRule exact(int64_t side) {
  return {.height = side, .width = side};
}

const ImageProcessorConfig kCropped = {
    .default_to_square = false, .size = {.shortest_edge = 224}, .do_center_crop = true, .crop_size = exact(224)};
const ImageProcessorConfig kVivit = {.default_to_square = false,
                                     .size = {.shortest_edge = 256},
                                     .do_center_crop = true,
                                     .crop_size = exact(224),
                                     .rescale_factor = 1.0 / 127.5};
const ImageProcessorConfig kVjepa2 = {.default_to_square = false,
                                      .size = {.shortest_edge = 292},
                                      .do_center_crop = true,
                                      .crop_size = exact(256),
                                      .mean = kImageNetMeans,
                                      .std = kImageNetDeviations};
const ImageProcessorConfig kClipCropped = {.default_to_square = false,
                                           .size = {.shortest_edge = 224},
                                           .resample = Resample::bicubic,
                                           .do_center_crop = true,
                                           .crop_size = exact(224),
                                           .mean = kClipMeans,
                                           .std = kClipDeviations};
const ImageProcessorConfig kClipSquare = {
    .size = exact(384), .resample = Resample::bicubic, .mean = kClipMeans, .std = kClipDeviations};

/// Source: transformers 5.23, models/auto/video_processing_auto.py.
const VideoClass kClasses[] = {
    {"VideoMAEVideoProcessor", " videomae timesformer ", VideoKind::stacked, "pixel_values", kCropped},
    {"VivitVideoProcessor", " vivit ", VideoKind::offset, "pixel_values", kVivit},
    {"VJEPA2VideoProcessor", " vjepa2 ", VideoKind::vjepa2, "pixel_values_videos", kVjepa2},
    {"LlavaNextVideoVideoProcessor", " llava_next_video ", VideoKind::stacked, "pixel_values_videos", kClipCropped},
    {"LlavaOnevisionVideoProcessor", " llava_onevision ", VideoKind::stacked, "pixel_values_videos", kClipSquare},
    {"InstructBlipVideoVideoProcessor", " instructblipvideo ", VideoKind::stacked, "pixel_values", kClipSquare},
    {"Qwen2VLVideoProcessor", " qwen2_vl qwen2_5_vl qwen2_5_omni ", VideoKind::patches, "", kClipSquare},
};

/// Image processor and feature extractor names of older files stand for the video processors.
std::string class_name(const Json& json) {
  for (const std::string_view key : {"video_processor_type", "image_processor_type", "feature_extractor_type"}) {
    std::string name = json_string(json, key, std::string());
    for (const std::string_view legacy : {"ImageProcessor", "FeatureExtractor"}) {
      if (const size_t at = name.find(legacy); at != std::string::npos)
        name.replace(at, legacy.size(), "VideoProcessor");
    }
    if (!name.empty()) return name;
  }
  return "";
}

const VideoClass& find_class(const Json& json, std::string_view model_type) {
  const std::string name = class_name(json);
  const std::string key = fmt::format(" {} ", model_type);
  for (const VideoClass& entry : kClasses) {
    if (name.empty() ? entry.model_types.find(key) != std::string_view::npos : entry.type == name) return entry;
  }
  if (!name.empty()) {
    fail(ErrorCode::unsupported_model, "video processor \"{}\" is not supported; supported are {}", printable(name),
         supported_video_processors());
  }
  fail(ErrorCode::unsupported_model,
       "video_processor_type is not given, and model type \"{}\" has no supported default; supported are {}",
       printable(model_type), supported_video_processors());
}

ImageProcessorConfig parse_config(const Json& json, const VideoClass& entry) {
  ImageProcessorConfig defaults = entry.defaults;
  defaults.type = entry.type;
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  const auto size = json.find("size");
  if (entry.kind == VideoKind::vjepa2) {
    // transformers derives the size from the crop, whatever the file says.
    config.size = {.shortest_edge = truncated(static_cast<double>(config.crop_size.height * 256) / 224.0)};
  } else if (entry.kind == VideoKind::patches) {
    config.size = {};  // an area, read with the patch layout
  } else if (size != json.end() && size->is_number_integer()) {
    const int64_t side = json_int(json, "size", std::nullopt, 1, kMaxConfiguredSide);
    config.size = config.default_to_square ? exact(side) : SizeRule{.shortest_edge = side};
  } else {
    config.size = parse_size_fields(json, "size", config.size);
  }
  if (config.do_center_crop && config.crop_size.height == 0) {
    fail(ErrorCode::invalid_model, "do_center_crop is true but crop_size is not given");
  }
  config.do_pad = false;
  return config;
}

}  // namespace

std::string supported_video_processors() {
  std::string names;
  for (const VideoClass& entry : kClasses) {
    if (!names.empty()) names += ", ";
    names += entry.type;
  }
  return names;
}

VideoProcessor VideoProcessor::from_json(const Json& json, std::string_view what, std::string_view model_type) {
  try {
    if (!json.is_object()) fail(ErrorCode::invalid_model, "expected a JSON object, found {}", json.type_name());
    const VideoClass& entry = find_class(json, model_type);
    const ImageProcessorConfig config = parse_config(json, entry);
    VideoProcessor processor;
    processor.type_ = entry.type;
    processor.samples_ = json_bool(json, "do_sample_frames", false);
    const int64_t num_frames = json_int(json, "num_frames", 0, 0, 1 << 20);
    if (num_frames > 0) processor.sampling_.num_frames = num_frames;
    const double fps = json_double(json, "fps", 0.0);
    if (fps > 0) processor.sampling_.fps = fps;
    if (entry.kind == VideoKind::patches) {
      processor.family_ = make_frame_patches(json, config);
    } else {
      processor.family_ = make_stacked_frames(config, entry.output, entry.kind == VideoKind::offset);
    }
    return processor;
  } catch (Error& error) {
    error.in(std::string(what));
    throw;
  }
}

VideoProcessor VideoProcessor::from_files(const FileSet& files) {
  constexpr std::string_view kPlain[] = {"video_preprocessor_config.json", "preprocessor_config.json"};
  const ProcessorFile file = read_processor_file(files, "video_processor", kPlain);
  return from_json(file.json, file.name, file.model_type);
}

ModelInputs VideoProcessor::process(std::span<const Video> videos, const VideoOptions& options) const {
  if (videos.empty()) fail(ErrorCode::invalid_argument, "no video is given");
  const bool given = options.sampling.num_frames || options.sampling.fps;
  const bool samples = options.do_sample_frames.value_or(samples_ || given);
  std::vector<Video> chosen;
  for (size_t i = 0; i < videos.size(); ++i) {
    const Video& video = videos[i];
    if (video.frames.empty()) fail(ErrorCode::invalid_argument, "video {} has no frames", i);
    for (size_t k = 0; k < video.frames.size(); ++k) {
      const Image& frame = video.frames[k];
      const Image& first = video.frames[0];
      if (frame.width < 1 || frame.height < 1 || frame.width != first.width || frame.height != first.height ||
          static_cast<int64_t>(frame.rgb.size()) != frame.width * frame.height * 3) {
        fail(
            ErrorCode::invalid_argument,
            "frame {} of video {} is {} x {} pixels with {} bytes; expected width * height * 3, and {} x {} as frame 0",
            k, i, frame.width, frame.height, frame.rgb.size(), first.width, first.height);
      }
    }
    if (!samples) continue;
    Video& sampled = chosen.emplace_back();
    sampled.fps = video.fps;
    const auto total = static_cast<int64_t>(video.frames.size());
    for (const int64_t index : family_->sample(total, video.fps, given ? options.sampling : sampling_)) {
      sampled.frames.push_back(video.frames[static_cast<size_t>(index)]);
    }
  }
  return family_->process(samples ? std::span<const Video>(chosen) : videos);
}

ModelInputs VideoProcessor::process(const Video& video, const VideoOptions& options) const {
  return process({&video, 1}, options);
}

}  // namespace accelerate
