"""Table entries of the audio families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import attention_mask, input_ids, mels, padded_mask


def _spectrogram(x: Inputs) -> torch.Tensor:
    """[batch, frame, mel] of the configured length."""
    return x.normal("input_values", x.size("batch"), x.config.max_length, x.config.num_mel_bins)


def _clap_features(x: Inputs) -> torch.Tensor:
    """[batch, 1, frame, mel]: frames fill the square that the mel bins are folded into."""
    audio = x.audio
    frames = audio.spec_size * (audio.spec_size // audio.num_mel_bins)
    return x.normal("input_features", x.size("batch"), 1, frames, audio.num_mel_bins)


def _codebooks(x: Inputs) -> int:
    return x.first(("num_codebooks", "num_channels", "n_codes_total", "audio_num_codebooks"))


def _delayed_codes(x: Inputs) -> torch.Tensor:
    """[batch * codebook, target]"""
    return x.integers("codes", 1, 100, x.size("batch") * _codebooks(x), x.size("target"))


def _channel_codes(x: Inputs) -> torch.Tensor:
    """[batch, target, codebook]"""
    return x.integers("codes", 1, 100, x.size("batch"), x.size("target"), _codebooks(x))


def _mel_spectrogram(x: Inputs) -> torch.Tensor:
    """[batch, frame, mel]"""
    return x.normal("spectrogram", x.size("batch"), x.size("sequence"), x.first(("model_in_dim", "num_mel_bins"), 80))


_DELAYED = Recipe(values={"decoder_input_ids": _delayed_codes, "input_ids": lambda x: x.integers(
    "input_ids", 1, 100, x.size("batch") * _codebooks(x), x.size("sequence")),
    "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence")))})  # fmt: skip
_SPEECH = Recipe(features="frame", also=("input_features",), without=("input_features_mask",))
_FRAMES = Recipe(features="frame")
_CHANNELS = Recipe(wave="channels")
_CODES = Recipe(settings={"codebooks": _codebooks})
_DETAILED = {"samples": (16000, 17600, 19200)}

def _decoder_mels(x: Inputs) -> torch.Tensor:
    """[batch, frame, mel]"""
    return x.normal("decoder", x.size("batch"), 2 * x.size("target"), x.config.num_mel_bins)


def _stream(x: Inputs) -> torch.Tensor:
    """[batch, codebook, sequence]"""
    return x.integers("stream", 1, 100, x.size("batch"), x.config.num_codebooks, x.size("sequence"))


_LATENTS = Recipe(values={"latents": lambda x: x.normal("latents", x.size("batch"), x.config.hidden_size, x.size("sequence"))})
_VOCODER = Recipe(values={"spkr_id": lambda x: x.integers("speaker", 0, 2, x.size("batch"), 1),
                          "lang_id": lambda x: x.integers("language", 0, 2, x.size("batch"), 1)})  # fmt: skip
_FRAMES_ONLY = Recipe(only=("input_features", "attention_mask", "decoder_input_ids"))
_EMBEDDED = Recipe(also=("inputs_embeds", "attention_mask"), without=("input_ids",))
def _mel_frames(name: str) -> Any:
    """Maker of [batch, 2 * sequence, mel]."""
    return lambda x: x.normal(name, x.size("batch"), 2 * x.size("sequence"), x.config.mel_dim)


# The wave, and its features at the frame rate of the acoustic encoder.
_TWO_VIEWS = Recipe(
    only=("input_values", "input_features"), wave="channels",
    values={"input_features": lambda x: x.normal("features", x.size("batch"), x.size("samples") // 320, mels(x))},
)  # fmt: skip
_AS_LONG_AS_TEXT = Recipe(values={"input_features": lambda x: x.normal(
    "features", x.size("batch"), mels(x), 8 * x.size("sequence"))})  # fmt: skip
_UNPADDED = Recipe(wave="channels", without=("padding_mask",), sizes={"image": ((56, 56),) * 3})
_HEARD_AND_SEEN = Recipe(also=("pixel_values_videos",)).over(_UNPADDED)
_NO_MASK = Recipe(without=("attention_mask",))

CONFIGS: dict[str, Any] = {
    "VoxtralConfig": {"audio_token_id": 24},
    "VoxtralEncoderConfig": {"intermediate_size": 256},
    "Wav2Vec2BertConfig": {"vocab_size": 32}, "Wav2Vec2ConformerConfig": {"vocab_size": 32},
    "VibeVoiceAcousticTokenizerConfig": {"num_filters": 4}, "VibeVoiceAcousticTokenizerEncoderConfig": {"num_filters": 4},
    "VibeVoiceAcousticTokenizerDecoderConfig": {"num_filters": 4},
    "Nemotron3_5TranscribeWordTimestampConfig": {"blank_token_id": 500},
    "NeuCodecConfig": {"quantization_dim": 128}, "Xcodec2Config": {"quantization_dim": 128},
    "MuseSparkAudioConfig": {"hidden_sizes": [16, 16, 32, 32], "depths": [1, 1, 1, 1], "num_hidden_layers": 4, "out_hidden_size": 64},
    "Dots3NoteAudioConfig": {"adapter_input_size": 64},
    "VitsConfig": {"hidden_size": 32, "ffn_dim": 64, "flow_size": 32, "spectrogram_bins": 33, "upsample_initial_channel": 32,
                   "num_hidden_layers": 2, "posterior_encoder_num_wavenet_layers": 2, "prior_encoder_num_wavenet_layers": 2,
                   "duration_predictor_filter_channels": 32, "duration_predictor_num_flows": 2, "prior_encoder_num_flows": 2},
    "Qwen3OmniMoeTalkerTextConfig": {"shared_expert_intermediate_size": 32},
    "Qwen2_5OmniThinkerConfig": {"vision_start_token_id": 400, "audio_start_token_id": 401},
    "Qwen3OmniMoeThinkerConfig": {"vision_start_token_id": 400, "vision_end_token_id": 402},
    "Qwen2_5OmniDiTConfig": {"num_embeds": 64, "look_ahead_layers": [0], "look_backward_layers": [1], "enc_channels":
                             [16, 16, 16, 16, 48], "enc_attention_channels": 16, "enc_se_channels": 16, "enc_dim": 32,
                             "enc_emb_dim": 32, "emb_dim": 32, "head_dim": 16, "hidden_size": 64, "num_attention_heads": 4},
    "Qwen2_5OmniBigVGANConfig": {"upsample_initial_channel": 128},
    "ClapAudioConfig": {"patch_embeds_hidden_size": 16, "hidden_size": 128, "num_attention_heads": [2, 2, 4, 4],
                        "spec_size": 128, "num_mel_bins": 32, "window_size": 4},
    "ClvpEncoderConfig": {"num_attention_heads": 2},
    "ClvpDecoderConfig": {"vocab_size": 256},
    "FastSpeech2ConformerConfig": {"num_mel_bins": 80},
    "FastSpeech2ConformerHifiGanConfig": {"model_in_dim": 80}, "SpeechT5HifiGanConfig": {"model_in_dim": 80},
    "FunAsrNanoEncoderConfig": {"num_mel_bins": 16, "num_stacked_frames": 4, "hidden_size": 64},
    "FunAsrNanoAdaptorConfig": {"intermediate_size": 16},
    "GlmAsrEncoderConfig": {"intermediate_size": 256},
    "MoonshineStreamingConfig": {"num_key_value_heads": 4},
    "XcodecConfig": {"acoustic_model_config": {"model_type": "dac", "encoder_hidden_size": 16, "downsampling_ratios": [8, 5, 4, 2],
                                               "decoder_hidden_size": 64, "hidden_size": 256}},
    "ASTConfig": {"max_length": 64, "num_mel_bins": 32},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "VoxtralRealtimeModel": _AS_LONG_AS_TEXT, "VoxtralRealtimeForConditionalGeneration": _AS_LONG_AS_TEXT,
    "VibeVoiceAcousticTokenizerEncoderModel": Recipe(values={"hidden_states": lambda x: x.normal(
        "wave", x.size("batch"), 1, x.size("samples"))}),
    "VibeVoiceAcousticTokenizerDecoderModel": Recipe(values={"hidden_states": lambda x: x.normal(
        "latents", x.size("batch"), x.config.hidden_size, x.size("sequence"))}),
    "SpeechT5Model": Recipe(only=("input_values", "attention_mask", "decoder_input_values"), values={
        "input_values": lambda x: x.normal("states", x.size("batch"), x.size("sequence"), x.config.hidden_size),
        "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence"))),
        "decoder_input_values": lambda x: x.normal("decoder", x.size("batch"), x.size("target"), x.config.hidden_size)}),
    "qwen2_audio": Recipe(tokens={"audio": lambda x: (x.size("feature_frames") // 2 - 2) // 2 + 1}),
    "Qwen2_5OmniToken2WavDiTModel": Recipe(values={
        "hidden_states": _mel_frames("hidden"), "condition_vector": _mel_frames("condition"),
        "speaker_embedding": lambda x: x.normal("speaker", x.size("batch"), 2 * x.size("sequence"), x.config.enc_emb_dim),
        "quantized_code": lambda x: x.integers("code", 0, 60, x.size("batch"), x.size("sequence")),
        "time_step": lambda x: x.uniform("time", x.size("batch"))}),
    "Qwen2_5OmniToken2WavModel": Recipe(values={
        "code": lambda x: x.integers("code", 0, 60, x.size("batch"), x.size("sequence")),
        "conditioning": lambda x: x.normal("conditioning", x.size("batch"), x.config.dit_config.enc_emb_dim),
        "reference_mel": lambda x: x.normal("mel", x.size("batch"), 2 * x.size("sequence"), x.config.dit_config.mel_dim)},
        forward={"num_steps": 3}),
    "Phi4MultimodalAudioModel": Recipe(values={
        "hidden_states": lambda x: x.normal("mel", x.size("batch"), x.size("feature_frames"), x.config.input_size),
        "mask": lambda x: padded_mask((x.size("batch"), x.size("feature_frames")), 8, torch.bool)}),
    "SeamlessM4TCodeHifiGan": _VOCODER, "SeamlessM4Tv2CodeHifiGan": _VOCODER,
    "SeamlessM4TModel": _FRAMES_ONLY, "SeamlessM4Tv2Model": _FRAMES_ONLY,
    "SeamlessM4TTextToUnitModel": _EMBEDDED, "SeamlessM4TTextToUnitForConditionalGeneration": _EMBEDDED,
    "Pop2PianoForConditionalGeneration": Recipe(
        only=("input_features", "attention_mask", "decoder_input_ids"), features="frame",
        settings={"mels": lambda x: x.config.d_model}),
    "SpeechEncoderDecoderModel": Recipe(only=("input_values", "attention_mask", "decoder_input_ids")),
    "Qwen3OmniMoeCode2WavTransformerModel": _EMBEDDED, "Qwen3OmniMoeTalkerCodePredictorModel": _EMBEDDED,
    "Qwen3OmniMoeTalkerCodePredictorModelForConditionalGeneration": _EMBEDDED,
    "Qwen3OmniMoeTalkerForConditionalGeneration": _EMBEDDED, "Qwen3OmniMoeTalkerModel": _EMBEDDED,
    "Qwen3OmniMoeCode2WavDecoderBlock": Recipe(own_reason="a block of a model: its constructor takes a layer index as well"),
    "moss_transcribe_diarize": Recipe(also=("padding_mask",), values={"padding_mask": lambda x: torch.ones(
        x.size("batch"), 160 * x.size("feature_frames"), dtype=torch.bool)}),
    "musicflamingo": Recipe(tokens={"audio": lambda x: (x.size("feature_frames") // 2 - 2) // 2 + 1}),
    "MoshiForConditionalGeneration": Recipe(
        only=("input_ids", "attention_mask", "user_audio_codes", "moshi_audio_codes"),
        values={"user_audio_codes": _stream, "moshi_audio_codes": _stream}),
    "neucodec": _TWO_VIEWS, "xcodec2": _TWO_VIEWS,
    "Gemma4AudioModel": Recipe(features="frame", settings={"mels": 32}),
    "MimiDecoderModel": _LATENTS, "PocketTTSAudioTokenizerDecoderModel": _LATENTS,
    "MossTranscribeDiarizeAudioModel": _NO_MASK, "VoxtralEncoder": _NO_MASK, "VoxtralRealtimeEncoder": _NO_MASK, "Qwen2AudioEncoder": _NO_MASK,
    "CsmForConditionalGeneration": Recipe(without=("input_values",)),
    "univnet": Recipe(features="frame", settings={"mels": 100}),
    "pe_audio": _UNPADDED, "pe_audio_video": _HEARD_AND_SEEN, "pocket_tts_audio_tokenizer": _CHANNELS,
    "vibevoice_acoustic_tokenizer": _CHANNELS, "vibevoice": _CHANNELS, "vibevoice_asr": _CHANNELS, "xcodec": _CHANNELS,
    "UniSpeechSatForXVector": Recipe(sizes=_DETAILED), "Wav2Vec2ForXVector": Recipe(sizes=_DETAILED),
    "WavLMForXVector": Recipe(sizes=_DETAILED), "Wav2Vec2BertForXVector": Recipe(sizes={"feature_frames": (64, 80, 96)}),
    "Wav2Vec2ConformerForXVector": Recipe(sizes=_DETAILED),
    "SpeechT5HifiGan": Recipe(values={"spectrogram": _mel_spectrogram}),
    "SpeechT5ForTextToSpeech": Recipe(only=("input_ids", "attention_mask", "decoder_input_values"),
                                      values={"decoder_input_values": _decoder_mels}),
    "SpeechT5ForSpeechToSpeech": Recipe(only=("input_values", "attention_mask", "decoder_input_values"),
                                        values={"decoder_input_values": _decoder_mels}),
    "Qwen2_5OmniToken2WavBigVGANModel": Recipe(values={"mel_spectrogram": lambda x: x.normal(
        "mel", x.size("batch"), x.config.mel_dim, x.size("sequence"))}),
    "Qwen2_5OmniTalkerForConditionalGeneration": Recipe(also=("inputs_embeds", "input_text_ids"), without=("input_ids",)),
    "qwen3_asr": Recipe(sizes={"feature_frames": (100, 200, 300)}),
    "audio_spectrogram_transformer": Recipe(values={"input_values": _spectrogram}, without=("attention_mask",)),
    "clap": Recipe(values={"input_features": _clap_features}),
    "BarkFineModel": Recipe(also=("input_ids", "attention_mask"), without=("codebook_idx",), forward={"codebook_idx": 2},
                            settings={"codebooks": _codebooks}),
    "canary": _FRAMES, "cohere_asr": _FRAMES, "parakeet": _FRAMES, "speech_to_text": _FRAMES, "seamless_m4t": _FRAMES,
    "seamless_m4t_v2": _FRAMES, "wav2vec2_bert": _FRAMES, "lasr": _FRAMES, "nemotron_asr_streaming": _FRAMES,
    "nemotron3_5_asr": _FRAMES, "nemotron3_diarization": _FRAMES, "nemotron3_5_transcribe": _FRAMES,
    "granite_speech": _SPEECH, "granite_speech_plus": _SPEECH,
    "granite_speech5": Recipe(features="frame", settings={"mels": lambda x: 4 * x.first("num_mel_bins")}),
    "fun_asr_nano": Recipe(features="frame", settings={"mels": lambda x: x.first("num_mel_bins") * x.first("num_stacked_frames")}),
    "mimi": _CHANNELS, "encodec": _CHANNELS, "dac": _CHANNELS,
    "musicgen": _DELAYED, "musicgen_melody": _DELAYED, "MusicgenForConditionalGeneration": Recipe(values={
        "input_ids": input_ids, "attention_mask": attention_mask}),
    "MusicgenMelodyForConditionalGeneration": Recipe(features="frame", settings={"mels": 12}, values={"input_ids": input_ids, "attention_mask": attention_mask}),
    "InklingAudioModel": Recipe(values={"audio_input_ids": lambda x: x.integers("audio", 0, 16, x.size("batch"), x.size(
        "sequence"), x.first(("n_mel_bins", "num_mel_bins"), 8))}),
    "KyutaiSpeechToTextModel": Recipe(settings={"codebooks": lambda x: x.config.num_codebooks + 1}),
    "KyutaiSpeechToTextForConditionalGeneration": Recipe(settings={"codebooks": lambda x: x.config.num_codebooks + 1},
                                                         without=("input_values",)),
    "CsmBackboneModel": _CODES,
    "dia": Recipe(values={"decoder_input_ids": _channel_codes}),
    "Data2VecAudioForXVector": Recipe(sizes=_DETAILED),
    "FastSpeech2ConformerHifiGan": Recipe(values={"spectrogram": _mel_spectrogram}),
}  # fmt: skip


def _merged_by_two(config: Any) -> None:
    config.spatial_merge_size = 2


ADJUST: dict[str, Any] = {"Qwen3OmniMoeTalkerForConditionalGeneration": _merged_by_two,
                          "Qwen3OmniMoeTalkerModel": _merged_by_two}  # fmt: skip
