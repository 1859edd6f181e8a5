#pragma once
#include <nanobind/nanobind.h>

#include <optional>

#include "preprocess/audio/audio.h"
#include "preprocess/image/image.h"
#include "preprocess/video/video.h"

namespace accelerate::python {

/// A path, bytes of a file, a PIL image, or u8 [H,W,3], [H,W,4] or [H,W]. Errors: invalid_argument; those of
/// load_image.
Image image_of(nanobind::handle object);
/// A path, bytes of a file, a dict with "array" or "raw" and "sampling_rate", or samples [T] or [T,channels] with
/// `sample_rate`. Errors: invalid_argument; those of load_audio.
Audio audio_of(nanobind::handle object, std::optional<int64_t> sample_rate);
/// A path (load_video), or a sequence of pictures. Errors: invalid_argument; those of load_video.
Video video_of(nanobind::handle object);

}  // namespace accelerate::python
