#pragma once
#include <cstdint>

#include "preprocess/audio/audio.h"

namespace accelerate {

/// The mean of the channels. Errors: invalid_argument if channels is not positive or does not divide the samples.
Audio mix_to_mono(const Audio& audio);

/// One channel copied to two; two are kept; others are first mixed to one. Errors: as mix_to_mono.
Audio mix_to_stereo(const Audio& audio);

/// The sound at another sample rate, by soxr at its quality "HQ": linear phase, 20 bits of precision, pass band up to
/// 91 % of the lower Nyquist frequency; what transformers' load_audio and librosa use. The result has ceil(T *
/// sample_rate / audio.sample_rate) frames. The same rate gives the same samples. Errors: invalid_argument if a rate is
/// outside [1, 768000] or if the result would be larger than 2^28 samples.
Audio resample(const Audio& audio, int64_t sample_rate);

}  // namespace accelerate
