"""What a family's entry in the tables can say about its inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from .inputs import Inputs

Value = Callable[["Inputs"], "torch.Tensor"]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Departures of a family (or class) from the general rules; an empty recipe means the general rules.

    only: exactly these arguments. also, without: arguments added to, or removed from, the general choice.
    values: argument -> function of the `Inputs` that makes it.
    sizes: axis -> three values (capture, second, third). fixed: axes that the family cannot vary, for the reason that its
    entry's comment gives.
    pixels: layout of pixel_values: "image" [batch, channel, height, width], "images" [batch, image, ...],
    "tiles" [batch, image, tile, ...], "frames" [batch, frame, ...], "packed" [patch, channel * time * patch * patch],
    "patches" [patch, channel, patch, patch], "rows" [batch, patch, channel * patch * patch].
    features: layout of input_features: "mel" [batch, mel, frame] or "frame" [batch, frame, mel].
    wave: layout of input_values: "mono" [batch, sample], "channels" [batch, channel, sample].
    tokens: kind ("image", "video", "audio") -> placeholder tokens per sample; without an entry the model's own
    get_*_features is asked.
    forward: Python arguments baked into the call. requires: name of a package that the class cannot do without.
    own_reason: why the class itself cannot be run.
    settings: numbers that value functions look up.
    """

    only: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    values: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    sizes: Mapping[str, tuple[Any, Any, Any]] = dataclasses.field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    pixels: str = ""
    features: str = ""
    wave: str = ""
    tokens: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    forward: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    requires: str = ""
    own_reason: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def over(self, base: "Recipe") -> "Recipe":
        """This recipe laid over a more general one: what it does not say is taken from there."""
        merged: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(base, field.name)
            if isinstance(mine, Mapping):
                merged[field.name] = {**theirs, **mine}
            elif field.name in ("also", "without"):
                merged[field.name] = (*theirs, *mine)
            elif field.name == "only":
                merged[field.name] = theirs if mine is None else mine
            else:
                merged[field.name] = mine or theirs
        return Recipe(**merged)
