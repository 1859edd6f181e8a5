// Decoding, mixing and resampling of sound: lossless formats bit for bit, lossy ones by their error, bad files by
// Error.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>
#include <vector>

#include "base/error.h"
#include "error_matchers.h"
#include "preprocess/audio/decode.h"
#include "preprocess/audio/fourier.h"
#include "preprocess/audio/resample.h"

namespace accelerate {
namespace {

#define EXPECT_ERROR(expression, code, fragment) \
  EXPECT_TRUE(test::throws_error(code, {fragment}, [&] { static_cast<void>(expression); }))

struct Sink {
  std::string bytes;
  sf_count_t position = 0;
};

/// A file made by libsndfile's encoder.
std::string encode(const std::vector<float>& samples, int channels, int rate, int format) {
  Sink sink;
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) { return static_cast<sf_count_t>(static_cast<Sink*>(user)->bytes.size()); };
  io.tell = [](void* user) { return static_cast<Sink*>(user)->position; };
  io.seek = [](sf_count_t offset, int whence, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    const auto size = static_cast<sf_count_t>(sink.bytes.size());
    sink.position = offset + (whence == SEEK_SET ? 0 : whence == SEEK_CUR ? sink.position : size);
    return sink.position;
  };
  io.read = [](void* target, sf_count_t count, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    count = std::min(count, static_cast<sf_count_t>(sink.bytes.size()) - sink.position);
    std::memcpy(target, sink.bytes.data() + sink.position, static_cast<size_t>(count));
    sink.position += count;
    return count;
  };
  io.write = [](const void* source, sf_count_t count, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    const auto end = static_cast<size_t>(sink.position + count);
    if (sink.bytes.size() < end) sink.bytes.resize(end);
    std::memcpy(sink.bytes.data() + sink.position, source, static_cast<size_t>(count));
    sink.position += count;
    return count;
  };
  SF_INFO info{};
  info.channels = channels;
  info.samplerate = rate;
  info.format = format;
  SNDFILE* file = sf_open_virtual(&io, SFM_WRITE, &info, &sink);
  if (file == nullptr) return "";
  const auto frames = static_cast<sf_count_t>(samples.size()) / channels;
  const int subtype = format & SF_FORMAT_SUBMASK;
  if (subtype == SF_FORMAT_PCM_16 || subtype == SF_FORMAT_PCM_24 || subtype == SF_FORMAT_PCM_32) {
    // Exact in every format, where floats are scaled by 32767 in some.
    std::vector<int16_t> integers;
    for (const float sample : samples) integers.push_back(static_cast<int16_t>(sample * 32768.0F));
    sf_writef_short(file, integers.data(), frames);
  } else {
    sf_writef_float(file, samples.data(), frames);
  }
  sf_close(file);
  return sink.bytes;
}

Audio decode(const std::string& bytes, const AudioLimits& limits = {}) {
  return decode_audio(std::as_bytes(std::span(bytes)), limits);
}

/// Multiples of 2^-15, so that 16 bits hold them.
std::vector<float> sound(int64_t frames, int channels) {
  std::vector<float> samples;
  for (int64_t t = 0; t < frames; ++t) {
    for (int c = 0; c < channels; ++c) {
      const double wave = 0.6 * std::sin(0.05 * static_cast<double>(t) * (c + 1));
      samples.push_back(static_cast<float>(std::round(wave * 32768.0) / 32768.0));
    }
  }
  return samples;
}

TEST(AudioDecode, LosslessFormatsGiveTheSamples) {
  const std::vector<float> samples = sound(3001, 2);
  for (const int format :
       {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_WAV | SF_FORMAT_PCM_24, SF_FORMAT_WAV | SF_FORMAT_FLOAT,
        SF_FORMAT_WAV | SF_FORMAT_DOUBLE, SF_FORMAT_WAVEX | SF_FORMAT_PCM_32, SF_FORMAT_RF64 | SF_FORMAT_PCM_16,
        SF_FORMAT_W64 | SF_FORMAT_PCM_16, SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_AU | SF_FORMAT_PCM_16,
        SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16}) {
    SCOPED_TRACE(format);
    const std::string file = encode(samples, 2, 22050, format);
    ASSERT_FALSE(file.empty());
    const Audio audio = decode(file);
    EXPECT_EQ(audio.sample_rate, 22050);
    EXPECT_EQ(audio.channels, 2);
    EXPECT_EQ(audio.samples, samples);
  }
}

TEST(AudioDecode, LossyFormatsAreClose) {
  const std::vector<float> samples = sound(16000, 1);
  for (const int format : {SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_OGG | SF_FORMAT_OPUS,
                           SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_FORMAT_WAV | SF_FORMAT_ULAW}) {
    SCOPED_TRACE(format);
    const std::string file = encode(samples, 1, 16000, format);
    if (file.empty()) GTEST_SKIP() << "libsndfile was built without the encoder of format " << format;
    const Audio audio = decode(file);
    EXPECT_EQ(audio.sample_rate, 16000);
    ASSERT_GE(audio.num_frames(), 16000);
    // The best alignment: encoders add delay.
    double best = 1e9;
    for (int64_t delay = 0; delay <= audio.num_frames() - 16000; ++delay) {
      double error = 0;
      for (int64_t t = 2000; t < 14000; t += 7) {
        error += std::pow(double{audio.samples[t + delay]} - double{samples[t]}, 2);
      }
      best = std::min(best, error / (12000.0 / 7));
    }
    EXPECT_LT(std::sqrt(best), 0.03);
  }
}

TEST(AudioDecode, BadFilesAreErrors) {
  EXPECT_ERROR(decode(""), ErrorCode::invalid_argument, "empty");
  EXPECT_ERROR(decode("hello world"), ErrorCode::unsupported_format, "expected one of WAV");
  EXPECT_ERROR(decode(std::string("\0\0\0\x18"
                                  "ftypM4A ",
                                  12),
                      {}),
               ErrorCode::unsupported_format, "MP4");
  EXPECT_ERROR(decode("RIFF\x10\x10\x10\x10"
                      "WAVE"),
               ErrorCode::invalid_argument, "damaged");
  const std::string wav = encode(sound(1000, 1), 1, 8000, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
  const std::string header = wav.substr(0, 44);
  EXPECT_ERROR(decode(header), ErrorCode::invalid_argument, "no samples");
  // A header that promises 4 GB gives what is there.
  std::string lying = wav;
  lying.replace(40, 4, "\xF0\xFF\xFF\xFF");
  lying.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_LE(decode(lying).num_frames(), 1000);
  EXPECT_ERROR(decode(wav, {.max_samples = 100}), ErrorCode::invalid_argument, "more than 100 samples");
  EXPECT_ERROR(decode(wav, {.max_sample_rate = 4000}), ErrorCode::invalid_argument, "8000 Hz");
  EXPECT_ERROR(decode(encode({0.0F, NAN, 0.0F}, 1, 8000, SF_FORMAT_WAV | SF_FORMAT_FLOAT)), ErrorCode::invalid_argument,
               "sample 1");
  for (const size_t size : {size_t{13}, size_t{20}, size_t{36}, size_t{45}}) {
    try {
      decode(wav.substr(0, size));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what();
    }
  }
  EXPECT_ERROR(load_audio("/nonexistent/clip.wav"), ErrorCode::not_found, "clip.wav");
}

TEST(AudioResample, MixesChannels) {
  const Audio stereo{8000, 2, {1, 0, 0.5, -0.5, 0.25, 0.75}};
  EXPECT_EQ(mix_to_mono(stereo).samples, (std::vector<float>{0.5, 0, 0.5}));
  EXPECT_EQ(mix_to_stereo({8000, 1, {0.5, 1}}).samples, (std::vector<float>{0.5, 0.5, 1, 1}));
  EXPECT_ERROR(mix_to_mono({8000, 2, {1, 2, 3}}), ErrorCode::invalid_argument, "whole number of frames");
}

// A tone below both Nyquist frequencies stays the same tone; one above the new one goes.
TEST(AudioResample, KeepsTonesAndRemovesAliases) {
  const auto tone = [](double hertz, double rate, int64_t frames) {
    std::vector<float> samples;
    for (int64_t t = 0; t < frames; ++t) {
      samples.push_back(
          static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(t) / rate)));
    }
    return samples;
  };
  for (const auto& [from, to] : {std::pair{44100, 16000}, {8000, 16000}, {48000, 44100}, {16000, 22050}}) {
    SCOPED_TRACE(from);
    const int64_t frames = from + 17;
    const Audio out = resample({from, 1, tone(1000, from, frames)}, to);
    EXPECT_EQ(out.sample_rate, to);
    ASSERT_EQ(out.num_frames(), (frames * to + from - 1) / from);
    const std::vector<float> expected = tone(1000, to, out.num_frames());
    double largest = 0;
    for (int64_t t = to / 10; t < to * 9 / 10; ++t) {
      largest = std::max(largest, std::fabs(double{out.samples[t]} - double{expected[t]}));
    }
    EXPECT_LT(largest, 2e-5);
  }
  const Audio alias = resample({44100, 1, tone(12000, 44100, 44100)}, 16000);
  double largest = 0;
  for (int64_t t = 1600; t < 14400; ++t) largest = std::max(largest, std::fabs(double{alias.samples[t]}));
  EXPECT_LT(largest, 2e-5);
  EXPECT_ERROR(resample({44100, 1, {0.0F}}, 0), ErrorCode::invalid_argument, "44100 Hz to 0 Hz");
}

// Every length, primes and their products included, against the sum that defines the transform.
TEST(Fourier, MatchesTheDefinition) {
  for (const int64_t n : {1, 2, 3, 4, 5, 6, 7, 16, 30, 37, 64, 74, 100, 101, 202, 210, 322, 400, 402, 512, 961}) {
    SCOPED_TRACE(n);
    std::vector<double> in;
    for (int64_t i = 0; i < n; ++i) in.push_back(std::sin(0.7 * static_cast<double>(i * i % 91)) + 0.1);
    const RealFourier fourier(n);
    std::vector<Complex> out(static_cast<size_t>(fourier.num_bins()));
    RealFourier::Scratch scratch;
    fourier.transform(in, out, scratch);
    for (int64_t k = 0; k < fourier.num_bins(); ++k) {
      double re = 0;
      double im = 0;
      for (int64_t i = 0; i < n; ++i) {
        const double angle = -2 * std::numbers::pi * static_cast<double>(i * k % n) / static_cast<double>(n);
        re += in[i] * std::cos(angle);
        im += in[i] * std::sin(angle);
      }
      EXPECT_NEAR(out[k].re, re, 1e-10 * static_cast<double>(n));
      EXPECT_NEAR(out[k].im, im, 1e-10 * static_cast<double>(n));
    }
  }
}

}  // namespace
}  // namespace accelerate
