#include "preprocess/audio/feature_extractor.h"

#include <fmt/core.h>

#include <utility>

#include "base/error.h"
#include "preprocess/audio/extractors/families.h"
#include "preprocess/audio/resample.h"
#include "preprocess/processor_file.h"

namespace accelerate {
namespace {

struct ExtractorClass {
  std::string_view type;
  std::string_view model_types;  // each surrounded by spaces
  std::shared_ptr<const AudioFamily> (*make)(const Json&);
};

/// Source: transformers 5.23, models/auto/feature_extraction_auto.py.
constexpr ExtractorClass kClasses[] = {
    {"ASTFeatureExtractor", " audio-spectrogram-transformer ", make_ast},
    {"ClapFeatureExtractor", " clap ", make_clap},
    {"ClvpFeatureExtractor", " clvp ", make_clvp},
    {"DacFeatureExtractor", " dac higgs_audio_v2_tokenizer xcodec ", make_dac},
    {"DiaFeatureExtractor", " dia ", make_dia},
    {"EncodecFeatureExtractor", " encodec csm mimi moshi musicgen pocket_tts_audio_tokenizer ", make_encodec},
    {"Gemma3nAudioFeatureExtractor", " gemma3n ", make_gemma3n},
    {"GraniteSpeechFeatureExtractor", " granite_speech granite_speech_plus ", make_granite_speech},
    {"LasrFeatureExtractor", " lasr_ctc lasr_encoder ", make_lasr},
    {"ParakeetFeatureExtractor", " canary parakeet_ctc parakeet_encoder parakeet_rnnt parakeet_tdt ", make_parakeet},
    {"Phi4MultimodalFeatureExtractor", " phi4_multimodal ", make_phi4},
    {"SeamlessM4TFeatureExtractor", " seamless_m4t seamless_m4t_v2 ", make_seamless_m4t},
    {"Speech2TextFeatureExtractor", " speech_to_text ", make_speech_to_text},
    {"SpeechT5FeatureExtractor", " speecht5 ", make_speecht5},
    {"UnivNetFeatureExtractor", " univnet ", make_univnet},
    {"Wav2Vec2FeatureExtractor",
     " wav2vec2 data2vec-audio hubert moonshine sew sew-d unispeech unispeech-sat wav2vec2-bert wav2vec2-conformer "
     "wavlm ",
     make_wav2vec2},
    {"WhisperFeatureExtractor", " whisper audioflamingo3 glmasr qwen2_5_omni qwen2_audio qwen3_omni_moe voxtral ",
     make_whisper},
};

const ExtractorClass& find_class(const Json& json, std::string_view model_type) {
  const std::string type = json_string(json, "feature_extractor_type", std::string());
  const std::string key = fmt::format(" {} ", model_type);
  for (const ExtractorClass& entry : kClasses) {
    const bool found = type.empty() ? entry.model_types.find(key) != std::string_view::npos : entry.type == type;
    if (found) return entry;
  }
  if (!type.empty()) {
    fail(ErrorCode::unsupported_model, "feature extractor \"{}\" is not supported; supported are {}", printable(type),
         supported_feature_extractors());
  }
  fail(ErrorCode::unsupported_model,
       "feature_extractor_type is not given, and model type \"{}\" has no supported default; supported are {}",
       printable(model_type), supported_feature_extractors());
}

}  // namespace

std::string supported_feature_extractors() {
  std::string names;
  for (const ExtractorClass& entry : kClasses) {
    if (!names.empty()) names += ", ";
    names += entry.type;
  }
  return names;
}

AudioFeatureExtractor AudioFeatureExtractor::from_json(const Json& json, std::string_view what,
                                                       std::string_view model_type) {
  try {
    if (!json.is_object()) fail(ErrorCode::invalid_model, "expected a JSON object, found {}", json.type_name());
    const ExtractorClass& entry = find_class(json, model_type);
    return {std::string(entry.type), entry.make(json)};
  } catch (Error& error) {
    error.in(std::string(what));
    throw;
  }
}

AudioFeatureExtractor AudioFeatureExtractor::from_files(const FileSet& files) {
  constexpr std::string_view kPlain[] = {"preprocessor_config.json"};
  const ProcessorFile file = read_processor_file(files, "feature_extractor", kPlain);
  return from_json(file.json, file.name, file.model_type);
}

ModelInputs AudioFeatureExtractor::process(std::span<const Audio> clips, const AudioOptions& options) const {
  if (clips.empty()) fail(ErrorCode::invalid_argument, "no audio clip is given");
  for (const double draw : options.draws) {
    if (!(draw >= 0 && draw < 1)) fail(ErrorCode::invalid_argument, "a draw is {}; expected a number in [0, 1)", draw);
  }
  std::vector<Audio> prepared;
  std::vector<Clip> views;
  prepared.reserve(clips.size());
  for (size_t i = 0; i < clips.size(); ++i) {
    if (clips[i].samples.empty()) fail(ErrorCode::invalid_argument, "clip {} holds no samples", i);
    Audio mixed = num_channels() == 2 ? mix_to_stereo(clips[i]) : mix_to_mono(clips[i]);
    if (mixed.sample_rate != sampling_rate()) mixed = resample(mixed, sampling_rate());
    const Audio& kept = prepared.emplace_back(std::move(mixed));
    views.push_back({kept.samples, kept.channels});
  }
  return family_->extract(views, options);
}

ModelInputs AudioFeatureExtractor::process(const Audio& clip, const AudioOptions& options) const {
  return process({&clip, 1}, options);
}

}  // namespace accelerate
