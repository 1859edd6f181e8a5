#include "preprocess/audio/decode.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace accelerate {
namespace {

/// A file in memory, read by libsndfile's callbacks.
struct Source {
  std::span<const std::byte> bytes;
  sf_count_t position = 0;

  sf_count_t size() const { return static_cast<sf_count_t>(bytes.size()); }
};

sf_count_t source_size(void* user) {
  return static_cast<Source*>(user)->size();
}

sf_count_t source_seek(sf_count_t offset, int whence, void* user) {
  auto& source = *static_cast<Source*>(user);
  const sf_count_t size = source.size();
  const sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source.position : size;
  // Added without overflow: every base lies in [0, size].
  if (offset > size - base || offset < -base) {
    source.position = offset < 0 ? 0 : size;
  } else {
    source.position = base + offset;
  }
  return source.position;
}

sf_count_t source_read(void* target, sf_count_t count, void* user) {
  auto& source = *static_cast<Source*>(user);
  count = std::clamp<sf_count_t>(count, 0, source.size() - source.position);
  if (count > 0) std::memcpy(target, source.bytes.data() + source.position, static_cast<size_t>(count));
  source.position += count;
  return count;
}

sf_count_t source_tell(void* user) {
  return static_cast<Source*>(user)->position;
}

bool has(std::span<const std::byte> bytes, std::string_view magic, size_t offset = 0) {
  return bytes.size() >= offset + magic.size() && std::memcmp(bytes.data() + offset, magic.data(), magic.size()) == 0;
}

/// The name of a format that is read; empty if the bytes are none.
std::string_view format_of(std::span<const std::byte> bytes) {
  if ((has(bytes, "RIFF") || has(bytes, "RIFX")) && has(bytes, "WAVE", 8)) return "WAV";
  if (has(bytes, "RF64") && has(bytes, "WAVE", 8)) return "RF64";
  if (has(bytes, "riff\x2E\x91\xCF\x11")) return "W64";
  if (has(bytes, "FORM") && (has(bytes, "AIFF", 8) || has(bytes, "AIFC", 8))) return "AIFF";
  if (has(bytes, ".snd") || has(bytes, "dns.")) return "AU";
  if (has(bytes, "caff")) return "CAF";
  if (has(bytes, "fLaC")) return "FLAC";
  if (has(bytes, "OggS")) return "Ogg";
  if (has(bytes, "ID3")) return "MP3";
  if (bytes.size() >= 2 && bytes[0] == std::byte{0xFF}) {
    const auto second = static_cast<unsigned>(bytes[1]);
    // Sync word of eleven bits, layers III and II; layer 0 is AAC.
    if ((second & 0xE0U) == 0xE0U && ((second >> 1U) & 3U) != 0) return "MP3";
  }
  return "";
}

/// Formats that people do pass and that are told apart only for a better message.
std::string_view recognised_name(std::span<const std::byte> bytes) {
  if (has(bytes, "ftyp", 4)) return "MP4 or M4A";
  if (has(bytes, "\x1A\x45\xDF\xA3")) return "WebM or Matroska";
  if (has(bytes, "RIFF") && has(bytes, "AVI ", 8)) return "AVI";
  if (has(bytes, "#!AMR")) return "AMR";
  if (has(bytes, "wvpk")) return "WavPack";
  if (has(bytes, "\x30\x26\xB2\x75")) return "WMA";
  if (has(bytes, "FLV")) return "FLV";
  if (bytes.size() >= 2 && bytes[0] == std::byte{0xFF} && (bytes[1] & std::byte{0xF6}) == std::byte{0xF0}) return "AAC";
  return "";
}

[[noreturn]] void fail_damaged_audio(std::string_view format, std::string_view reason) {
  fail(ErrorCode::invalid_argument, "cannot decode the {} file: {}; the file is damaged or truncated", format,
       printable(reason));
}

struct Close {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using File = std::unique_ptr<SNDFILE, Close>;

File open_source(Source& source, SF_INFO& info, std::string_view format) {
  SF_VIRTUAL_IO callbacks{};
  callbacks.get_filelen = source_size;
  callbacks.seek = source_seek;
  callbacks.read = source_read;
  callbacks.tell = source_tell;
  File file(sf_open_virtual(&callbacks, SFM_READ, &info, &source));
  if (file != nullptr) return file;
  const int code = sf_error(nullptr);
  const std::string reason = sf_strerror(nullptr);
  if (code == SF_ERR_UNRECOGNISED_FORMAT || code == SF_ERR_UNSUPPORTED_ENCODING) {
    fail(ErrorCode::unsupported_format, "the {} file cannot be opened: {}; convert it to 16-bit PCM WAV", format,
         printable(reason));
  }
  fail_damaged_audio(format, reason);
}

void check_header(const SF_INFO& info, std::string_view format, const AudioLimits& limits) {
  if (info.channels < 1 || info.channels > limits.max_channels) {
    fail(ErrorCode::invalid_argument, "the {} file has {} channels; expected 1 to {}", format, info.channels,
         limits.max_channels);
  }
  if (info.samplerate < 1 || info.samplerate > limits.max_sample_rate) {
    fail(ErrorCode::invalid_argument, "the {} file has a sample rate of {} Hz; expected 1 to {}", format,
         info.samplerate, limits.max_sample_rate);
  }
}

}  // namespace

std::string_view supported_audio_formats() {
  return "WAV, RF64, W64, AIFF, AU, CAF, FLAC, Ogg (Vorbis, Opus), MP3";
}

Audio decode_audio(std::span<const std::byte> bytes, const AudioLimits& limits) {
  if (bytes.empty()) {
    fail(ErrorCode::invalid_argument, "the audio file is empty; expected one of {}", supported_audio_formats());
  }
  const std::string_view format = format_of(bytes);
  if (format.empty()) {
    const std::string_view name = recognised_name(bytes);
    if (!name.empty()) {
      fail(ErrorCode::unsupported_format, "{} files are not supported; convert the file to one of {}", name,
           supported_audio_formats());
    }
    fail(ErrorCode::unsupported_format, "the file is not audio of a known format ({} bytes); expected one of {}",
         bytes.size(), supported_audio_formats());
  }
  Source source{bytes};
  SF_INFO info{};
  const File file = open_source(source, info, format);
  check_header(info, format, limits);
  Audio audio;
  audio.sample_rate = info.samplerate;
  audio.channels = info.channels;
  constexpr int64_t kBlockSamples = int64_t{1} << 16;
  const int64_t block_frames = kBlockSamples / audio.channels;
  try {
    for (;;) {
      const size_t used = audio.samples.size();
      audio.samples.resize(used + static_cast<size_t>(block_frames * audio.channels));
      const sf_count_t frames = sf_readf_float(file.get(), audio.samples.data() + used, block_frames);
      const auto got = static_cast<size_t>(std::clamp<sf_count_t>(frames, 0, block_frames) * audio.channels);
      audio.samples.resize(used + got);
      if (got == 0) break;
      if (static_cast<int64_t>(audio.samples.size()) > limits.max_samples) {
        fail(ErrorCode::invalid_argument,
             "the {} file holds more than {} samples (about {} s of {} channels); cut it into shorter clips", format,
             limits.max_samples, limits.max_samples / audio.channels / audio.sample_rate, audio.channels);
      }
    }
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::out_of_memory, "no memory for the samples of the {} file", format);
  }
  if (audio.samples.empty()) {
    const int code = sf_error(file.get());
    fail_damaged_audio(format, code == SF_ERR_NO_ERROR ? "it holds no samples" : sf_strerror(file.get()));
  }
  for (size_t i = 0; i < audio.samples.size(); ++i) {
    if (std::isfinite(audio.samples[i])) continue;
    fail(ErrorCode::invalid_argument, "sample {} of the {} file is not a finite number", i, format);
  }
  return audio;
}

Audio load_audio(const std::filesystem::path& path, const AudioLimits& limits) {
  const std::string content = read_file(path, size_t{2} << 30);
  try {
    return decode_audio(std::as_bytes(std::span(content)), limits);
  } catch (Error& error) {
    error.in("audio file " + printable(path.string()));
    throw;
  }
}

}  // namespace accelerate
