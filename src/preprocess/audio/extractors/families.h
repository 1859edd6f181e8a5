#pragma once
#include <memory>

#include "base/json.h"
#include "preprocess/audio/feature_extractor.h"

namespace accelerate {

/// One function a class of transformers (or a group that shares its code); each reads the class's settings.
/// Errors: invalid_model.
std::shared_ptr<const AudioFamily> make_wav2vec2(const Json& json);
std::shared_ptr<const AudioFamily> make_speecht5(const Json& json);
std::shared_ptr<const AudioFamily> make_encodec(const Json& json);
std::shared_ptr<const AudioFamily> make_dac(const Json& json);
std::shared_ptr<const AudioFamily> make_dia(const Json& json);
std::shared_ptr<const AudioFamily> make_whisper(const Json& json);
std::shared_ptr<const AudioFamily> make_clvp(const Json& json);
std::shared_ptr<const AudioFamily> make_univnet(const Json& json);
std::shared_ptr<const AudioFamily> make_clap(const Json& json);
std::shared_ptr<const AudioFamily> make_ast(const Json& json);
std::shared_ptr<const AudioFamily> make_seamless_m4t(const Json& json);
std::shared_ptr<const AudioFamily> make_speech_to_text(const Json& json);
std::shared_ptr<const AudioFamily> make_parakeet(const Json& json);
std::shared_ptr<const AudioFamily> make_lasr(const Json& json);
std::shared_ptr<const AudioFamily> make_phi4(const Json& json);
std::shared_ptr<const AudioFamily> make_gemma3n(const Json& json);
std::shared_ptr<const AudioFamily> make_granite_speech(const Json& json);

}  // namespace accelerate
