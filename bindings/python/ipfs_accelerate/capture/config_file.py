"""config.json of a model folder, and the error of everything in this package. Needs neither torch nor transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class CaptureError(Exception):
    """A model that cannot be captured: the stage, the reason, and whether it is the model's own."""

    def __init__(self, stage: str, reason: str, own: bool = False, refused: list[str] | None = None):
        super().__init__(reason)
        self.stage, self.reason, self.own, self.refused = stage, reason, own, refused or []


def read_config(folder: Path) -> dict[str, Any]:
    """config.json of a folder; refuses models that bring their own code and quantised ones."""
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text())
    except OSError as error:
        raise CaptureError("config", f"{path} cannot be read ({error.strerror}); give a Hugging Face model folder") from error
    except ValueError as error:
        raise CaptureError("config", f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise CaptureError("config", f"{path} holds a {type(values).__name__}; expected an object")
    if _holds(values, "auto_map"):
        raise CaptureError(
            "config",
            f"{path} has `auto_map`: the model wants to run code of its own, which is never done. "
            "Only classes of the installed transformers are captured",
        )
    if values.get("quantization_config"):
        kind = values["quantization_config"].get("quant_method", "unknown")
        raise CaptureError("config", f"{path} describes weights quantised by {kind!r}; capture the unquantised model")
    return values


def _holds(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_holds(item, key) for item in value.values())
    return isinstance(value, list) and any(_holds(item, key) for item in value)
