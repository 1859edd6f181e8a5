"""Replacements of Python in transformers that would fix a size while a model is traced; the arithmetic is the same.

`generic`, in force while any model is traced:
- a bidirectional mask that eager leaves out because nothing is padded is left out of the trace too;
- `len(tensor)` in modelling code is its first extent, symbolic where that is;
- windows of `Tensor.unfold` by one step are a stack of slices (as overlapping views they fix the extent);
- `max_pool1d` along a symbolic extent is a `max_pool2d` (the former fixes it);
- `math.ceil(a / b)` in a `forward` is `-(-a // b)`.

`FORWARDS` (of modules) and `METHODS` (of helpers) replace methods of single classes, in which a loop runs over a size.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import torch
from transformers import masking_utils


def length(value: Any) -> Any:
    """`len`, which for a tensor is its first extent, an int or a SymInt."""
    return value.shape[0] if isinstance(value, torch.Tensor) and value.dim() else builtins.len(value)


def ignores_mask(original: Callable[..., bool]) -> Callable[..., bool]:
    """Whether a bidirectional mask is left out: as in eager where there is no padding mask and no window."""

    def ignore(padding_mask: Any, kv_length: Any, local_attention_size: Any = None) -> bool:
        if padding_mask is None and local_attention_size is None:
            return True
        return original(padding_mask, kv_length, local_attention_size)

    return ignore


def unfold(self: torch.Tensor, dimension: int, size: int, step: int) -> torch.Tensor:
    """`Tensor.unfold`; a few windows by one step along a symbolic extent are slices side by side."""
    extent = self.shape[dimension]
    if step != 1 or not isinstance(extent, torch.SymInt) or not isinstance(size, int) or size > 64:
        return torch._C.TensorBase.unfold(self, dimension, size, step)
    return torch.stack([self.narrow(dimension, i, extent - size + 1) for i in range(size)], dim=-1)


def max_pool1d(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """`max_pool1d`; along a symbolic extent as `max_pool2d` of one row."""

    def pool(
        input: torch.Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        sizes = (kernel_size, kernel_size if stride is None else stride, padding, dilation)
        if return_indices or not isinstance(input.shape[-1], torch.SymInt):
            return original(input, *sizes, ceil_mode=ceil_mode, return_indices=return_indices)
        width, step, pad, gap = (value[0] if isinstance(value, (tuple, list)) else value for value in sizes)
        plane = input.unsqueeze(-2)
        return torch.nn.functional.max_pool2d(plane, (1, width), (1, step), (0, pad), (1, gap), ceil_mode).squeeze(-2)

    return pool


class _Ceil(ast.NodeTransformer):
    """`math.ceil(a / b)` -> `-(-a // b)`, which is the same for integers."""

    def __init__(self) -> None:
        self.count = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func
        is_ceil = isinstance(name, ast.Attribute) and name.attr == "ceil" and getattr(name.value, "id", "") == "math"
        if not (is_ceil and len(node.args) == 1 and isinstance(node.args[0], ast.BinOp)):
            return node
        ratio = node.args[0]
        if not isinstance(ratio.op, ast.Div):
            return node
        self.count += 1
        negative = ast.UnaryOp(ast.USub(), ratio.left)
        return ast.UnaryOp(ast.USub(), ast.BinOp(negative, ast.FloorDiv(), ratio.right))


def whole_ceil(function: Any) -> Callable[..., Any] | None:
    """`function` with the ceilings of its ratios taken in integers; None if it has none, or is wrapped or a closure."""
    if not isinstance(function, FunctionType) or function.__closure__ or hasattr(function, "__wrapped__"):
        return None
    if "ceil" not in function.__code__.co_names:
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):
        return None
    change = _Ceil()
    tree = ast.fix_missing_locations(change.visit(tree))
    if not change.count or tree.body[0].decorator_list:
        return None
    tree.body[0].returns = None
    for argument in ast.walk(tree.body[0].args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    made: dict[str, Any] = {}
    exec(compile(tree, function.__code__.co_filename, "exec"), function.__globals__, made)
    return made[function.__name__]


def canine_attention(original: Callable[..., Any]) -> Callable[..., Any]:
    """Local attention of Canine: its windows are a batch dim instead of a loop.

    The sequence is padded to whole windows; padded keys have the weight 0 exactly, padded queries are cut off.
    """

    def forward(self: Any, hidden_states: Any, attention_mask: Any = None, output_attentions: Any = False) -> Any:
        width = self.attend_from_chunk_width
        sizes = {self.attend_from_chunk_stride, self.attend_to_chunk_width, self.attend_to_chunk_stride}
        if not self.local or output_attentions or self.first_position_attends_to_all or sizes != {width}:
            return original(self, hidden_states, attention_mask, output_attentions)
        pad = torch.nn.functional.pad
        batch, extent, features = hidden_states.shape
        count = (extent + width - 1) // width
        extra = count * width - extent
        blocks = pad(hidden_states, (0, 0, 0, extra)).reshape(batch, count, width, features)
        # a mask value m becomes (1 - m) * min in the scores: minus infinity for -1
        mask = pad(pad(attention_mask.float(), (0, extra), value=-1.0), (0, 0, 0, extra))
        places = torch.arange(count * width, device=mask.device).reshape(count, width)
        mask = mask[:, places[:, :, None], places[:, None, :]]
        keys = blocks
        if self.always_attend_to_first_position:
            first = hidden_states[:, None, 0:1, :].expand(batch, count, 1, features)
            keys = torch.cat([first, blocks], dim=2)
            first_mask = pad(attention_mask[:, :, 0:1].float(), (0, 0, 0, extra))
            mask = torch.cat([first_mask.reshape(batch, count, width, 1), mask], dim=3)
        found = self.self(blocks.flatten(0, 1), keys.flatten(0, 1), mask.flatten(0, 1), False)[0]
        found = found.reshape(batch, count * width, features)[:, :extent]
        return (self.output(found, hidden_states),)

    return forward


def funnel_positions(original: Callable[..., Any]) -> Callable[..., Any]:
    """Relative positions of Funnel: the positions of a block are a progression, after that of the class token if any.

    The model lists them. Here they are (class position or None, first, step, count).
    """

    def get_position_embeds(self: Any, seq_len: Any, dtype: torch.dtype, device: torch.device) -> Any:
        config = self.config
        if config.attention_type == "factorized" or not isinstance(seq_len, torch.SymInt):
            return original(self, seq_len, dtype, device)
        width = config.d_model
        frequencies = torch.arange(0, width // 2, 1.0, dtype=torch.int64, device=device).to(dtype)
        inverse = 1 / (10000 ** (frequencies / (width // 2)))
        steps = torch.arange(-seq_len * 2, seq_len * 2, dtype=torch.int64, device=device).to(dtype)
        angles = steps[:, None] * inverse[None]
        table = torch.cat([self.sin_dropout(torch.sin(angles)), self.cos_dropout(torch.cos(angles))], dim=-1)

        def pooled(block: int, position: tuple) -> tuple:
            cls, first, step, count = position
            if cls is None:
                return None, first, 2 * step, (count + 1) // 2
            return 1 - 2**block, first, 2 * step, (count if config.truncate_seq else count + 1) // 2

        def embeds(stride: int, position: tuple, query: tuple, shift: int) -> torch.Tensor:
            start, query_start = (first if cls is None else cls for cls, first, _, _ in (position, query))
            torch._check(position[3] > 0)
            last = position[1] + (position[3] - 1) * position[2]
            number = query[3] + (query[0] is not None)
            largest = query_start - start + shift * number * stride
            count = (largest - (query_start - last)) // stride + 1
            relative = largest - stride * torch.arange(count, dtype=torch.long, device=device)
            return table[relative + 2 * seq_len]

        position = (0, 1, 1, seq_len - 1) if config.separate_cls else (None, 0, 1, seq_len)
        found = []
        for block in range(config.num_blocks):
            query = pooled(block, position) if block else position
            pooling = embeds(2 ** (block - 1), position, query, 2) if block else None
            position = query
            found.append([embeds(2**block, position, position, 1), pooling])
        return found

    return get_position_embeds


FORWARDS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "CanineAttention": canine_attention,
}

METHODS: dict[tuple[str, str, str], Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    ("modeling_funnel", "FunnelAttentionStructure", "get_position_embeds"): funnel_positions,
}


@contextlib.contextmanager
def patched(model: torch.nn.Module, checks: bool = True) -> Iterator[None]:
    """Puts the replacements that concern `model` in force, and takes them back.

    Without `checks`, what the modelling code asserts about sizes is not traced: with the layout of the inputs computed
    for real, such an assertion would fix the sizes that the layout implies.
    """
    classes = {type(part) for part in model.modules() if type(part).__module__.startswith("transformers.models.")}
    saved: list[tuple[Any, str, Any]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        saved.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, value)

    try:
        put(masking_utils, "_ignore_bidirectional_mask_sdpa", ignores_mask(masking_utils._ignore_bidirectional_mask_sdpa))
        put(torch.Tensor, "unfold", unfold)
        put(torch.nn.functional, "max_pool1d", max_pool1d(torch.nn.functional.max_pool1d))
        for module in {sys.modules[cls.__module__] for cls in classes}:
            put(module, "len", length)
            if not checks and "torch_compilable_check" in vars(module):
                put(module, "torch_compilable_check", lambda *_, **__: None)
            for (name, owner, method), make in METHODS.items():
                if module.__name__.endswith(f".{name}"):
                    put(getattr(module, owner), method, make(getattr(getattr(module, owner), method)))
        for cls in classes:
            forward = vars(cls).get("forward")
            make = FORWARDS.get(cls.__name__)
            replacement = make(forward) if make and forward else whole_ceil(forward)
            if replacement is not None:
                put(cls, "forward", replacement)
        yield
    finally:
        for owner, name, value in reversed(saved):
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
