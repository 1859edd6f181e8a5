"""Inputs by argument name: which arguments a class gets, and the value of each.

Values are random but reproducible: a value depends on the seed, the argument's name and the sizes alone.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from .recipe import Recipe
from .shrink import VOCABULARY, read, walk

# axis -> values at capture, second, third. No value repeats within an axis, none is 0 or 1.
AXES: dict[str, tuple[int, int, int]] = {
    "batch": (2, 3, 5),
    "sequence": (7, 11, 13),
    "target": (6, 9, 10),
    "choice": (3, 4, 5),
    "item": (4, 6, 8),
    "samples": (3840, 4800, 5760),
    "feature_frames": (64, 80, 96),
    "frame": (4, 6, 8),
}

_NEVER = {
    "labels", "past_key_values", "use_cache", "return_dict", "output_attentions", "output_hidden_states", "inputs_embeds",
    "decoder_inputs_embeds", "position_ids", "cache_position", "logits_to_keep", "return_loss",
}  # fmt: skip
_TOKENS = {
    "image": ("image_token_id", "image_token_index", "img_token_id", "im_patch_id", "media_placeholder_token_id",
              "image_pad_token_id", "image_patch_id", "im_token_id", "media_token_id", "image_patch_token_id"),
    "video": ("video_token_id", "video_token_index", "video_pad_token_id"),
    "audio": ("audio_token_id", "audio_token_index", "audio_pad_token_id"),
}  # fmt: skip
_SPECIAL = ("token_id", "token_index", "token_ids", "_token_idx")
_PIXELS = ("pixel_values", "pixel_values_images", "image", "high_res_pixel_values", "image_pixel_values")
_PIXELS_COMPANIONS = ("image_grid_thw", "grid_thw", "target_sizes", "spatial_shapes", "mm_token_type_ids",
                      "moe_mm_token_type_ids", "merge_sizes", "image_merge_sizes", "image_grid_hws", "image_position_ids",
                      "pixel_position_ids", "image_embeds_position_mask")  # fmt: skip
_VIDEO_PIXELS = ("pixel_values_videos", "video")
_AUDIO = ("input_features", "input_values", "audio_input_features", "input_audio_embeds")
_AUDIO_COMPANIONS = ("input_features_mask", "feature_attention_mask", "audio_feature_lengths", "padding_mask",
                     "input_values_mask", "feature_lens", "is_longer")  # fmt: skip

_SOURCES = {"image": _PIXELS, "video": _VIDEO_PIXELS, "audio": _AUDIO}

Maker = Callable[["Inputs"], Any]
_MAKERS: dict[str, Maker] = {}


class CannotMake(ValueError):
    """No rule or table entry makes a required argument."""


def value(*names: str) -> Callable[[Maker], Maker]:
    """Registers the maker of the arguments of these names."""

    def register(maker: Maker) -> Maker:
        for name in names:
            _MAKERS[name] = maker
        return maker

    return register


def last(item: Any) -> Any:
    """The innermost last element of nested lists."""
    while isinstance(item, (list, tuple)):
        item = item[-1]
    return item


class Inputs:
    """Makes the inputs of one class at given sizes.

    config, model: the small model. recipe: its table entry. sizes: axis -> value. seed: of all random values.
    `read` collects the axes that the values depended on.
    """

    def __init__(self, model: PreTrainedModel, recipe: Recipe, sizes: dict[str, Any], seed: int) -> None:
        self.model, self.config, self.recipe, self.sizes, self.seed = model, model.config, recipe, sizes, seed
        signature = inspect.signature(type(model).forward).parameters.values()
        named = [p for p in signature if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self.parameters = [p.name for p in named]
        self.required = [p.name for p in named if p.default is inspect.Parameter.empty]
        self.main = str(getattr(model, "main_input_name", ""))
        self.folder = type(model).__module__.split(".")[2]
        self.read: set[str] = set()
        self._made: dict[str, Any] = {}

    # -- sizes and random values
    def size(self, axis: str) -> Any:
        self.read.add(axis)
        return self.sizes[axis]

    def generator(self, name: str) -> torch.Generator:
        key = f"{self.seed}/{name}/{sorted(self.sizes.items())}"
        return torch.Generator().manual_seed(zlib.crc32(key.encode()))

    def normal(self, name: str, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=self.generator(name))

    def uniform(self, name: str, *shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=self.generator(name))

    def integers(self, name: str, low: int, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=self.generator(name))

    # -- configuration
    def first(self, names: Iterable[str] | str, default: Any = None, config: PreTrainedConfig | None = None,
              kinds: tuple[type, ...] = (int,)) -> Any:  # fmt: skip
        """The first value of these fields in the configuration or a configuration inside it."""
        for name in (names,) if isinstance(names, str) else names:
            for part in walk(config or self.config):
                found = read(part, name)
                if isinstance(found, kinds) and not isinstance(found, bool):
                    return found
        return default

    def part(self, *names: str) -> PreTrainedConfig:
        """The sub-configuration of the first of these names, or the configuration itself."""
        for name in names:
            found = read(self.config, name)
            if isinstance(found, PreTrainedConfig):
                return found
        return self.config

    @property
    def text(self) -> PreTrainedConfig:
        return self.part("text_config", "llm_config", "language_config", "thinker_config", "decoder", "text_encoder",
                         "text_backbone_config")  # fmt: skip

    @property
    def vision(self) -> PreTrainedConfig:
        return self.part("vision_config", "vision_encoder", "vit_config", "encoder", "backbone_config",
                         "vision_tower_config", "image_config")  # fmt: skip

    @property
    def audio(self) -> PreTrainedConfig:
        return self.part("audio_config", "audio_encoder_config", "encoder_config", "speech_config")

    def hidden(self, config: PreTrainedConfig | None = None) -> int:
        return last(self.first(("hidden_size", "d_model", "n_embd", "embed_dim", "dim"), 64, config or self.text,
                               (int, list, tuple)))  # fmt: skip

    def vocabulary(self, config: PreTrainedConfig | None = None) -> int:
        sizes = [v for part in walk(config or self.config) for k in ("vocab_size", "n_vocab", "text_vocab_size")
                 if isinstance(v := read(part, k), int) and v > 0]  # fmt: skip
        return min(sizes, default=VOCABULARY)

    def token(self, kind: str) -> int | None:
        return self.first(_TOKENS[kind])

    def special_ids(self) -> set[int]:
        found: set[int] = set()
        for part in walk(self.config):
            for name, item in vars(part).items():
                if name.endswith(_SPECIAL):
                    for one in item if isinstance(item, (list, tuple)) else (item,):
                        if isinstance(one, int):
                            found.add(one)
        return found

    @property
    def pad(self) -> int:
        pad = self.first("pad_token_id", 0, self.text)
        return pad if 0 <= pad < self.vocabulary() else 0

    def setting(self, name: str, default: Any = None) -> Any:
        return self.recipe.settings.get(name, default)

    # -- arguments
    def names(self) -> list[str]:
        """The arguments that the class gets, in the order of its signature."""
        if self.recipe.only is not None:
            chosen = set(self.recipe.only)
        else:
            chosen = set(self.required) | set(self._general()) | set(self.recipe.also)
            chosen -= set(self.recipe.without)
            chosen |= {name for kind in _TOKENS for name in self._feature_arguments(kind, chosen)[0]}
        return [name for name in self.parameters if name in chosen]

    def _feature_method(self, kind: str) -> Any:
        """The get_*_features of the model or of the part of it that names the most arguments."""
        name = f"get_{kind}_features"
        methods = [m for part in self.model.modules() if callable(m := getattr(part, name, None))]
        return max(methods, key=lambda method: len(_named(method)), default=None)  # others pass their arguments on

    def _feature_arguments(self, kind: str, chosen: set[str]) -> tuple[list[str], list[str]]:
        """(required, optional) arguments of get_*_features, where the class is given that kind of input."""
        method = self._feature_method(kind)
        if method is None or not set(_SOURCES[kind]) & chosen or self.token(kind) is None:
            return [], []
        accepted = _named(method)
        required = [p.name for p in accepted if p.default is p.empty]
        return required, [p.name for p in accepted if p.name not in required and p.name in chosen]

    def _general(self) -> list[str]:
        has = self.parameters.__contains__
        names: list[str] = []
        text = has("input_ids") and self.main != "inputs_embeds"
        if text:
            names += ["input_ids", "attention_mask", "bbox"]
            if (self.first("type_vocab_size", 0) or 0) > 1:
                names.append("token_type_ids")
        pixels = [name for name in _PIXELS if has(name)]
        names += pixels
        if pixels:
            names += _PIXELS_COMPANIONS
        if not pixels and self.main not in _AUDIO and (not text or self.main in _VIDEO_PIXELS):
            names += [name for name in _VIDEO_PIXELS if has(name)]
        audio = [name for name in _AUDIO if has(name)]
        if audio and not pixels:
            names += audio
            names += _AUDIO_COMPANIONS
            if not text:
                names.append("attention_mask")
        if not type(self.model).__name__.endswith("ForSequenceClassification"):  # it reads the encoder's end-of-text token
            names.append("decoder_input_ids")
        if not names or not any(has(name) for name in names):
            names.append(self.main)
        return names

    def make(self, name: str) -> Any:
        """The value of an argument; made once, so that arguments can refer to each other."""
        if name not in self._made:
            maker = self.recipe.values.get(name) or _MAKERS.get(name)
            made = maker(self) if maker else None
            if made is None and name in self.required:
                raise CannotMake(f"no rule makes the required argument {name!r}")
            self._made[name] = made
        return self._made[name]

    def all(self) -> dict[str, Any]:
        """Argument name -> value, of all arguments that the class gets."""
        made = {name: self.make(name) for name in self.names()}
        return {name: item for name, item in made.items() if item is not None}

    # -- images
    def channels(self) -> int:
        for config in (self.vision, self.config):
            for name in ("num_channels", "in_channels", "in_chans", "num_input_channels", "image_channels"):
                if isinstance(found := read(config, name), int):
                    return found
        return 3

    def patch(self) -> int:
        return last(self.first(("patch_size",), 16, self.vision, (int, list, tuple)))

    def grid(self) -> tuple[int, int, int]:
        """Patches of one packed image: (time, height, width), divisible by the merge size."""
        merge = self.merge()
        rows, columns = self.size("grid")
        return 1, rows * merge, columns * merge

    def merge(self) -> int:
        return last(self.first(("spatial_merge_size", "merge_size", "downsample_factor"), 2, self.vision, (int, list, tuple)))

    def placeholders(self, kind: str) -> int:
        """Placeholder tokens of this kind per sample: the rows that the model's encoder makes of one sample."""
        if kind in self.recipe.tokens:
            count = self.recipe.tokens[kind]
            return count(self) if callable(count) else count
        names = set(self.names())
        method = self._feature_method(kind)
        if method is None or self.token(kind) is None or not set(_SOURCES[kind]) & names:
            return 0
        required, optional = self._feature_arguments(kind, names)
        if not required and not optional:  # its arguments are those of the method that it passes them on to
            required = [name for name in _SOURCES[kind] if name in names]
        textual = {"input_ids", "attention_mask", "mm_token_type_ids", "moe_mm_token_type_ids"}
        arguments = {name: self.make(name) for name in required + optional if name not in textual}
        with torch.no_grad():
            rows = _rows(method(**{name: item for name, item in arguments.items() if item is not None}))
        batch = self.size("batch")
        if rows % batch:
            raise CannotMake(f"the {kind} encoder made {rows} rows of {batch} samples")
        return rows // batch


def _named(method: Callable) -> list[inspect.Parameter]:
    """The parameters that have a name of their own."""
    parameters = inspect.signature(method).parameters.values()
    return [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def _rows(found: Any) -> int:
    """Number of feature vectors in what a get_*_features method returned."""
    pooled = getattr(found, "pooler_output", None)
    found = pooled if pooled is not None else getattr(found, "last_hidden_state", found)
    if isinstance(found, (list, tuple)):
        return sum(_rows(item) for item in found)
    return found[..., 0].numel()
