"""Whether a decoder captured in the form of `attention` gives step by step what the model gives for the whole sequence."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from typing import Any

import torch

from .attention import States, carried
from .exporter import Capture, Sample, error_of, implementations, run
from .structure import flatten_outputs

SINGLE_STEPS = 3
PADDING = 2


def tokens_of(inputs: dict[str, Any], prefix: str = "") -> tuple[int, int]:
    """(batch, positions) of a decoder's inputs."""
    for name in (f"{prefix}input_ids", f"{prefix}inputs_embeds"):
        if isinstance(inputs.get(name), torch.Tensor):
            return tuple(inputs[name].shape[:2])
    raise ValueError(f"no input {prefix}input_ids or {prefix}inputs_embeds")


def with_positions(sample: Sample, prefix: str = "") -> Sample:
    """The sample with `position_ids` [B,T], 0, 1, ..., behind its other inputs, and an attention mask if it has none."""
    batch, length = tokens_of(sample.inputs, prefix)
    inputs = dict(sample.inputs)
    if inputs.get(f"{prefix}attention_mask") is None:
        inputs[f"{prefix}attention_mask"] = torch.ones(batch, length, dtype=torch.long)
    inputs[f"{prefix}position_ids"] = torch.arange(length)[None].repeat(batch, 1)
    return dataclasses.replace(sample, inputs=inputs)


def run_in_steps(found: Capture, tensors: dict[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Tensor]:
    """Outputs of a program that is called with all positions but the last few, then with one a call."""
    count = tensors[f"{prefix}position_ids"].shape[1]
    first = max(1, count - SINGLE_STEPS)
    cut = [name for name in tensors if name in {f"{prefix}{x}" for x in
           ("input_ids", "inputs_embeds", "attention_mask", "position_ids", "token_type_ids")}]  # fmt: skip
    parts: list[list[torch.Tensor]] = []
    with carried(States()):
        for begin, end in [(0, first), *((i, i + 1) for i in range(first, count))]:
            given = {name: x[:, begin:end] if name in cut else x for name, x in tensors.items()}
            parts.append(run(found.program, [given[name] for name in found.inputs]))
    joined = {}
    for name, values in zip(found.outputs, zip(*parts)):
        whole = values[0].dim() > 1 and sum(x.shape[1] for x in values) == count
        joined[name] = torch.cat(values, 1) if whole else values[-1]
    return joined


def check_steps(model: torch.nn.Module, found: Capture, sample: Sample, prefix: str = "") -> float:
    """The largest relative error of a program that is called in steps, and of one whose first sequence is padded.

    `model` is the unpatched model, and its small numbers are compared at positions that are no padding. A model that takes
    no positions counts them from the first token or from the first that is no padding; either is accepted.
    """
    error = 0.0
    wanted = sample.outputs or {}
    for name, value in run_in_steps(found, sample.tensors(), prefix).items():
        error = max(error, error_of(value, wanted[name]))
    takes = f"{prefix}position_ids" in inspect.signature(type(model).forward).parameters
    padded = [_padded_error(model, found, sample, prefix, takes, counts) for counts in ((True,) if takes else (True, False))]
    return max(error, min(padded))


def _padded_error(
    model: torch.nn.Module, found: Capture, sample: Sample, prefix: str, takes: bool, counts: bool
) -> float:
    """The error in steps where the first positions of the first sequence are padding; counts: positions leave it out."""
    inputs = {name: copy.deepcopy(value) for name, value in sample.inputs.items()}
    mask = inputs[f"{prefix}attention_mask"].clone()
    mask[0, :PADDING] = 0
    inputs[f"{prefix}attention_mask"] = mask
    if counts:
        inputs[f"{prefix}position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)
    given = {name: value for name, value in inputs.items() if takes or name != f"{prefix}position_ids"}
    with torch.no_grad(), implementations(model, "eager", "eager"):
        outputs = flatten_outputs(model(**copy.deepcopy(given)))
    real = mask.to(torch.bool)
    stepped = run_in_steps(found, dataclasses.replace(sample, inputs=inputs).tensors(), prefix)
    return max(
        (error_of(stepped[name][real], value[real]) for name, value in outputs.items() if value.shape[:2] == real.shape),
        default=0.0,
    )
