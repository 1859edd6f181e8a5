#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "preprocess/audio/audio.h"

namespace accelerate {

/// What an audio file may make the decoder allocate. The header's length is never trusted: memory grows with the
/// samples that really come, up to the limit.
struct AudioLimits {
  int64_t max_samples = int64_t{1} << 28;  // of all channels together: 1 GiB as f32
  int64_t max_channels = 64;
  int64_t max_sample_rate = 768'000;  // in hertz
};

/// The formats that decode_audio reads: "WAV, RF64, W64, AIFF, AU, CAF, FLAC, Ogg (Vorbis, Opus), MP3".
std::string_view supported_audio_formats();

/// Decodes a whole file, chosen by its first bytes, by libsndfile: integers are scaled by 2^-(bits - 1).
/// Errors: unsupported_format if the bytes are none of these formats or a codec that libsndfile was built without;
/// invalid_argument if the file is empty, damaged, holds no samples, samples that are not finite, or exceeds the
/// limits.
Audio decode_audio(std::span<const std::byte> bytes, const AudioLimits& limits = {});

/// decode_audio of a file's content. Errors: also those of read_file; each names the file.
Audio load_audio(const std::filesystem::path& path, const AudioLimits& limits = {});

}  // namespace accelerate
