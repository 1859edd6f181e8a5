#include "inputs.h"

#include "base/error.h"
#include "casters.h"
#include "preprocess/audio/decode.h"
#include "preprocess/image/decode.h"

namespace accelerate::python {
namespace {

bool is_path(nb::handle object) {
  return PyUnicode_Check(object.ptr()) || nb::hasattr(object, "__fspath__");
}

std::string path_of(nb::handle object) {
  return nb::cast<std::string>(nb::str(object));
}

std::span<const std::byte> bytes_of(nb::handle object) {
  const auto bytes = nb::borrow<nb::bytes>(object);
  return {static_cast<const std::byte*>(bytes.data()), bytes.size()};
}

}  // namespace

Image image_of(nb::handle object) {
  if (is_path(object)) {
    const std::string path = path_of(object);
    const nb::gil_scoped_release release;
    return load_image(path);
  }
  if (PyBytes_Check(object.ptr())) return decode_image(bytes_of(object));
  nb::object source = nb::borrow(object);
  if (nb::hasattr(object, "convert") && nb::hasattr(object, "getbands"))  // PIL
    source = nb::module_::import_("numpy").attr("asarray")(object.attr("convert")("RGB"));
  const Tensor pixels = tensor_of(source);
  const int rank = pixels.rank();
  const int64_t channels = rank == 3 ? pixels.dim(2) : 1;
  if (pixels.dtype() != DType::u8 || rank < 2 || rank > 3 || (rank == 3 && channels != 3 && channels != 4) ||
      pixels.num_elements() == 0)
    fail(ErrorCode::invalid_argument,
         "an image is {}; expected a path, bytes of a file, a PIL image, or u8[height, width, 3]",
         pixels.type().to_string());
  Image out{.width = pixels.dim(1), .height = pixels.dim(0)};
  out.rgb.resize(static_cast<size_t>(out.width * out.height * 3));
  const auto* from = pixels.as<uint8_t>();
  for (int64_t i = 0; i < out.width * out.height; ++i) {
    for (int64_t c = 0; c < 3; ++c) out.rgb[static_cast<size_t>(3 * i + c)] = from[channels * i + (rank == 2 ? 0 : c)];
  }
  return out;
}

Audio audio_of(nb::handle object, std::optional<int64_t> sample_rate) {
  if (is_path(object)) {
    const std::string path = path_of(object);
    const nb::gil_scoped_release release;
    return load_audio(path);
  }
  if (PyBytes_Check(object.ptr())) return decode_audio(bytes_of(object));
  if (PyDict_Check(object.ptr())) {
    const auto dict = nb::borrow<nb::dict>(object);
    const char* const key = dict.contains("raw") ? "raw" : "array";
    if (!dict.contains(key) || !dict.contains("sampling_rate"))
      fail(ErrorCode::invalid_argument, "a sound given as a dict needs \"array\" (or \"raw\") and \"sampling_rate\"");
    return audio_of(dict[key], nb::cast<int64_t>(dict["sampling_rate"]));
  }
  Tensor samples = tensor_of(object);
  if (!is_float(samples.dtype()) || samples.rank() < 1 || samples.rank() > 2 || samples.num_elements() == 0)
    fail(ErrorCode::invalid_argument, "a sound is {}; expected a path, bytes of a file, or samples f32[time]",
         samples.type().to_string());
  if (!sample_rate || *sample_rate <= 0)
    fail(ErrorCode::invalid_argument, "samples need their rate in hertz: {{\"array\": ..., \"sampling_rate\": 16000}}");
  samples = samples.cast(DType::f32);
  Audio out{.sample_rate = *sample_rate, .channels = samples.rank() == 2 ? samples.dim(1) : 1};
  const auto values = samples.values<float>();
  out.samples.assign(values.begin(), values.end());
  return out;
}

Video video_of(nb::handle object) {
  if (is_path(object)) {
    const std::string path = path_of(object);
    const nb::gil_scoped_release release;
    return load_video(path);
  }
  if (PyBytes_Check(object.ptr()) || !nb::hasattr(object, "__iter__"))
    fail(ErrorCode::invalid_argument, "a video is a {}; expected a path or a sequence of pictures", kind_of(object));
  Video out;
  for (nb::handle frame : object) out.frames.push_back(image_of(frame));
  return out;
}

}  // namespace accelerate::python
