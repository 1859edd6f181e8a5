#pragma once
#include <cstddef>
#include <span>

#include "preprocess/image/image.h"

namespace accelerate {

/// The EXIF orientation (1 to 8) that a JPEG, PNG or WebP file carries in its EXIF block, or else in its XMP
/// packet; 1 if there is none or it cannot be read. Never fails.
/// Source: CIPA DC-008 (EXIF 2.32) section 4.6.4, tag 0x0112.
int find_orientation(std::span<const std::byte> file);

/// The picture turned upright; orientation 1 and values outside [1, 8] leave it as it is.
Image apply_orientation(Image image, int orientation);

}  // namespace accelerate
