"""Function modes that let a model with data-dependent Python be traced.

`Hoist`: some models compute index tables in Python from small integer inputs that describe a layout (`image_grid_thw`,
`spatial_shapes`, `feature_lens`). Those inputs are kept out of the trace and what is computed from them alone is computed
for real; where such a value meets a traced one, it becomes an input of the program, `precomputed.N`. This is what
transformers' own exporters do by hand for a few encoders. Attention that splits packed rows into segments whose lengths are
known that way, and loops over them, becomes one attention with a mask of blocks, so that the number of segments is free.

`Rows`: some models take a batch apart (`list(x)`, `x.split(sizes)`) only to concatenate it again, which ties the trace to
one batch. Under `Rows` the parts of a tensor whose first dim is symbolic are one part that holds all rows. It is right only
for models that do nothing else with the parts, so a program traced with it must be checked on another batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_flatten, tree_map

LAYOUT = re.compile(r"grid|thw|_per_sample$|sizes?$|shapes?$|lens?$|lengths?$|^num_|_num_|counts?$")

_FACTORIES = {
    torch.arange, torch.tensor, torch.as_tensor, torch.zeros, torch.ones, torch.full, torch.empty, torch.eye,
}  # fmt: skip
_QUERIES = {"__get__", "size", "dim", "numel", "stride", "is_floating_point", "is_complex", "__len__", "element_size"}


def is_layout(name: str, value: torch.Tensor) -> bool:
    """Whether an input describes a layout: a small integer tensor with a name that says so."""
    integer = value.dtype in (torch.int32, torch.int64)
    return integer and bool(LAYOUT.search(name)) and value.numel() <= 4096


class Segments(list):
    """The integers of a known 1-d tensor, `source`: as sizes of a split, lengths of segments."""

    def __init__(self, values: list[int], source: torch.Tensor):
        super().__init__(values)
        self.source = source


class Hoist(TorchFunctionMode):
    """Computes for real what depends on `layout` tensors only.

    Recording (`given` is None), `crossed` lists the values that met traced ones, in order. Replaying, those whose number
    is in `given` are replaced by the given tensors.
    """

    def __init__(self, layout: list[torch.Tensor], given: dict[int, torch.Tensor] | None = None):
        super().__init__()
        self.known: dict[int, torch.Tensor] = {id(value): value for value in layout}
        self.given = given or {}
        self.crossed: list[torch.Tensor] = []
        self.numbers: dict[int, int] = {}
        self.segments: torch.Tensor | None = None

    def _cross(self, value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or id(value) not in self.known:
            return value
        number = self.numbers.setdefault(id(value), len(self.crossed))
        if number == len(self.crossed):
            self.crossed.append(value)
        return self.given.get(number, value)

    def _real(self, function: Callable[..., Any], args: tuple, kwargs: dict) -> Any:
        with _disable_current_modes():
            out = function(*args, **kwargs)
        for value in tree_flatten(out)[0]:
            if isinstance(value, torch.Tensor):
                self.known[id(value)] = value
        return out

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        leaves = tree_flatten((args, kwargs))[0]
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        symbolic = any(isinstance(leaf, (torch.SymInt, torch.SymFloat, torch.SymBool)) for leaf in leaves)
        known = [value for value in tensors if id(value) in self.known]
        if not tensors:
            if func in _FACTORIES and not symbolic and _is_index(func, args, kwargs):
                return self._real(func, args, kwargs)
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if not known:
            if name == "split" and self._splits(args, kwargs):
                return (args[0],)
            if name == "scaled_dot_product_attention" and self.segments is not None:
                return self._attention(func, args, kwargs)
            return func(*args, **kwargs)
        if name == "tolist" and args[0].dim() == 1 and not args[0].is_floating_point():
            return Segments(self._real(func, args, kwargs), args[0])
        if len(known) == len(tensors) and not symbolic:
            return self._real(func, args, kwargs)
        if name in _QUERIES:
            return func(*args, **kwargs)
        writes = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
        if writes and args and isinstance(args[0], torch.Tensor) and id(args[0]) in self.known:
            raise RuntimeError(f"a table computed from a layout is written with traced values by {name}")
        return func(*tree_map(self._cross, args), **tree_map(self._cross, kwargs))


    def _splits(self, args: tuple, kwargs: dict) -> bool:
        """Notes the lengths that queries, keys or values [1, heads, rows, width] are split into; False for other splits."""
        sizes = kwargs.get("split_size_or_sections", kwargs.get("split_size", args[1] if len(args) > 1 else None))
        axis = kwargs.get("dim", args[2] if len(args) > 2 else 0)
        if not isinstance(sizes, Segments) or args[0].dim() != 4 or axis not in (2, -2):
            return False
        self.segments = sizes.source
        return True

    def _attention(self, func: Any, args: tuple, kwargs: dict) -> Any:
        """Attention of packed rows [1, heads, rows, width], each row to those of its segment; ends the segments."""
        source, self.segments = self.segments, None
        masked = kwargs.get("attn_mask", args[3] if len(args) > 3 else None) is not None
        if masked or kwargs.get("is_causal", False) or len(args) > 4:
            raise RuntimeError("attention of segments has a mask of its own")
        lengths = self._cross(source)
        rows = torch.arange(args[0].shape[2], device=args[0].device)
        segment = (rows[:, None] >= lengths.cumsum(0)[None, :]).sum(1)
        kwargs = {**kwargs, "attn_mask": segment[:, None] == segment[None, :]}
        return func(*args[:3], **kwargs)


def _is_index(func: Any, args: tuple, kwargs: dict) -> bool:
    """Whether a factory call makes integers."""
    dtype = kwargs.get("dtype")
    if dtype is not None:
        return not (dtype.is_floating_point or dtype.is_complex)
    if func in (torch.zeros, torch.ones, torch.empty, torch.eye):
        return False
    values = args[1:2] if func is torch.full else args
    leaves = tree_flatten((values, kwargs.get("fill_value") if func is torch.full else None))[0]
    return bool(leaves) and all(isinstance(leaf, (int, type(None), torch.device)) for leaf in leaves)


class Rows(TorchFunctionMode):
    """Taking a tensor apart along a symbolic first dim gives one part with all rows."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        value = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if value is not None and value.dim() and isinstance(value.shape[0], torch.SymInt):
            axis = kwargs.get("dim", args[1] if len(args) > 1 else 0)
            if func in (torch.unbind, torch.Tensor.unbind) and axis == 0 and value.dim() > 1:
                return (value.flatten(0, 1),)
            if func is torch.Tensor.__iter__ and value.dim() > 1:
                return iter((value.flatten(0, 1),))
            if func is torch.Tensor.__len__:
                return 1
            sizes = kwargs.get("split_size_or_sections", kwargs.get("split_size", args[1] if len(args) > 1 else None))
            along = kwargs.get("dim", args[2] if len(args) > 2 else 0)
            if func in (torch.split, torch.Tensor.split) and isinstance(sizes, (list, tuple)) and along == 0:
                return (value,)
        return func(*args, **kwargs)
