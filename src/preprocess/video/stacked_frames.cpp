#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/image_processor.h"
#include "preprocess/video/video_families.h"

namespace accelerate {
namespace {

class StackedFrames : public VideoFamily {
 public:
  StackedFrames(const ImageProcessorConfig& config, std::string_view name, bool offset)
      : config_(config), name_(name), offset_(offset && config.do_rescale), processor_(pipeline(config, offset)) {}

  ModelInputs process(std::span<const Video> videos) const override {
    const auto batch = static_cast<int64_t>(videos.size());
    const auto frames = static_cast<int64_t>(videos[0].frames.size());
    const ImageSize size = processor_.output_size(videos[0].frames[0].height, videos[0].frames[0].width);
    check_batch(batch * frames, size);
    Tensor values(DType::f32, {batch, frames, 3, size.height, size.width});
    const int64_t frame_values = 3 * size.height * size.width;
    float* out = values.as<float>();
    for (size_t i = 0; i < videos.size(); ++i) {
      const Image& first = videos[i].frames[0];
      const ImageSize other = processor_.output_size(first.height, first.width);
      if (static_cast<int64_t>(videos[i].frames.size()) != frames || !(other == size)) {
        fail(
            ErrorCode::invalid_argument,
            "video {} comes out as {} frames of {} x {} and video 0 as {} of {} x {}; a batch needs one shape: process "
            "them one by one",
            i, videos[i].frames.size(), other.width, other.height, frames, size.width, size.height);
      }
      for (const Image& frame : videos[i].frames) {
        processor_.process(frame, std::span(out, static_cast<size_t>(frame_values)));
        out += frame_values;
      }
    }
    if (offset_) shift(values, size);
    ModelInputs inputs;
    inputs.add(name_, values);
    return inputs;
  }

 private:
  static ImageProcessorConfig pipeline(ImageProcessorConfig config, bool offset) {
    if (offset && config.do_rescale) config.do_normalize = false;
    return config;
  }

  void shift(Tensor& values, ImageSize size) const {
    const int64_t plane = size.height * size.width;
    for (int64_t i = 0; i < values.num_elements(); ++i) {
      const int64_t c = i / plane % 3;
      float& value = values.as<float>()[i];
      value -= 1.0F;
      if (config_.do_normalize)
        value = (value - static_cast<float>(config_.mean[c])) / static_cast<float>(config_.std[c]);
    }
  }

  ImageProcessorConfig config_;
  std::string name_;
  bool offset_;
  ImageProcessor processor_;
};

}  // namespace

std::shared_ptr<const VideoFamily> make_stacked_frames(const ImageProcessorConfig& config, std::string_view name,
                                                       bool offset) {
  return std::make_shared<StackedFrames>(config, name, offset);
}

}  // namespace accelerate
