"""The family tables of all modalities, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from . import audio, biology, decision, document, multimodal, text, time_series, values, video, vision
from .recipe import Recipe

_MODULES: tuple[ModuleType, ...] = (text, vision, audio, multimodal, video, time_series, biology, decision, document)

# Configuration class name -> fields (values or functions of the small fields), or a function that makes the instance.
CONFIGS: dict[str, Any] = {}
# Configuration class name -> how its widths shrink.
MODES: dict[str, str] = {}
# Model class name or transformers folder -> what is special about its inputs.
RECIPES: dict[str, Recipe] = {}
# Model class name or folder -> last change to the small configuration.
ADJUST: dict[str, Callable[[Any], None]] = {}
# Model class name -> name of its configuration class, where the class names none or another one.
CONFIG_CLASSES: dict[str, str] = {"UVDocBridge": "UVDocBackboneConfig"}
# Model class name -> its attention, where it has no eager one.
ATTENTION: dict[str, str] = {"Qwen2_5OmniToken2WavDiTModel": "sdpa"}


def _join(into: dict, table: Mapping, origin: str) -> None:
    for key, entry in table.items():
        if key in into:
            raise ValueError(f"{origin}: {key!r} has a second entry")
        into[key] = entry


for _module in _MODULES:
    for _name, _into in (("CONFIGS", CONFIGS), ("MODES", MODES), ("RECIPES", RECIPES), ("ADJUST", ADJUST)):
        _join(_into, getattr(_module, _name, {}), _module.__name__)

__all__ = ["ADJUST", "ATTENTION", "CONFIGS", "CONFIG_CLASSES", "MODES", "RECIPES", "values"]
