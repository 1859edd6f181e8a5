"""A case folder: a class on a small random configuration, with what transformers computes from given inputs.

    config.json  model.safetensors  model.pt2  inputs-K.safetensors  outputs-K.safetensors

Inputs and outputs 0 have the sizes of the capture; the others have sizes that it did not see. Tensor names in these files
are the names of the program's inputs and outputs. Expected outputs come from the unpatched model with plain attention.
"""

from __future__ import annotations

import copy
import dataclasses
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import save

from .archive import write_archive, write_atomically
from .draws import Draws
from .config_file import CaptureError
from .exporter import Capture, Sample, capture, implementations, reason_of
from .randomize import randomize
from .structure import flatten_outputs, joined, varying_lists

GAINS = (1.0, 0.5, 0.25)
ROUNDING = 2.0**-23  # of a float32
SENSITIVITY = 2e-5  # most change of an output, relative to its largest value, that rounding the weights may make
STAGES = {"config": "config", "build": "instantiate", "inputs": "inputs", "forward": "eager"}


def build_case(
    make_case: Callable[..., Any],
    class_name: str,
    folder: Path,
    seed: int = 0,
    seconds: float = 300.0,
    progress: Callable[[str], None] = lambda stage: None,
) -> dict[str, Any]:
    """Builds the case of a class in `folder`; returns facts about it (times in seconds).

    `make_case(class_name, seed)` gives a `configs.Case`. `progress` is told each stage as it begins. Errors: CaptureError.
    """
    facts: dict[str, Any] = {}
    clock = _Clock(progress, facts)
    with clock.stage("config"):
        case = make_case(class_name, seed)
        if case.requires:
            raise CaptureError("config", f"needs the package {case.requires}", True)
        if case.own_reason:
            raise CaptureError("config", case.own_reason, True)
    with clock.stage("instantiate"):
        model = case.build_model(seed).float()
    with clock.stage("eager"):
        samples, gain, rejected = reference(model, case, seed)
    with clock.stage("export"):
        found = capture(model, samples, seconds=seconds)
    with clock.stage("archive"):
        facts["weights"] = write_case(folder, model, found)
    facts["seconds"] |= found.seconds
    facts |= {
        "way": found.way,
        "form": found.form,
        "nodes": len(found.program.graph.nodes),
        "dynamic": found.dynamic,
        "refused": found.refused,
        "errors": found.errors,
        "inputs": found.inputs,
        "outputs": found.outputs,
        "draws": len(samples[0].draws),
        "samples": len(found.samples),
        "rejected_samples": rejected,
        "varied": case.varied,
        "fixed": case.fixed,
        "gain": gain,
        "parameters": sum(value.numel() for value in model.parameters()),
    }
    return facts


class _Clock:
    def __init__(self, progress: Callable[[str], None], facts: dict[str, Any]):
        self.progress, self.facts, self.name = progress, facts, ""
        facts["seconds"] = {}

    def stage(self, name: str) -> _Clock:
        self.name = name
        return self

    def __enter__(self) -> None:
        self.began = time.monotonic()
        self.progress(self.name)

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        self.facts["seconds"][self.name] = round(time.monotonic() - self.began, 3)
        if isinstance(error, Exception) and not isinstance(error, CaptureError):
            stage = STAGES.get(getattr(error, "stage", ""), self.name)
            raise CaptureError(stage, reason_of(error), isinstance(error, ImportError)) from error


def call(model: torch.nn.Module, inputs: dict[str, Any], seed: int, draws: Draws) -> dict[str, torch.Tensor]:
    """Outputs of one call, with all generators at `seed`; `draws` records what the model draws."""
    torch.manual_seed(seed)
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    with torch.no_grad(), implementations(model, "eager", "eager"), draws:
        outputs = flatten_outputs(model(**copy.deepcopy(inputs)))
    return {name: value.detach().clone() for name, value in outputs.items()}


def reference(model: torch.nn.Module, case: Any, seed: int) -> tuple[list[Sample], float, list[str]]:
    """Runs the case's inputs with randomised weights: (samples, gain used, why inputs were left out).

    The gain of the weights is lowered until all outputs are finite and rounding leaves them determined: a stack that
    amplifies rounding errors beyond the tolerance says nothing. Errors: CaptureError when the first inputs do not run.
    """
    fixed = dict(case.forward_kwargs)
    fresh = copy.deepcopy(model.state_dict())
    for gain in GAINS:
        model.load_state_dict(fresh)
        randomize(model, seed, gain)
        samples: list[Sample] = []
        rejected: list[str] = []
        for index, inputs in enumerate(case.inputs):
            draws = Draws()
            try:
                outputs = call(model, {**inputs, **fixed}, seed + index, draws)
            except Exception as error:  # anything that a model raises about its inputs
                if index == 0:
                    raise
                rejected.append(f"inputs {index}: {reason_of(error)}")
                continue
            if not outputs:
                raise CaptureError("eager", "the model returns no tensor", True)
            samples.append(Sample({**inputs, **fixed}, draws.values, outputs))
        if all(_finite(sample) for sample in samples) and _determined(model, samples, seed):
            break
    lists = varying_lists([sample.outputs or {} for sample in samples])
    samples = [dataclasses.replace(sample, outputs=joined(sample.outputs, lists), lists=lists) for sample in samples]
    return samples, gain, rejected


def _determined(model: torch.nn.Module, samples: list[Sample], seed: int) -> bool:
    """Do the outputs of the samples stay as they are, but for SENSITIVITY, when each weight changes by its rounding?"""
    generator = torch.Generator().manual_seed(seed)
    exact = {name: value.clone() for name, value in model.named_parameters()}
    try:
        for value in model.parameters():
            if value.is_floating_point():
                value.data.mul_(1 + ROUNDING * (2 * torch.rand(value.shape, generator=generator) - 1))
        for index, sample in enumerate(samples):
            for name, value in call(model, sample.inputs, seed + index, Draws()).items():
                expected = sample.outputs.get(name)
                if expected is None or not value.is_floating_point() or value.shape != expected.shape or not value.numel():
                    continue
                if float((value - expected).abs().max()) > SENSITIVITY * float(expected.abs().max()):
                    return False
    except Exception:  # a change that the model does not survive tells nothing about its rounding
        return True
    finally:
        for name, value in model.named_parameters():
            value.data.copy_(exact[name])
    return True


def _finite(sample: Sample) -> bool:
    return all(
        bool(torch.isfinite(value).all()) and float(value.abs().max() if value.numel() else 0) < 1e6
        for value in sample.outputs.values()
        if value.is_floating_point()
    )


def stored_in(folder: Path) -> dict[str, torch.Size]:
    """Names and shapes of the tensors in the safetensors files of a folder; nothing but headers is read."""
    found: dict[str, torch.Size] = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            found |= {name: torch.Size(tensors.get_slice(name).get_shape()) for name in tensors.keys()}
    return found


def write_case(folder: Path, model: torch.nn.Module, found: Capture) -> int:
    """Writes the folder; returns how many stored tensors the archive refers to."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("inputs-*.safetensors"), *folder.glob("outputs-*.safetensors"), *folder.glob("model*")]:
        old.unlink()
    with implementations(model, "eager", None):
        model.save_pretrained(folder, max_shard_size="100GB")
    description = write_archive(folder / "model.pt2", model, found, stored_in(folder))
    for index, sample in enumerate(found.samples):
        write_sample(folder, index, sample)
    return len(description["weights"])


def write_sample(folder: Path, index: int, sample: Sample) -> None:
    """Writes inputs-INDEX.safetensors and outputs-INDEX.safetensors, each at once or not at all."""
    for kind, tensors in (("inputs", sample.tensors()), ("outputs", sample.outputs or {})):
        content = save({name: value.detach().contiguous().clone() for name, value in tensors.items()})
        write_atomically(folder / f"{kind}-{index}.safetensors", content)
