"""Tracing a transformers model into a functional `torch.export` program with dynamic dims.

`capture` tries ways of tracing in order, from the one that keeps most structure to the one that accepts most models:
plain export with fused attention, transformers' own export patches, those with layout tables as inputs (`hoist`), plain
attention, batched experts, and Dynamo (`strict`); and in each, all dynamic dims, the batch alone, none. Where reference outputs are given, a program that does
not give them is refused and the next way is tried. What was refused, and why, is in `Capture.refused`.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import re
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch.export import Dim, ExportedProgram
from transformers.exporters.exporter_dynamo import apply_patches, register_cache_pytrees_for_model, reset_model_state
from transformers.exporters.utils import precompute_export_inputs

from .attention import attention_form
from .config_file import CaptureError
from .draws import Draws, random_ops
from .hoist import Hoist, Rows, is_layout
from .patches import patched, recurrent_networks
from .recurrences import recurrences
from .structure import fill, flatten_inputs, flatten_outputs, joined
from .symbolic import symbolic_sizes

TOLERANCE = 1e-4


@dataclasses.dataclass(frozen=True)
class Sample:
    """One call of a model: keyword arguments with tensors in them, the draws it makes, and what it returns.

    `draws` and `outputs` are as recorded from the unpatched model; `outputs` may be None when unknown. `layout` names
    inputs that are no inputs of the program, because the tables made of them, `precomputed`, are (see `hoist`). `lists`
    names outputs that are lists whose length depends on data: they are outputs as one tensor (see `structure.joined`).
    """

    inputs: dict[str, Any]
    draws: list[torch.Tensor] = dataclasses.field(default_factory=list)
    outputs: dict[str, torch.Tensor] | None = None
    layout: tuple[str, ...] = ()
    precomputed: dict[int, torch.Tensor] = dataclasses.field(default_factory=dict)
    lists: tuple[str, ...] = ()

    def traced(self) -> dict[str, Any]:
        """The keyword arguments that are inputs of the program."""
        return {name: value for name, value in self.inputs.items() if name not in self.layout}

    def tensors(self) -> dict[str, torch.Tensor]:
        """The tensors that a captured program takes, by name: inputs, then `random.0`, ..., then `precomputed.0`, ..."""
        named, _ = flatten_inputs(self.traced())
        tables = self.precomputed.values()
        return {
            **named,
            **{f"random.{i}": value for i, value in enumerate(self.draws)},
            **{f"precomputed.{i}": value for i, value in enumerate(tables)},
        }


@dataclasses.dataclass(frozen=True)
class Way:
    """One way of tracing."""

    name: str
    attention: str | None = "sdpa"
    patches: bool = False
    precompute: bool = False
    hoist: bool = False
    rows: bool = False
    experts: str | None = None
    strict: bool = False
    form: str = "plain"
    prefix: str = ""


@dataclasses.dataclass
class Capture:
    """A traced model.

    `inputs` and `outputs` are the names of the program's user inputs and outputs in graph order; `dynamic` maps an input
    to its axes that vary; `errors` holds, for each sample with outputs, the largest error relative to the largest
    output, or the reason why the program does not accept it. `turned` says that the last sample was traced, not the first.
    """

    program: ExportedProgram
    inputs: list[str]
    outputs: list[str]
    way: str
    dynamic: dict[str, list[int]]
    settings: Way | None = None
    refused: list[str] = dataclasses.field(default_factory=list)
    errors: list[float | str] = dataclasses.field(default_factory=list)
    samples: list[Sample] = dataclasses.field(default_factory=list)
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    form: str = "decomposed"
    turned: bool = False


WAYS = (
    Way("sdpa"),
    Way("sdpa, patched", patches=True),
    Way("sdpa, patched, rows", patches=True, rows=True),
    Way("sdpa, patched, hoisted", patches=True, precompute=True, hoist=True, rows=True),
    Way("sdpa, hoisted", precompute=True, hoist=True, rows=True),
    Way("eager", attention="eager"),
    Way("sdpa, batched experts", experts="batched_mm"),
    Way("sdpa, strict", strict=True),
)

"""The ways for a decoder whose attention is one operator (see `attention`)."""
ATTENTION_WAYS = (
    Way("attention operator", attention=None, form="attention"),
    Way("attention operator, patched", attention=None, form="attention", patches=True),
    Way("attention operator, batched experts", attention=None, form="attention", experts="batched_mm"),
)


def identifier(name: str) -> str:
    """An argument name for the tensor `name` (`past_key_values.0.keys` -> `past_key_values_0_keys`)."""
    return re.sub(r"\W", "_", name)


@contextlib.contextmanager
def implementations(model: torch.nn.Module, attention: str | None, experts: str | None) -> Iterator[None]:
    """Sets the attention and expert implementations of `model` where it offers them, and restores them."""
    saved = []
    for config in configs_of(model):
        for field in ("_attn_implementation_internal", "_experts_implementation_internal"):
            if hasattr(config, field):
                saved.append((config, field, getattr(config, field)))
    try:
        for setter, value in (("set_attn_implementation", attention), ("set_experts_implementation", experts)):
            if value is not None and hasattr(model, setter):
                with contextlib.suppress(ValueError, ImportError, AttributeError, TypeError):
                    getattr(model, setter)(value)
        yield
    finally:
        for config, field, value in saved:
            setattr(config, field, value)


def configs_of(model: torch.nn.Module) -> list[Any]:
    """Every configuration object that a module of `model` holds, once."""
    found: dict[int, Any] = {}
    for module in model.modules():
        config = getattr(module, "config", None)
        if config is not None and not isinstance(config, dict):
            found.setdefault(id(config), config)
    return list(found.values())


@contextlib.contextmanager
def flat_forward(
    model: torch.nn.Module, sample: Sample, ties: list[tuple[int, int]], rows: bool = False
) -> Iterator[_Flat]:
    """Replaces `model.forward` by one that takes and returns flat tensors, named as `sample.tensors()` are.

    `ties` are pairs of inputs with one batch; `rows` is explained in `hoist`. Yields what the forward notes when it runs.
    """
    original, own = model.forward, model.__dict__.get("forward")
    _, skeleton = flatten_inputs(sample.traced())
    layout = {name: sample.inputs[name] for name in sample.layout}
    num_draws, numbers = len(sample.draws), list(sample.precomputed)
    noted = _Flat()

    def forward(**flat: torch.Tensor) -> tuple[torch.Tensor, ...]:
        values = list(flat.values())
        for one, other in ties:
            torch._check(values[one].shape[0] == values[other].shape[0])
        num_inputs = len(values) - num_draws - len(numbers)
        draws = values[num_inputs : num_inputs + num_draws]
        arguments = {**fill(skeleton, values[:num_inputs]), **layout}
        with contextlib.ExitStack() as modes:
            if rows:
                modes.enter_context(Rows())
            if layout:
                tables = dict(zip(numbers, values[num_inputs + num_draws :]))
                hoist = modes.enter_context(Hoist(list(flatten_inputs(layout)[0].values()), tables))
            if draws:
                mode = modes.enter_context(Draws(draws))
            outputs = joined(flatten_outputs(original(**arguments)), sample.lists)
        if draws and mode.used != len(draws):
            raise RuntimeError(f"the model made {len(draws)} random draws when it ran and {mode.used} when traced")
        noted.outputs = list(outputs)
        noted.crossed = hoist.crossed if layout else []
        return tuple(outputs.values())

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(identifier(name), kind) for name in sample.tensors()]
    forward.__signature__ = inspect.Signature(parameters)
    model.forward = forward
    try:
        yield noted
    finally:
        del model.forward
        if own is not None:
            model.forward = own


@dataclasses.dataclass
class _Flat:
    """What a flat forward notes: names of the outputs, and the tables that met traced values."""

    outputs: list[str] = dataclasses.field(default_factory=list)
    crossed: list[torch.Tensor] = dataclasses.field(default_factory=list)


def varying_axes(samples: list[Sample], given: dict[str, list[int]] | None) -> dict[str, list[int]]:
    """Axes that vary, by tensor name: those given, and those that differ between samples; of one sample, all axes."""
    first = samples[0].tensors()
    axes = {name: set((given or {}).get(name, ())) for name in first}
    if len(samples) == 1 and not given:
        axes = {name: set(range(value.dim())) for name, value in first.items()}
    for sample in samples[1:]:
        for name, value in sample.tensors().items():
            if name in first and value.dim() == first[name].dim():
                axes[name] |= {i for i, (a, b) in enumerate(zip(first[name].shape, value.shape)) if a != b}
    return {name: sorted(found) for name, found in axes.items()}


def _levels(axes: dict[str, list[int]]) -> list[tuple[str, dict[str, list[int]]]]:
    batch = {name: [0] if 0 in found else [] for name, found in axes.items()}
    levels = [("all dims", axes)]
    if any(axes.values()) and batch != axes and any(batch.values()):
        levels.append(("batch only", batch))
    if any(axes.values()):
        levels.append(("fixed sizes", {name: [] for name in axes}))
    return levels


def reason_of(error: BaseException) -> str:
    """One line that says what an exception says."""
    text = " ".join(re.split(r"While executing|Original traceback|\n\nThe above|from user code", str(error))[0].split())
    return f"{type(error).__name__}: {text[:400]}"


def is_own(error: BaseException) -> bool:
    """Whether tracing failed for a reason of the model: control flow that depends on data."""
    text = f"{type(error).__name__} {error}"
    return bool(
        re.search(
            r"data-dependent|DataDependent|Unbacked|unbacked symbol|control flow|\.item\(\)|_local_scalar_dense"
            r"|Could not guard|Could not extract specialized integer",
            text,
        )
    )


def equal_batches(samples: list[dict[str, torch.Tensor]]) -> list[tuple[int, int]]:
    """Pairs of inputs, by position, whose first axes are one size: a mask and the first input, when all samples agree.

    Without it a mask's batch is a size of its own, because broadcasting would accept one.
    """
    names = list(samples[0])
    return [
        (0, index)
        for index, name in enumerate(names)
        if index
        and "mask" in name
        and len({sample[name].shape[0] for sample in samples if sample[name].dim()}) > 1
        and all(
            sample[name].dim() and sample[names[0]].dim() and sample[name].shape[0] == sample[names[0]].shape[0]
            for sample in samples
        )
    ]


def trace(
    model: torch.nn.Module, samples: list[Sample], axes: dict[str, list[int]], way: Way
) -> tuple[ExportedProgram, list[str], list[str], str]:
    """Exports `model` on the first sample: (program, input names, output names, form of the program)."""
    program, noted = _export(model, samples, axes, way)
    with torch.no_grad(), recurrent_networks(), symbolic_sizes():
        try:
            program, form = program.run_decompositions({}), "decomposed"
        except Exception:  # a graph whose views cannot be made functional stays as traced
            form = "as exported"
    left = random_ops(program.graph_module)
    if left:
        raise RuntimeError(f"random ops that no input replaces: {', '.join(left)}")
    return program, list(samples[0].tensors()), noted.outputs, form


def _export(
    model: torch.nn.Module, samples: list[Sample], axes: dict[str, list[int]], way: Way
) -> tuple[ExportedProgram, _Flat]:
    """torch.export on the first sample, with the settings of `way`."""
    sample = samples[0]
    named = sample.tensors()
    arguments = {identifier(name): value.clone() for name, value in named.items()}
    dynamic = {identifier(name): {axis: Dim.AUTO for axis in axes.get(name, ())} or None for name in named}
    ties = equal_batches([other.tensors() for other in samples])
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(symbolic_sizes())
        stack.enter_context(implementations(model, way.attention, way.experts))
        stack.enter_context(reset_model_state(model))
        register_cache_pytrees_for_model(model)
        if way.patches:
            stack.enter_context(apply_patches("dynamo"))
        stack.enter_context(recurrences(model))
        stack.enter_context(patched(model, checks=not sample.layout))
        form = stack.enter_context(attention_form(model, way.prefix)) if way.form == "attention" else None
        noted = stack.enter_context(flat_forward(model, sample, ties, way.rows))
        program = torch.export.export(model, (), arguments, dynamic_shapes=dynamic, strict=way.strict)
        if form is not None:
            form.check()
        return program, noted


def hoisted(model: torch.nn.Module, samples: list[Sample], way: Way) -> list[Sample]:
    """The samples with their layout inputs replaced by the tables made of them.

    Each sample is traced once to see its tables; those that differ between samples become inputs, the others constants.
    Errors: ValueError when there are no layout inputs, or when samples make different numbers of tables.
    """
    named = flatten_inputs(samples[0].inputs)[0]
    layout = tuple(name for name, value in named.items() if is_layout(name, value))
    if not layout:
        raise ValueError("no input describes a layout")
    bare = [dataclasses.replace(sample, layout=layout) for sample in samples]
    axes = varying_axes(bare, None)
    tables = [_export(model, [sample], axes, way)[1].crossed for sample in bare]
    if len({len(found) for found in tables}) > 1:
        raise ValueError(f"the samples make {[len(found) for found in tables]} tables from their layouts")
    numbers = [
        number
        for number, values in enumerate(zip(*tables))
        if any(not _same(values[0], value) for value in values[1:]) or len(samples) == 1
    ]
    return [
        dataclasses.replace(sample, precomputed={number: found[number] for number in numbers})
        for sample, found in zip(bare, tables)
    ]


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)


def precomputed(model: torch.nn.Module, sample: Sample) -> Sample:
    """The sample with the inputs that transformers computes ahead of an export (positions, segment bounds)."""
    inputs = copy.deepcopy(sample.inputs)
    with torch.no_grad():
        owner = next((part for part in (model, getattr(model, "base_model", model)) if hasattr(part, "get_rope_index")), None)
        positions = inputs.get("position_ids")
        accepted = inspect.signature(owner.get_rope_index).parameters if owner is not None else {}
        given = {name: value for name, value in inputs.items() if name in accepted}
        needed = {name for name, parameter in accepted.items() if parameter.default is parameter.empty and name != "kwargs"}
        if positions is None and owner is not None and needed <= set(given):  # else the model does not use them either
            positions = owner.get_rope_index(**given)[0]
            inputs["position_ids"] = positions
        sizes = inputs.get("image_sizes")
        precompute_export_inputs(model, inputs)
        if isinstance(sizes, torch.Tensor):
            inputs["image_sizes"] = sizes  # a layout, which transformers would make numbers
        if positions is not None:
            inputs["position_ids"] = positions  # an encoder inside would have positions of its own by this name
        elif "position_ids" in inspect.signature(model.forward).parameters:
            inputs.pop("position_ids", None)  # those of an encoder, where the model means its own
    return dataclasses.replace(sample, inputs=inputs)


def run(program: ExportedProgram, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """Interprets a program on its user inputs; returns its user outputs."""
    kinds = torch.export.graph_signature.InputKind
    values, feed = iter(inputs), []
    for spec in program.graph_signature.input_specs:
        if spec.kind == kinds.USER_INPUT:
            feed.append(next(values) if not isinstance(spec.arg, torch.export.graph_signature.ConstantArgument) else spec.arg.value)
        elif spec.kind in (kinds.PARAMETER, kinds.BUFFER) and spec.target in program.state_dict:
            feed.append(program.state_dict[spec.target])
        else:
            feed.append(program.constants[spec.target])
    with torch.no_grad():
        found = torch.fx.Interpreter(program.graph_module).run(*feed)
    wanted = torch.export.graph_signature.OutputKind.USER_OUTPUT
    return [value for spec, value in zip(program.graph_signature.output_specs, found) if spec.kind == wanted]


def error_of(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """Largest difference relative to the largest wanted value; infinite for another shape or a differing integer."""
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return float("inf")
    if wanted.numel() == 0:
        return 0.0
    if not (wanted.is_floating_point() or wanted.is_complex()):
        return 0.0 if torch.equal(found, wanted) else float("inf")
    wide = torch.complex128 if wanted.is_complex() else torch.float64
    a, b = found.to(wide), wanted.to(wide)
    same = (a == b) | (torch.isnan(a) & torch.isnan(b))
    difference = torch.where(same, torch.zeros_like(a), a - b).abs().max()
    finite = b.abs()[torch.isfinite(b.abs())]
    scale = float(finite.max()) if finite.numel() else 1.0
    result = float(difference) / max(scale, 1e-30)
    return result if result == result else float("inf")


def check(capture: Capture, sample: Sample) -> float | str:
    """The error of a captured program on a sample, or why it cannot run it."""
    tensors = sample.tensors()
    if list(tensors) != capture.inputs:
        return f"inputs {list(tensors)} are not those of the capture, {capture.inputs}"
    try:
        found = run(capture.program, [tensors[name] for name in capture.inputs])
    except Exception as error:  # whatever an op says about sizes it was not traced for
        return reason_of(error)
    wanted = sample.outputs or {}
    if list(wanted) != capture.outputs:
        return f"outputs {list(wanted)} are not those of the capture, {capture.outputs}"
    return max((error_of(a, b) for a, b in zip(found, wanted.values())), default=0.0)


def _is_good(error: float | str) -> bool:
    return isinstance(error, float) and error <= TOLERANCE


def _attempt(
    model: torch.nn.Module, samples: list[Sample], axes: dict[str, list[int]], way: Way, label: str
) -> Capture:
    """A capture traced on the first of `samples` and checked on all."""
    start = time.monotonic()
    program, inputs, outputs, form = trace(model, samples, axes, way)
    found = Capture(program, inputs, outputs, label, program_axes(program, inputs), way, form=form)
    found.seconds["export"] = time.monotonic() - start
    found.samples = samples
    start = time.monotonic()
    found.errors = [check(found, sample) for sample in found.samples if sample.outputs is not None]
    found.seconds["check"] = time.monotonic() - start
    return found


def capture(
    model: torch.nn.Module,
    samples: list[Sample],
    dynamic: dict[str, list[int]] | None = None,
    seconds: float = 600.0,
    ways: tuple[Way, ...] = WAYS,
) -> Capture:
    """Captures `model`, traced on `samples[0]`; the others, of other sizes, say what varies and are checked.

    `seconds` is the processor time after which no further way is begun. Returns the first program that agrees with every
    sample; failing that, the one that agrees with most. Where data decide and inputs describe a layout, the ways that
    hoist it come first. Errors: CaptureError of stage `export` when no way gives a program that agrees with the first sample.
    """
    began = time.process_time()
    refused: list[str] = []
    own = False
    best: tuple[int, Capture] | None = None
    axes_of_all = varying_axes(samples, dynamic)
    has_experts = any("expert" in name for name, _ in model.named_modules())
    has_layout = any(is_layout(name, value) for name, value in flatten_inputs(samples[0].inputs)[0].items())
    remaining = list(ways)
    while remaining:
        way = remaining.pop(0)
        if (way.experts and not has_experts) or ((best is not None or own) and not (way.patches or way.hoist)):
            continue  # an export that accepts one size only is changed by patches or by nothing
        way_samples, axes = samples, axes_of_all
        if way.precompute:
            try:
                way_samples = [precomputed(model, sample) for sample in samples]
                if way.hoist:
                    way_samples = hoisted(model, way_samples, way)
            except Exception as error:  # as below
                refused.append(f"{way.name}: {reason_of(error)}")
                continue
            axes = varying_axes(way_samples, dynamic)
        for level, level_axes in _levels(axes):
            label = f"{way.name}, {level}"
            if time.process_time() - began > seconds:
                refused.append(f"{label}: not tried, {seconds:.0f} s had passed")
                continue
            try:
                found = _attempt(model, way_samples, level_axes, way, label)
            except Exception as error:  # anything that tracing a model's Python can raise
                refused.append(f"{label}: {reason_of(error)}")
                own = own or is_own(error)
                if is_own(error):  # values that decide are unknown at any size; those of a layout are not, hoisted
                    remaining.sort(key=lambda other: not (has_layout and other.hoist))
                    break
                continue
            good = sum(map(_is_good, found.errors))
            if good and good < len(found.errors) and (best is None or way.hoist):
                # sizes that are 1, or equal by chance, are fixed; others may not be
                with contextlib.suppress(Exception):
                    turned = _attempt(model, way_samples[::-1], level_axes, way, f"{label}, at other sizes")
                    turned.samples.reverse()
                    turned.errors.reverse()
                    turned.turned = True
                    if sum(map(_is_good, turned.errors)) > good:
                        found, good, label = turned, sum(map(_is_good, turned.errors)), turned.way
            if found.errors and not _is_good(found.errors[0]):
                refused.append(f"{label}: differs from the model by {found.errors[0]}")
                break  # fewer dynamic dims do not change the numbers
            if good == len(found.errors):
                found.refused = refused
                return found
            fixed = {name: sorted(set(level_axes[name]) - set(found.dynamic[name])) for name in found.dynamic}
            fixed_text = ", ".join(f"{name} {axes}" for name, axes in fixed.items() if axes)
            failures = "; ".join(f"sample {i}: {e}" for i, e in enumerate(found.errors) if not _is_good(e))
            refused.append(f"{label}: {failures}" + (f" (made constant: {fixed_text})" if fixed_text else ""))
            if best is None or good > best[0]:
                best = (good, found)
            break  # fewer dynamic dims accept no more samples
    if best is None:
        raise CaptureError("export", refused[0] if refused else "nothing was tried", own, refused)
    best[1].refused = refused
    return best[1]


def program_axes(program: ExportedProgram, names: list[str]) -> dict[str, list[int]]:
    """The symbolic axes of each user input."""
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    axes = {}
    for name, user in zip(names, program.graph_signature.user_inputs):
        value = nodes[user].meta.get("val") if isinstance(user, str) and user in nodes else None
        if isinstance(value, torch.Tensor):
            axes[name] = [i for i, size in enumerate(value.shape) if isinstance(size, torch.SymInt)]
    return axes
