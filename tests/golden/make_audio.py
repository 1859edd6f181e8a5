"""Writes clips of sound and what transformers' feature extractors make of them.

    python tests/golden/make_audio.py [--out FOLDER] [--full]

Without --full the clips and outputs are small: they are the committed files of tests/golden/data/audio. With --full the
extractors run at their default sizes on longer clips; point the test at the folder with ACCELERATE_AUDIO_GOLDEN=FOLDER.
Needs numpy, torch and transformers. Deterministic: dither is 0, and what CLAP draws at random is given.

manifest.json lists `clips` (offset and length in clips.f32) and `cases` (config, clips, options of the call, and each
expected tensor's name, shape and offset in expected.f32).
"""

import argparse
import json
import math
import pathlib
import types
from unittest import mock

import numpy as np
import torch
import transformers
from transformers.models.granite_speech import feature_extraction_granite_speech as granite


def clip(rng: np.random.Generator, length: int, rate: int = 16000) -> np.ndarray:
    """A chirp with harmonics, noise and a decaying envelope, [length] f32."""
    t = np.arange(length) / rate
    sound = sum(np.sin(2 * math.pi * h * (140 * t + 300 * t * t)) / h for h in (1, 2, 3, 5, 8))
    sound = 0.2 * sound * np.exp(-2 * t) + 0.05 * rng.standard_normal(length)
    return np.clip(sound, -1, 1).astype(np.float32)


class MelSpectrogram:
    """torchaudio.transforms.MelSpectrogram with its defaults: power 2, reflected edges, HTK mels without norm."""

    def __init__(self, sample_rate: int, n_fft: int, win_length: int, hop_length: int, n_mels: int):
        self.n_fft, self.win_length, self.hop_length = n_fft, win_length, hop_length
        hertz = torch.linspace(0, sample_rate // 2, n_fft // 2 + 1)
        mels = torch.linspace(0, 2595 * math.log10(1 + sample_rate // 2 / 700), n_mels + 2)
        edges = 700 * (10 ** (mels / 2595) - 1)
        width = edges[1:] - edges[:-1]
        slopes = edges[None] - hertz[:, None]
        falling = -slopes[:, :-2] / width[:-1]
        rising = slopes[:, 2:] / width[1:]
        self.filters = torch.minimum(falling, rising).clamp(min=0)

    def to(self, device):
        return self

    def __call__(self, audio: torch.Tensor) -> torch.Tensor:
        window = torch.hann_window(self.win_length)
        spectrum = torch.stft(audio, self.n_fft, self.hop_length, self.win_length, window, return_complex=True)
        return (spectrum.abs() ** 2).transpose(-1, -2).matmul(self.filters).transpose(-1, -2)


def cases(full: bool) -> list[tuple[dict, list[str], dict]]:
    """(settings, clip names, options of the call)."""
    kind = lambda name, **values: {"feature_extractor_type": name + "FeatureExtractor", **values}
    mels = lambda small, real: real if full else small
    seconds = {} if full else {"chunk_length": 1}
    whisper = kind("Whisper", feature_size=mels(24, 80), **seconds)
    clap = kind("Clap", **({} if full else {"max_length_s": 1, "sampling_rate": 8000, "hop_length": 400}))
    rand = {**clap, "truncation": "rand_trunc", "feature_size": mels(16, 64), "padding": "repeat"}
    gemma = kind("Gemma3nAudio", feature_size=mels(16, 128))
    parakeet = kind("Parakeet", feature_size=mels(16, 80))
    phi4 = kind("Phi4Multimodal", feature_size=mels(16, 80))
    lasr = kind("Lasr", feature_size=mels(16, 128))
    granite_speech = kind("GraniteSpeech", n_mels=mels(16, 80))
    seamless = kind("SeamlessM4T", num_mel_bins=mels(16, 80), feature_size=mels(16, 80))
    speech = kind("Speech2Text", num_mel_bins=mels(16, 80), feature_size=mels(16, 80))
    ast = kind("AST", num_mel_bins=mels(16, 128), max_length=mels(30, 1024))
    clvp = kind("Clvp", feature_size=mels(16, 80), **({} if full else {"default_audio_length": 1}))
    univnet = kind("UnivNet", num_mel_bins=mels(16, 100))
    t5 = kind("SpeechT5", num_mel_bins=mels(16, 80))
    longest = {"padding": "longest"}
    masked = {"return_attention_mask": True}
    return [
        (whisper, ["odd"], {}),
        (whisper, ["short", "long"], {**masked}),
        (kind("Whisper", feature_size=128, **seconds), ["tone"], {}),
        ({**whisper, "return_attention_mask": True}, ["odd"], {**longest, "do_normalize": True, "pad_to_multiple_of": 480}),
        (whisper, ["odd", "short"], {**longest, **masked, "do_normalize": True}),
        (whisper, ["long"], {"max_length": 3001, **masked}),
        (kind("Whisper", feature_size=mels(24, 80), n_fft=mels(322, 400), hop_length=111, **seconds), ["odd"], longest),
        (kind("Wav2Vec2"), ["short"], {}),
        (kind("Wav2Vec2"), ["short", "tiny"], {**longest}),
        (kind("Wav2Vec2", return_attention_mask=True, padding_value=0.25), ["short", "tiny"], {**longest}),
        (kind("Wav2Vec2", return_attention_mask=True, padding_side="left"), ["short", "tiny"], {**longest}),
        (kind("Wav2Vec2", do_normalize=False), ["short", "tiny"], {"padding": "max_length", "max_length": 700, **masked}),
        (kind("Wav2Vec2"), ["odd", "short"], {**longest, "truncation": True, "max_length": 450, "pad_to_multiple_of": 128}),
        (ast, ["odd"], {}),
        (ast, ["short", "tiny", "long"], {}),
        ({**ast, "do_normalize": False, "sampling_rate": 8000}, ["odd"], {}),
        (seamless, ["odd"], {}),
        (seamless, ["odd", "long"], {}),
        ({**seamless, "stride": 3, "padding_value": 1.0}, ["odd", "medium"], {"pad_to_multiple_of": 4}),
        (seamless, ["medium"], {"return_attention_mask": False}),
        (speech, ["odd"], {}),
        (speech, ["odd", "medium"], {**longest}),
        ({**speech, "normalize_vars": False, "padding_value": -1.0}, ["odd", "medium"], {"padding": "max_length", "max_length": mels(45, 1500)}),
        ({**speech, "do_ceptral_normalize": False}, ["long"], {"truncation": True, "max_length": 20}),
        (clap, ["odd"], {}),
        (clap, ["long", "short"], {"draws": [0.9, 0.1, 0.4]}),
        (clap, ["medium", "odd"], {"draws": [0.7]}),
        (rand, ["long"], {"draws": [0.3]}),
        (rand, ["odd"], {}),
        (t5, ["odd", "short"], {**longest}),
        ({**t5, "do_normalize": True}, ["odd", "short"], {**longest}),
        (t5, ["odd", "medium"], {**longest, "as_target": True}),
        (kind("Encodec"), ["short", "tiny"], {}),
        (kind("Encodec", chunk_length_s=0.01, overlap=0.25), ["short", "tiny"], {}),
        (kind("Encodec", chunk_length_s=0.01, overlap=0.25), ["odd", "short"], {"truncation": True}),
        (kind("Encodec"), ["short"], {"padding": False}),
        (kind("Dac"), ["short", "tiny"], {}),
        (kind("Dia"), ["short", "tiny"], {}),
        (univnet, ["odd"], {}),
        ({**univnet, "do_normalize": True}, ["odd", "short"], {"pad_end": True}),
        (clvp, ["odd"], {}),
        ({**clvp, "mel_norms": [0.5 + 0.1 * i for i in range(mels(16, 80))]}, ["odd", "long"], {}),
        (gemma, ["odd"], {}),
        ({**gemma, "per_bin_mean": [0.1 * i for i in range(mels(16, 128))],
          "per_bin_stddev": [1 + 0.1 * i for i in range(mels(16, 128))]}, ["odd", "medium"], {}),
        ({**gemma, "preemphasis_htk_flavor": False, "fft_overdrive": False, "input_scale_factor": 8.0}, ["medium"], {}),
        (parakeet, ["odd"], {}),
        (parakeet, ["odd", "medium"], {}),
        ({**parakeet, "preemphasis": None}, ["odd", "short"], {}),
        (lasr, ["odd"], {}),
        (lasr, ["odd", "medium"], masked),
        (phi4, ["odd"], {}),
        (phi4, ["odd", "medium", "long"], {}),
        (granite_speech, ["odd"], {}),
        (granite_speech, ["odd", "medium"], {}),
    ]  # fmt: skip


def call(settings: dict, clips: list[np.ndarray], options: dict) -> dict[str, np.ndarray]:
    """The extractor's outputs by name."""
    options = dict(options)
    draws = iter(options.pop("draws", []))
    pick = lambda count: int(next(draws, 0.5) * count)
    name = settings["feature_extractor_type"]
    with (
        mock.patch("numpy.random.choice", lambda values: values[pick(len(values))]),
        mock.patch("numpy.random.randint", lambda low, high: low + pick(high - low)),
        mock.patch.object(granite, "requires_backends", lambda *_: None),
        mock.patch.object(granite, "is_torch_available", lambda: True),
    ):
        granite.torchaudio = types.SimpleNamespace(transforms=types.SimpleNamespace(MelSpectrogram=MelSpectrogram))
        granite.torch = torch
        extractor = getattr(transformers, name)(**{k: v for k, v in settings.items() if k != "feature_extractor_type"})
        if "do_normalize" in options and name.startswith("SeamlessM4T"):
            options["do_normalize_per_mel_bins"] = options.pop("do_normalize")
        if name.startswith("UnivNet"):
            options["return_noise"] = False
        sounds = clips if len(clips) > 1 else clips[0]
        if name.startswith("GraniteSpeech"):
            return {k: np.asarray(v) for k, v in extractor(clips, **options).items()}
        if options.pop("as_target", False):
            return dict(extractor(audio_target=sounds, return_tensors="np", **options))
        return dict(extractor(sounds, return_tensors="np", **options))


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=here / "data" / "audio")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    transformers.logging.set_verbosity_error()
    rng = np.random.default_rng(20260301)

    scale = 37 if arguments.full else 1
    lengths = {"odd": 4321 * scale, "medium": 6001 * scale, "long": 16999 * scale, "short": 613, "tiny": 299}
    clips = {name: clip(rng, length) for name, length in lengths.items()}
    clips["tone"] = (0.5 * np.sin(2 * math.pi * 440 / 16000 * np.arange(8000 * scale))).astype(np.float32)
    manifest = {"clips": [], "cases": []}
    offset = 0
    for name, samples in clips.items():
        manifest["clips"].append({"name": name, "offset": offset, "length": len(samples)})
        offset += len(samples)
    np.concatenate(list(clips.values())).astype("<f4").tofile(arguments.out / "clips.f32")

    values = []
    offset = 0
    for settings, names, options in cases(arguments.full):
        outputs = []
        for name, array in call(settings, [clips[n] for n in names], options).items():
            array = np.asarray(array)
            outputs.append({"name": name, "shape": list(array.shape), "offset": offset})
            values.append(array.astype(np.float32).ravel())
            offset += array.size
        manifest["cases"].append({"config": settings, "clips": names, "options": options, "outputs": outputs})
    np.concatenate(values).astype("<f4").tofile(arguments.out / "expected.f32")
    text = ",\n".join(f'"{key}": [\n' + ",\n".join(map(json.dumps, items)) + "\n]" for key, items in manifest.items())
    (arguments.out / "manifest.json").write_text("{\n" + text + "\n}\n")
    print(f"{len(manifest['cases'])} cases, {offset} values")


if __name__ == "__main__":
    main()
