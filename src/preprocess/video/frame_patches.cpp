#include <algorithm>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/families/patches.h"
#include "preprocess/image/pixel_table.h"
#include "preprocess/video/video_families.h"

namespace accelerate {
namespace {

class FramePatches : public VideoFamily {
 public:
  FramePatches(const Json& json, const ImageProcessorConfig& config)
      : config_(config),
        layout_(parse_patch_layout(json, kQwen2VLVideoPixels)),
        min_frames_(json_int(json, "min_frames", 4, 1, 1 << 20)),
        max_frames_(json_int(json, "max_frames", 768, 1, 1 << 20)),
        caps_pixels_(json_bool(json, "cap_pixels_per_frame", false)),
        max_tokens_(json_int(json, "max_video_tokens", 128'000, 1, 1 << 24)),
        table_(pixel_table(config)) {}

  std::vector<int64_t> sample(int64_t total, double video_fps, const FrameSampling& sampling) const override {
    return sample_frame_groups(total, video_fps, sampling, layout_.temporal_patch_size, min_frames_, max_frames_);
  }

  ModelInputs process(std::span<const Video> videos) const override {
    Tensor grid(DType::i64, {static_cast<int64_t>(videos.size()), 3});
    int64_t patches = 0;
    for (size_t i = 0; i < videos.size(); ++i) {
      const ImageSize size = target(videos[i], i);
      const auto frames = static_cast<int64_t>(videos[i].frames.size());
      int64_t* row = grid.as<int64_t>() + 3 * i;
      row[0] = (frames + layout_.temporal_patch_size - 1) / layout_.temporal_patch_size;
      row[1] = size.height / layout_.patch_size;
      row[2] = size.width / layout_.patch_size;
      patches += row[0] * row[1] * row[2];
    }
    check_batch(1, {patches, layout_.patch_values()});
    Tensor values(DType::f32, {patches, layout_.patch_values()});
    float* out = values.as<float>();
    for (size_t i = 0; i < videos.size(); ++i) {
      const int64_t* row = grid.as<int64_t>() + 3 * i;
      const ImageSize size = {row[1] * layout_.patch_size, row[2] * layout_.patch_size};
      for (int64_t t = 0; t < row[0]; ++t) {
        std::vector<Image> group;
        for (int64_t k = 0; k < layout_.temporal_patch_size; ++k) {
          // The last frame fills the last group up.
          const auto last = static_cast<int64_t>(videos[i].frames.size()) - 1;
          const int64_t at = std::min(t * layout_.temporal_patch_size + k, last);
          group.push_back(resize_for(config_, videos[i].frames[static_cast<size_t>(at)], size));
        }
        write_merged_patches(group, table_, layout_, out);
        out += row[1] * row[2] * layout_.patch_values();
      }
    }
    ModelInputs inputs;
    inputs.add("pixel_values_videos", values);
    inputs.add("video_grid_thw", grid);
    return inputs;
  }

 private:
  ImageSize target(const Video& video, size_t index) const {
    const int64_t factor = layout_.patch_size * layout_.merge_size;
    ImageSize size = {video.frames[0].height, video.frames[0].width};
    if (config_.do_resize) {
      int64_t max_pixels = layout_.max_pixels;
      if (caps_pixels_) {
        const int64_t total = truncated(static_cast<double>(max_tokens_ * factor * factor) * 0.9);
        const int64_t share = total * layout_.temporal_patch_size / static_cast<int64_t>(video.frames.size());
        max_pixels = std::max(std::min(max_pixels, share), truncated(static_cast<double>(layout_.min_pixels) * 1.05));
      }
      size = smart_resize(size, factor, layout_.min_pixels, max_pixels);
    }
    if (size.height % factor != 0 || size.width % factor != 0 || size.height == 0 || size.width == 0) {
      fail(ErrorCode::invalid_argument, "video {} has frames of {} x {} pixels; expected multiples of {}", index,
           size.width, size.height, factor);
    }
    return size;
  }

  ImageProcessorConfig config_;
  PatchLayout layout_;
  int64_t min_frames_;
  int64_t max_frames_;
  bool caps_pixels_;
  int64_t max_tokens_;
  std::vector<float> table_;
};

}  // namespace

std::shared_ptr<const VideoFamily> make_frame_patches(const Json& json, const ImageProcessorConfig& config) {
  return std::make_shared<FramePatches>(json, config);
}

}  // namespace accelerate
