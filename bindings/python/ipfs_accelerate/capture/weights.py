"""Where the parameters of a model are in its safetensors files.

A parameter maps to the name of a stored tensor, or to an expression over several, for classes whose checkpoints keep
matrices apart that the model holds as one:
    {"op": "stack", "axis": 0, "of": [...]}            stored tensors of one shape along a new axis
    {"op": "concat", "axis": 1, "of": [...]}
    {"op": "slice", "axis": 0, "start": 0, "length": 64, "of": [x]}
    {"op": "transpose", "axes": [0, 1], "of": [x]}
    {"op": "permute", "axes": [1, 0, 2], "of": [x]}
    {"op": "reshape", "shape": [8, 16], "of": [x]}
`of` holds names and further expressions. The expressions are found by running transformers' own conversions on tensors
without data and recording what they do.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    WeightConverter,
    WeightRenaming,
    dot_natural_key,
    rename_source_key,
    revert_weight_conversion,
)

Expression = str | dict[str, Any]


class _Recorder(TorchDispatchMode):
    """Follows tensors without data through view and concatenation ops; `of(t)` is the expression of a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.expressions: dict[int, Expression] = {}
        self.alive: list[torch.Tensor] = []

    def name(self, tensor: torch.Tensor, expression: Expression) -> torch.Tensor:
        self.alive.append(tensor)
        self.expressions[id(tensor)] = expression
        return tensor

    def of(self, tensor: torch.Tensor) -> Expression:
        if id(tensor) not in self.expressions:
            raise NotImplementedError("a checkpoint conversion computes a weight from something that is not stored")
        return self.expressions[id(tensor)]

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        op = func._schema.name.removeprefix("aten::")
        one = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if op == "empty":
            pass  # the stored tensors themselves
        elif op in ("cat", "stack"):
            axis = args[1] if len(args) > 1 else (kwargs or {}).get("dim", 0)
            parts = [self.of(x) for x in args[0]]
            node = {"op": "concat" if op == "cat" else "stack", "axis": axis % out.dim(), "of": parts}
            self.name(out, parts[0] if op == "cat" and len(parts) == 1 else node)
        elif op in ("clone", "contiguous", "detach", "_to_copy", "alias", "lift_fresh"):
            self.name(out, self.of(one))
        elif op in ("t", "transpose"):
            axes = [0, 1] if op == "t" else [axis % out.dim() for axis in args[1:3]]
            self.name(out, {"op": "transpose", "axes": axes, "of": [self.of(one)]})
        elif op == "permute":
            self.name(out, {"op": "permute", "axes": [axis % out.dim() for axis in args[1]], "of": [self.of(one)]})
        elif op in ("view", "_unsafe_view", "reshape", "unsqueeze", "squeeze", "_reshape_alias"):
            self.name(out, {"op": "reshape", "shape": list(out.shape), "of": [self.of(one)]})
        elif op in ("split", "split_with_sizes", "chunk", "unbind", "slice", "select", "narrow"):
            self._cut(op, one, args, kwargs or {}, out)
        else:
            raise NotImplementedError(f"a checkpoint conversion uses {op}, which has no expression")
        return out

    def _cut(self, op: str, one: torch.Tensor, args: tuple, kwargs: dict, out: Any) -> None:
        source = self.of(one)
        if op in ("select", "slice", "narrow"):
            axis = (args[1] if len(args) > 1 else 0) % one.dim()
            start = (args[2] if len(args) > 2 else 0) or 0
            if op == "slice" and len(args) > 4 and args[4] != 1:
                raise NotImplementedError("a checkpoint conversion takes every n-th row, which has no expression")
            start = min(start % one.shape[axis] if start < 0 else start, one.shape[axis])
            length = 1 if op == "select" else out.shape[axis]
            node: Expression = {"op": "slice", "axis": axis, "start": start, "length": length, "of": [source]}
            if length == one.shape[axis] and op != "select":
                node = source
            if op == "select":
                node = {"op": "reshape", "shape": list(out.shape), "of": [node]}
            self.name(out, node)
            return
        default = 0 if op == "unbind" else (args[2] if len(args) > 2 else 0)
        axis = kwargs.get("dim", args[1] if op == "unbind" and len(args) > 1 else default) % one.dim()
        start = 0
        for part in out:
            length = 1 if op == "unbind" else part.shape[axis]
            node = {"op": "slice", "axis": axis, "start": start, "length": length, "of": [source]}
            if op == "unbind":
                node = {"op": "reshape", "shape": list(part.shape), "of": [node]}
            self.name(part, node)
            start += length


def stored_names(model: torch.nn.Module) -> dict[str, torch.Size]:
    """Names and shapes under which `save_pretrained` would store `model`."""
    state = {name: value.to("meta") for name, value in untied_state(model).items()}
    if hasattr(model, "config"):
        state = revert_weight_conversion(model, state)
    return {name: value.shape for name, value in state.items()}


def aliases(model: torch.nn.Module) -> dict[str, str]:
    """Each name of the state that shares its tensor with an earlier one, and that earlier name."""
    first: dict[tuple, str] = {}
    found = {}
    for name, value in model.state_dict(keep_vars=True).items():
        key = (id(value),) if value.numel() == 0 else (value.data_ptr(), tuple(value.shape), value.stride())
        if key in first:
            found[name] = first[key]
        else:
            first[key] = name
    return found


def untied_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The state of `model`, each tensor once."""
    shared = aliases(model)
    return {name: value for name, value in model.state_dict().items() if name not in shared}


def weight_map(model: torch.nn.Module, stored: dict[str, torch.Size]) -> dict[str, Expression]:
    """For each parameter and persistent buffer of `model`, the expression over `stored` tensors that gives it.

    `stored` are names and shapes in the safetensors files. What no file has is left out.
    """
    state = model.state_dict()
    shared = aliases(model)
    conversions = list(get_model_conversion_mapping(model)) if hasattr(model, "config") else []
    renamings = [entry for entry in conversions if isinstance(entry, WeightRenaming)]
    converters = [entry for entry in conversions if isinstance(entry, WeightConverter)]
    by_pattern = {pattern: entry for entry in converters for pattern in entry.source_patterns}
    prefix = getattr(model, "base_model_prefix", None) or None

    found: dict[str, Expression] = {}
    pending: dict[str, WeightConverter] = {}
    recorder = _Recorder()
    with recorder:
        for name in sorted(stored, key=dot_natural_key):
            if name in state and tuple(state[name].shape) == tuple(stored[name]) and not pending_match(name, converters):
                found[name] = name  # whatever a renaming makes of another name
                continue
            target, pattern = rename_source_key(name, renamings, converters, prefix, state)
            if pattern is None:
                if target in state:
                    found.setdefault(target, name)
                continue
            converter = pending.setdefault(target, copy.deepcopy(by_pattern[pattern]))
            tensor = recorder.name(torch.empty(stored[name], device="meta"), name)
            converter.add_tensor(target, name, pattern, tensor)
        for target, converter in pending.items():
            for name, value in converter.convert(target, model=model, config=model.config).items():
                value = value[0] if isinstance(value, list) else value
                if name in state:
                    found[name] = recorder.of(value)
    groups: dict[str, list[str]] = {}
    for alias, first in shared.items():
        groups.setdefault(first, [first]).append(alias)
    for names in groups.values():
        known = next((found[name] for name in names if name in found), None)
        if known is not None:
            found.update(dict.fromkeys(names, known))
    return {name: found[name] for name in state if name in found}


def pending_match(name: str, converters: list[WeightConverter]) -> bool:
    """Whether a converter claims a stored tensor."""
    return any(converter.rename_source_key(name)[1] is not None for converter in converters)
