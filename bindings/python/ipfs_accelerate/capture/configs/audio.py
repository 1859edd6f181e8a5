"""Table entries of the audio families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import token_ids


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


_FRAMES = Recipe(features="frame")
_CHANNELS = Recipe(wave="channels")
_CODES = Recipe(settings={"codebooks": _codebooks})
_DETAILED = {"samples": (16000, 17600, 19200)}

CONFIGS: dict[str, Any] = {
    "ASTConfig": {"max_length": 64, "num_mel_bins": 32},
    "ClapAudioConfig": {"patch_embeds_hidden_size": 16, "hidden_size": 128, "num_attention_heads": [2, 2, 4, 4],
                        "spec_size": 64, "num_mel_bins": 16, "window_size": 4},
    "ClvpEncoderConfig": {"num_attention_heads": 2},
    "ClvpDecoderConfig": {"vocab_size": 256},
    "FastSpeech2ConformerConfig": {"num_mel_bins": 32},
    "FastSpeech2ConformerHifiGanConfig": {"model_in_channels": 32},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "audio_spectrogram_transformer": Recipe(values={"input_values": _spectrogram}),
    "clap": Recipe(values={"input_features": _clap_features}),
    "BarkFineModel": Recipe(also=("input_ids", "attention_mask"), values={"codebook_idx": lambda x: None},
                            forward={"codebook_idx": 2}, settings={"codebooks": _codebooks}),
    "canary": _FRAMES, "cohere_asr": _FRAMES, "parakeet": _FRAMES, "speech_to_text": _FRAMES, "seamless_m4t": _FRAMES,
    "seamless_m4t_v2": _FRAMES, "wav2vec2_bert": _FRAMES, "lasr": _FRAMES, "nemotron_asr_streaming": _FRAMES,
    "nemotron3_5_asr": _FRAMES, "granite_speech": _FRAMES,
    "CsmBackboneModel": _CODES,
    "dia": Recipe(values={"decoder_input_ids": _channel_codes}),
    "Data2VecAudioForXVector": Recipe(sizes=_DETAILED),
    "FastSpeech2ConformerHifiGan": Recipe(values={"spectrogram": _mel_spectrogram}),
}  # fmt: skip
