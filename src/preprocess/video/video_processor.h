#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "preprocess/model_inputs.h"
#include "preprocess/video/sampling.h"
#include "preprocess/video/video.h"

namespace accelerate {

/// The arguments of a call; what is absent is the file's or the class's.
struct VideoOptions {
  std::optional<bool> do_sample_frames;
  FrameSampling sampling;
};

/// One transformers class behind VideoProcessor. Immutable.
class VideoFamily {
 public:
  virtual ~VideoFamily() = default;
  virtual std::vector<int64_t> sample(int64_t total, double video_fps, const FrameSampling& sampling) const {
    return sample_frames(total, video_fps, sampling);
  }
  /// Videos of at least one frame; the frames of each have one size.
  virtual ModelInputs process(std::span<const Video> videos) const = 0;
};

/// Names of the supported classes, separated by ", ".
std::string supported_video_processors();

/// Turns videos into model inputs as the transformers video processor of a model folder does: frames are sampled if the
/// file or the call asks for it, each goes through the image pipeline in torchvision's arithmetic, and they are stacked
/// as pixel values [B,T,3,H,W] or, for Qwen2-VL, cut into patches with their grid. Immutable: one object serves any
/// number of threads. Source: transformers 5.23, video_processing_utils.py and models/*/video_processing_*.py.
class VideoProcessor {
 public:
  /// Reads processor_config.json (its "video_processor" object), or else video_preprocessor_config.json, or else
  /// preprocessor_config.json; config.json gives the model type of files that name no class.
  /// Errors: not_found if there is none of them; those of parse_json and from_json.
  static VideoProcessor from_files(const FileSet& files);

  /// Errors: unsupported_model if the class is not supported or not given; invalid_model if a value has the wrong type,
  /// is out of range or contradicts another. `what` names the file in errors.
  static VideoProcessor from_json(const Json& json, std::string_view what, std::string_view model_type = "");

  /// The transformers class, e.g. "VideoMAEVideoProcessor".
  const std::string& type() const { return type_; }

  /// Errors: invalid_argument if there is no video, one has no frames or frames of different sizes, they cannot form
  /// one batch, or the sampling is not possible.
  ModelInputs process(std::span<const Video> videos, const VideoOptions& options = {}) const;
  ModelInputs process(const Video& video, const VideoOptions& options = {}) const;

 private:
  VideoProcessor() = default;

  std::string type_;
  bool samples_ = false;
  FrameSampling sampling_;
  std::shared_ptr<const VideoFamily> family_;
};

}  // namespace accelerate
