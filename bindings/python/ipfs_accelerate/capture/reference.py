"""What transformers computes with the weights of a folder: the reference that a skill is verified against."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
import transformers

from .archive import write_archive
from .case import call, stored_in, write_sample
from .config_file import CaptureError, read_config
from .draws import Draws
from .exporter import Sample, capture, configs_of, reason_of
from .folder import config_class_of, samples_for


def build_reference(source: Path, folder: Path, class_name: str, seconds: float, captured: bool) -> dict[str, Any]:
    """Writes inputs-K.safetensors and outputs-K.safetensors of the class with the weights of `source` into `folder`.

    captured: model.pt2 is written too, and its numbers are checked against those outputs. Inputs have the sizes of a
    capture (`samples_for`); computed in float32 with plain attention. Returns facts (times in s). Errors: CaptureError.
    """
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    model = loaded_model(source, class_name)
    samples = []
    for index, given in enumerate(samples_for(model, class_name)):
        draws = Draws()
        try:
            outputs = call(model, given.inputs, index, draws)
        except Exception as error:  # whatever a model says about its inputs
            raise CaptureError("eager", reason_of(error)) from error
        samples.append(Sample(given.inputs, draws.values, outputs))
    facts: dict[str, Any] = {"class": class_name, "parameters": sum(value.numel() for value in model.parameters())}
    if captured:
        found = capture(model, samples, seconds=seconds)
        write_archive(folder / "model.pt2", model, found, stored_in(source))
        samples = found.samples
        facts |= {"way": found.way, "form": found.form}
    for index, sample in enumerate(samples):
        write_sample(folder, index, sample)
    facts["seconds"] = {"total": round(time.monotonic() - began, 2)}
    return facts


def loaded_model(source: Path, class_name: str) -> torch.nn.Module:
    """The class with the weights of the folder, in float32, with plain attention. Errors: CaptureError."""
    config_class_of(read_config(source))
    model_class = getattr(transformers, class_name, None)
    if model_class is None or not hasattr(model_class, "config_class"):
        raise CaptureError("class", f"transformers {transformers.__version__} has no model class {class_name!r}")
    try:
        model = model_class.from_pretrained(
            source, dtype=torch.float32, attn_implementation="eager", local_files_only=True, use_safetensors=True
        )
    except ImportError as error:
        raise CaptureError("instantiate", f"{class_name} needs a package: {error}", own=True) from error
    except Exception as error:  # whatever a constructor or a checkpoint says
        raise CaptureError("instantiate", reason_of(error)) from error
    for part in configs_of(model):
        if hasattr(part, "use_cache"):
            part.use_cache = False
    return model.eval().requires_grad_(False)
