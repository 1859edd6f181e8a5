#include "preprocess/image/sizes.h"

#include <algorithm>
#include <cmath>

namespace accelerate {

int64_t truncated(double value) {
  return static_cast<int64_t>(value);
}

ImageSize with_shortest_edge(ImageSize image, int64_t edge) {
  const int64_t shorter = std::min(image.height, image.width);
  const int64_t longer = std::max(image.height, image.width);
  const int64_t scaled = truncated(static_cast<double>(edge * longer) / static_cast<double>(shorter));
  return image.width <= image.height ? ImageSize{scaled, edge} : ImageSize{edge, scaled};
}

int64_t rounded(double value) {
  return static_cast<int64_t>(std::nearbyint(value));
}

ImageSize with_aspect_ratio(ImageSize image, int64_t edge, int64_t limit) {
  const auto height = static_cast<double>(image.height);
  const auto width = static_cast<double>(image.width);
  const double shorter = std::min(height, width);
  const double longer = std::max(height, width);
  double exact = static_cast<double>(edge);
  if (longer / shorter * static_cast<double>(edge) > static_cast<double>(limit)) {
    exact = static_cast<double>(limit) * shorter / longer;
    edge = static_cast<int64_t>(std::nearbyint(exact));
  }
  if ((image.height <= image.width && image.height == edge) || (image.width <= image.height && image.width == edge)) {
    return image;
  }
  if (image.width < image.height) return {truncated(exact * height / width), edge};
  return {edge, truncated(exact * width / height)};
}

ImageSize apply_size_rule(const SizeRule& rule, ImageSize image) {
  if (rule.shortest_edge != 0 && rule.longest_edge != 0) {
    return with_aspect_ratio(image, rule.shortest_edge, rule.longest_edge);
  }
  if (rule.shortest_edge != 0) return with_shortest_edge(image, rule.shortest_edge);
  if (rule.max_height != 0) {
    const double scale = std::min(static_cast<double>(rule.max_height) / static_cast<double>(image.height),
                                  static_cast<double>(rule.max_width) / static_cast<double>(image.width));
    return {truncated(static_cast<double>(image.height) * scale), truncated(static_cast<double>(image.width) * scale)};
  }
  return rule.height != 0 ? ImageSize{rule.height, rule.width} : image;
}

}  // namespace accelerate
