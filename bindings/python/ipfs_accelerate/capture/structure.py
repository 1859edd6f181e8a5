"""Nested inputs and outputs of a model as flat lists of named tensors.

A tensor's name is the path to it, joined by dots: `pixel_values`, `past_key_values.0.0`, `hidden_states.3`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch


@dataclasses.dataclass(frozen=True)
class Slot:
    """The place of tensor number `index` in a structure without its tensors."""

    index: int


def _join(prefix: str, key: Any) -> str:
    return f"{prefix}.{key}" if prefix else str(key)


def flatten_inputs(inputs: Mapping[str, Any]) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors of `inputs` by name, and the same structure with a `Slot` for each tensor.

    Lists, tuples and dicts are walked; everything else (numbers, strings, None) stays in the structure as it is.
    """
    tensors: dict[str, torch.Tensor] = {}

    def walk(value: Any, name: str) -> Any:
        if isinstance(value, torch.Tensor):
            tensors[name] = value
            return Slot(len(tensors) - 1)
        if isinstance(value, Mapping):
            return type(value)({key: walk(item, _join(name, key)) for key, item in value.items()})
        if isinstance(value, (list, tuple)):
            return type(value)([walk(item, _join(name, index)) for index, item in enumerate(value)])
        return value

    skeleton = {key: walk(value, key) for key, value in inputs.items()}
    return tensors, skeleton


def fill(skeleton: Any, tensors: list[torch.Tensor]) -> Any:
    """The structure of `flatten_inputs` with `tensors` in its slots."""
    if isinstance(skeleton, Slot):
        return tensors[skeleton.index]
    if isinstance(skeleton, Mapping):
        return type(skeleton)({key: fill(item, tensors) for key, item in skeleton.items()})
    if isinstance(skeleton, (list, tuple)):
        return type(skeleton)([fill(item, tensors) for item in skeleton])
    return skeleton


def flatten_outputs(output: Any) -> dict[str, torch.Tensor]:
    """The tensors that a model returned, by name, in the order of its fields; what is no tensor is left out.

    A model that returns a bare tensor has the output `output`; one that returns a plain tuple has `output.0`, ...
    Caches are walked like records: `past_key_values.0.keys`.
    """
    found: dict[str, torch.Tensor] = {}

    def walk(value: Any, name: str, seen: tuple[int, ...]) -> None:
        if isinstance(value, torch.Tensor):
            found[name or "output"] = value
            return
        if value is None or isinstance(value, (bool, int, float, str, type, Callable)) or id(value) in seen:
            return
        seen = (*seen, id(value))
        if isinstance(value, Mapping):
            for key, item in value.items():
                walk(item, _join(name, key), seen)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                walk(item, _join(name or "output", index), seen)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                walk(getattr(value, field.name, None), _join(name, field.name), seen)
        elif type(value).__name__.endswith("Cache") or "Cache" in {base.__name__ for base in type(value).__mro__}:
            layers = getattr(value, "layers", None)
            if isinstance(layers, list):
                for index, layer in enumerate(layers):
                    for key, item in vars(layer).items():
                        walk(item, _join(name, f"{index}.{key}"), seen)
            else:
                for key, item in vars(value).items():
                    walk(item, _join(name, key), seen)

    walk(output, "", ())
    return found


def _list_of(name: str) -> str:
    """`P` of `P.0`, `P.1`, ...; empty for a tensor that is in no list."""
    head, _, last = name.rpartition(".")
    return head if last.isdigit() else ""


def varying_lists(records: list[dict[str, torch.Tensor]]) -> tuple[str, ...]:
    """Names of output lists that have another length in another record (features of each image): `P` of `P.0`, `P.1`, ...

    Only lists whose tensors can follow each other along the first axis count.
    """
    lists: dict[str, list[list[torch.Tensor]]] = {}
    for record in records:
        found: dict[str, list[torch.Tensor]] = {}
        for name, value in record.items():
            found.setdefault(_list_of(name), []).append(value)
        for head, parts in found.items():
            lists.setdefault(head, []).append(parts)
    lists.pop("", None)
    return tuple(
        head
        for head, each in lists.items()
        if len({len(parts) for parts in each}) > 1
        and all(part.dim() and part.shape[1:] == parts[0].shape[1:] for parts in each for part in parts)
    )


def joined(outputs: Mapping[str, torch.Tensor], lists: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """`outputs` with each of `lists` as one tensor: its parts [n, ...] after each other along the first axis."""
    parts: dict[str, list[torch.Tensor]] = {}
    for name, value in outputs.items():
        head = _list_of(name)
        parts.setdefault(head if head in lists else name, []).append(value)
    return {name: values[0] if name not in lists else torch.cat(values) for name, values in parts.items()}
