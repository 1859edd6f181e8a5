"""Capturing a Hugging Face folder: its config.json says what to trace, and no weight is read.

Parameters take virtual memory only: they are allocated and never written, so that a model of any size is traced on the
CPU as it would run there, while buffers and constants have their true values.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import initialization
from transformers.pipelines import PIPELINE_REGISTRY

from .archive import write_archive, write_atomically
from .case import call, reference, stored_in
from .configs import case as cases
from .components import MANIFEST
from .draws import Draws
from .config_file import CaptureError, read_config
from .exporter import WAYS, Capture, Sample, capture, configs_of, varying_axes
from .forms import Parts, captured_parts
from .weights import weight_map


def capture_folder(
    folder: Path,
    out: Path | None = None,
    class_name: str | None = None,
    task: str | None = None,
    seconds: float = 600.0,
    form: str = "auto",
) -> dict[str, Any]:
    """Captures the model of `folder` and writes `out` (default: model.pt2 in the folder); returns facts (times in s).

    The form is one of `forms.FORMS`. Components are written beside `out` as NAME-ROLE.pt2, with components.json; what an
    earlier capture in another form left there goes. The class is `class_name`, or the one that serves `task` (`text-generation`, `feature-extraction`, ...), or the one
    that config.json names. Errors: CaptureError with the stage and what to do.
    """
    began = time.monotonic()
    folder = Path(folder)
    values = read_config(folder)
    config_class = config_class_of(values)
    name = class_name or (task and class_for_task(task, config_class)) or named_class(values)
    model_class = getattr(transformers, name, None)
    if model_class is None or not hasattr(model_class, "config_class"):
        raise CaptureError("class", f"transformers {transformers.__version__} has no model class {name!r}")
    config = (model_class.config_class or config_class).from_dict(values)
    times = {"config": time.monotonic() - began}

    start = time.monotonic()
    stored = stored_in(folder)
    model = unloaded_model(model_class, config, stored)
    times["instantiate"] = time.monotonic() - start

    start = time.monotonic()
    samples = samples_for(model, name)
    times["inputs"] = time.monotonic() - start

    start = time.monotonic()
    found = captured_parts(model, name, samples, seconds, form, captured)
    times["export"] = time.monotonic() - start

    start = time.monotonic()
    graphs = write_parts(Path(out) if out else folder / "model.pt2", model, found, stored or None)
    times["archive"] = time.monotonic() - start
    facts = {
        "class": name,
        "parameters": sum(value.numel() for value in model.parameters()),
        "stored_tensors": len(stored),
        "refused": found.refused,
        "seconds": {key: round(value, 2) for key, value in times.items()},
    }
    return {**facts, **graphs["main"]} if list(graphs) == ["main"] else {**facts, "graphs": graphs, "links": found.links}


def write_parts(
    path: Path, model: torch.nn.Module, found: Parts, stored: dict[str, torch.Size] | None
) -> dict[str, dict[str, Any]]:
    """Writes the graphs of a capture; returns facts about each, by role."""
    manifest = path.with_name(MANIFEST)
    if manifest.exists():
        for entry in json.loads(manifest.read_text()).get("graphs", {}).values():
            path.with_name(Path(entry["file"]).name).unlink(missing_ok=True)
        manifest.unlink()
    facts = {}
    for part in found.parts:
        whole = part.role == "main"
        file = path if whole else path.with_name(f"{path.stem}-{part.role}{path.suffix}")
        description = write_archive(file, model, part.capture, stored)
        facts[part.role] = {
            "archive": str(file),
            "bytes": file.stat().st_size,
            "form": part.form,
            "nodes": len(part.capture.program.graph.nodes),
            "way": part.capture.way,
            "inputs": part.capture.inputs,
            "outputs": part.capture.outputs,
            "dynamic": part.capture.dynamic,
            "weights": len(description["weights"]),
        }
        if whole:
            facts[part.role]["refused"] = found.refused + part.capture.refused
    if "main" not in facts:
        graphs = {role: {"file": Path(one["archive"]).name} for role, one in facts.items()}
        links = [{"from": source, "to": target} for source, target in found.links]
        content = json.dumps({"schema": 1, "graphs": graphs, "links": links}, indent=1) + "\n"
        write_atomically(manifest, content.encode())
        path.unlink(missing_ok=True)
    return facts


def config_class_of(values: dict[str, Any]) -> Any:
    """The configuration class that `model_type` names."""
    kind = values.get("model_type")
    try:
        return transformers.AutoConfig.for_model(kind).__class__
    except (ValueError, KeyError, TypeError) as error:
        raise CaptureError("config", f"transformers {transformers.__version__} knows no model_type {kind!r}") from error


def named_class(values: dict[str, Any]) -> str:
    """The class that config.json names."""
    names = values.get("architectures")
    if not isinstance(names, list) or not names or not isinstance(names[0], str):
        raise CaptureError("class", "config.json names no class in `architectures`; say which with --class or --task")
    return names[0]


def class_for_task(task: str, config_class: Any) -> str:
    """The model class of a configuration class that serves a task of transformers' pipelines."""
    if task not in PIPELINE_REGISTRY.get_supported_tasks():
        known = ", ".join(PIPELINE_REGISTRY.get_supported_tasks())
        raise CaptureError("class", f"no task {task!r}; known: {known}")
    _, entry, _ = PIPELINE_REGISTRY.check_task(task)
    for auto in entry["pt"]:
        mapping = getattr(auto, "_model_mapping", {})
        if config_class in mapping:
            found = mapping[config_class]
            return (found[0] if isinstance(found, (list, tuple)) else found).__name__
    raise CaptureError("class", f"no class for {config_class.__name__} serves the task {task!r}")


def unloaded_model(model_class: Any, config: Any, stored: dict[str, torch.Size]) -> torch.nn.Module:
    """An instance whose `stored` parameters are never written; the others and the buffers are as its constructor makes them.

    Without any stored tensor, all parameters count as stored. Errors: CaptureError if the class has parameters that are
    neither stored nor computed by it.
    """
    try:
        with initialization.no_init_weights():
            model = model_class._from_config(config, dtype=torch.float32)
        model.tie_weights()
        found = set(weight_map(model, stored)) if stored else {name for name, _ in model.named_parameters()}
        missing = {name for name, _ in model.named_parameters()} - found
        computed = [*(model._keys_to_ignore_on_save or ()), *(model._keys_to_ignore_on_load_missing or ())]
        lost = sorted(name for name in missing if not any(re.search(pattern, name) for pattern in computed))
        if lost:
            raise CaptureError(
                "weights",
                f"{len(lost)} parameters of {model_class.__name__} are in no safetensors file: {', '.join(lost[:5])}"
                f"{', ...' if len(lost) > 5 else ''}; choose the class that the files were saved from (--class)",
            )
        for name, value in model.named_parameters():
            value._is_hf_initialized = name in found
        with torch.no_grad(), initialization.guard_torch_init_functions():
            model.initialize_weights()
    except CaptureError:
        raise
    except ImportError as error:
        raise CaptureError("instantiate", f"{model_class.__name__} needs a package: {error}", own=True) from error
    except Exception as error:  # whatever a constructor says about its configuration
        raise CaptureError("instantiate", f"{type(error).__name__}: {error}") from error
    for part in configs_of(model):
        if hasattr(part, "use_cache"):
            part.use_cache = False
    return model.eval().requires_grad_(False)


def samples_for(model: torch.nn.Module, name: str) -> list[Sample]:
    """Inputs of `model` at two sizes in every axis that its class, in small, accepts to vary."""
    try:
        small = cases.make_case(name)
    except cases.CaseError as error:
        raise CaptureError("inputs", str(error)) from error
    if small.requires or small.own_reason:
        raise CaptureError("inputs", small.own_reason or f"needs the package {small.requires}", own=True)
    maker = cases._Sizer(name, model, cases.recipe_of(name), 0)
    wish, safe = maker._plans()
    plan = {axis: wish[axis] if axis in small.varied else safe.get(axis, values) for axis, values in wish.items()}
    inputs = [maker.inputs(maker.sizes(plan, step))[0] for step in range(2)]
    probe = Draws()
    call(small.build_model(), {**small.inputs[0], **small.forward_kwargs}, 0, probe)
    calls = [{**given, **small.forward_kwargs} for given in inputs]
    return [Sample(given, draws_of(model, given) if probe.values else []) for given in calls]


def captured(model: torch.nn.Module, name: str, samples: list[Sample], seconds: float) -> Capture:
    """A capture of `model`, whose numbers cannot be checked, in a way that was checked on the class in small if need be.

    The plain way needs no check; where it fails or fixes a size that should vary, the way that serves the class in small,
    with numbers compared, is taken.
    """
    wanted = varying_axes(samples, None)
    refused: list[str] = []
    try:
        found = capture(model, samples, seconds=seconds, ways=WAYS[:1])
        if found.dynamic == {key: axes for key, axes in wanted.items() if key in found.dynamic}:
            return found
        refused = [f"{found.way}: fixes sizes that vary"]
    except CaptureError as error:
        refused = error.refused
    small = cases.make_case(name)
    small_model = small.build_model().float()
    small_samples = reference(small_model, small, 0)[0]
    checked = capture(small_model, small_samples, seconds=seconds)
    samples = [dataclasses.replace(sample, lists=small_samples[0].lists) for sample in samples]
    order = samples[::-1] if checked.turned else samples
    found = capture(model, order, seconds=seconds, ways=(checked.settings,))
    found.refused = refused + found.refused
    return found


def draws_of(model: torch.nn.Module, inputs: dict[str, Any]) -> list[torch.Tensor]:
    """Random tensors of the sizes that `model` draws on these inputs; found without computing anything."""
    recorder = Draws()
    with torch._subclasses.FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad(), recorder:
        model(**inputs)
    return [torch.zeros(value.shape, dtype=value.dtype) for value in recorder.values]
