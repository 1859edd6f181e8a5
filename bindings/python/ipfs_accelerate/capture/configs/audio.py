"""Table entries of the audio families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import attention_mask, input_ids, padded_mask


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
    return x.normal("spectrogram", x.size("batch"), x.size("sequence"), x.first(("model_in_channels", "num_mel_bins"), 80))


_DELAYED = Recipe(values={"decoder_input_ids": _delayed_codes, "input_ids": lambda x: x.integers(
    "input_ids", 1, 100, x.size("batch") * _codebooks(x), x.size("sequence")),
    "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence")))})  # fmt: skip
_SPEECH = Recipe(features="frame", also=("input_features",))
_FRAMES = Recipe(features="frame")
_CHANNELS = Recipe(wave="channels")
_CODES = Recipe(settings={"codebooks": _codebooks})
_DETAILED = {"samples": (16000, 17600, 19200)}

CONFIGS: dict[str, Any] = {
    "ClapAudioConfig": {"patch_embeds_hidden_size": 16, "hidden_size": 128, "num_attention_heads": [2, 2, 4, 4],
                        "spec_size": 64, "num_mel_bins": 16, "window_size": 4},
    "ClvpEncoderConfig": {"num_attention_heads": 2},
    "ClvpDecoderConfig": {"vocab_size": 256},
    "FastSpeech2ConformerConfig": {"num_mel_bins": 80},
    "FastSpeech2ConformerHifiGanConfig": {"model_in_channels": 80},
    "FunAsrNanoEncoderConfig": {"num_mel_bins": 16, "num_stacked_frames": 4, "hidden_size": 64},
    "FunAsrNanoAdaptorConfig": {"intermediate_size": 16},
    "GlmAsrEncoderConfig": {"intermediate_size": 256},
    "MoonshineStreamingConfig": {"num_key_value_heads": 4},
    "ASTConfig": {"max_length": 64, "num_mel_bins": 32},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "audio_spectrogram_transformer": Recipe(values={"input_values": _spectrogram}),
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
    "MusicgenMelodyForConditionalGeneration": Recipe(values={"input_ids": input_ids, "attention_mask": attention_mask}),
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
