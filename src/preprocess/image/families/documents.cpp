// Classes for pages: Donut.
#include <algorithm>
#include <vector>

#include "base/error.h"
#include "preprocess/image/families/families.h"
#include "preprocess/image/pixel_table.h"

namespace accelerate {
namespace {

/// A quarter turn clockwise.
Image turned(const Image& image) {
  Image out{image.height, image.width, std::vector<uint8_t>(image.rgb.size())};
  for (int64_t y = 0; y < out.height; ++y) {
    for (int64_t x = 0; x < out.width; ++x) {
      const uint8_t* from = image.rgb.data() + ((image.height - 1 - x) * image.width + y) * 3;
      std::copy_n(from, 3, out.rgb.data() + (y * out.width + x) * 3);
    }
  }
  return out;
}

class Donut : public ImageFamily {
 public:
  Donut(ImageProcessorConfig config, const Json& json)
      : config_(std::move(config)),
        thumbnail_(json_bool(json, "do_thumbnail", true)),
        aligns_(json_bool(json, "do_align_long_axis", false)),
        table_(pixel_table(config_)) {}

  ModelInputs process(std::span<const Image> images) const override {
    std::vector<Image> pages;
    for (size_t i = 0; i < images.size(); ++i) {
      pages.push_back(page(images[i]));
      if (pages[i].height == pages[0].height && pages[i].width == pages[0].width) continue;
      fail(ErrorCode::invalid_argument,
           "image {} comes out at {} x {} and image 0 at {} x {}; a batch needs one size: process them one by one", i,
           pages[i].width, pages[i].height, pages[0].width, pages[0].height);
    }
    const ImageSize size = {pages[0].height, pages[0].width};
    const auto batch = static_cast<int64_t>(pages.size());
    check_batch(batch, size);
    const int64_t plane = size.height * size.width;
    Tensor values(DType::f32, {batch, 3, size.height, size.width});
    for (int64_t i = 0; i < batch; ++i) {
      write_planes(pages[static_cast<size_t>(i)], table_, values.as<float>() + i * 3 * plane, size.width, plane);
    }
    ModelInputs inputs;
    inputs.add("pixel_values", values);
    return inputs;
  }

 private:
  Image page(const Image& image) const {
    const ImageSize target = {config_.size.height, config_.size.width};
    const bool turns = (target.width < target.height && image.width > image.height) ||
                       (target.width > target.height && image.width < image.height);
    Image out = aligns_ && turns ? turned(image) : image;
    if (config_.do_resize) {
      out =
          resize_for(config_, out, with_shortest_edge({out.height, out.width}, std::min(target.height, target.width)));
    }
    if (thumbnail_) out = resize_for(config_, out, thumbnail_size(out, target));
    if (!config_.do_pad) return out;
    if (out.height > target.height || out.width > target.width) {
      fail(ErrorCode::invalid_argument, "an image of {} x {} pixels comes out at {} x {}, which exceeds size {} x {}",
           image.width, image.height, out.width, out.height, target.width, target.height);
    }
    return place_on_black(out, target, (target.height - out.height) / 2, (target.width - out.width) / 2);
  }

  static ImageSize thumbnail_size(const Image& image, ImageSize target) {
    ImageSize size = {std::min(image.height, target.height), std::min(image.width, target.width)};
    if (size == ImageSize{image.height, image.width}) return size;
    const auto scaled = [](int64_t side, int64_t to, int64_t from) {
      return truncated(static_cast<double>(side * to) / static_cast<double>(from));
    };
    if (image.height > image.width) {
      size.width = scaled(image.width, size.height, image.height);
    } else if (image.width > image.height) {
      size.height = scaled(image.height, size.width, image.width);
    }
    return size;
  }

  ImageProcessorConfig config_;
  bool thumbnail_;
  bool aligns_;
  std::vector<float> table_;
};

std::shared_ptr<const ImageFamily> make_donut(const Json& json, const ImageProcessorConfig& defaults) {
  ImageProcessorConfig config = parse_image_settings(json, defaults);
  const auto size = json.find("size");
  if (size != json.end() && size->is_array()) {
    // The legacy form is [width, height].
    if (size->size() != 2) fail(ErrorCode::invalid_model, "size has {} values; expected [width, height]", size->size());
    const Json object = {{"width", (*size)[0]}, {"height", (*size)[1]}};
    config.size = parse_size_fields({{"size", object}}, "size", defaults.size);
  } else {
    config.size = parse_size_fields(json, "size", defaults.size);
  }
  if (config.size.height == 0 || config.size.width == 0) {
    fail(ErrorCode::invalid_model, "size has no height and width, which {} needs", config.type);
  }
  return std::make_shared<Donut>(std::move(config), json);
}

const ImageFamilyClass kClasses[] = {
    {"DonutImageProcessor",
     " donut-swin donut ",
     {.size = {.height = 2560, .width = 1920}, .do_pad = true},
     make_donut},
};

}  // namespace

std::span<const ImageFamilyClass> document_image_families() {
  return kClasses;
}

}  // namespace accelerate
