"""Replacements of Python in transformers that would fix a size while a model is traced; the arithmetic is the same.

`generic`, in force while any model is traced:
- a bidirectional mask that eager leaves out because nothing is padded is left out of the trace too;
- `numpy.prod`, `torch.linspace`, `torch.tensor` and `torch.as_tensor` take symbolic sizes;
- `len(tensor)` in modelling code is its first extent, symbolic where that is;
- windows of `Tensor.unfold` by one step are a stack of slices (as overlapping views they fix the extent);
- methods that keep their last results compute them, since symbolic sizes are no keys;
- a cell of a recurrent network is its formula;
- a recurrent network (LSTM, GRU) along a symbolic extent has the shapes of its outputs by their formula (torch finds them
  step by step, which fixes the extent);
- `max_pool1d` along a symbolic extent is a `max_pool2d` (the former fixes it);
- `int(a)`, `math.ceil(a / b)`, `int(a / b)` and `(b - a % b) % b` of symbolic sizes, in methods of the model's modules, are divisions
  of integers.

`FORWARDS` (of modules) and `METHODS` (of helpers) replace methods of single classes, in which a loop runs over a size.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dis
import functools
import inspect
import math
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy
import torch
import torch._decomp.decompositions  # registers what `recurrent_networks` replaces
from transformers import masking_utils

from . import restatements, restatements_m_to_z
from .restate import restated


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


def product(original: Callable[..., Any]) -> Callable[..., Any]:
    """`numpy.prod`; of symbolic sizes as Python's."""

    def prod(a: Any, *arguments: Any, **named: Any) -> Any:
        if isinstance(a, (list, tuple, torch.Size)) and any(isinstance(value, torch.SymInt) for value in a):
            return math.prod(a)
        return original(a, *arguments, **named)

    return prod


def linspace(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """`torch.linspace`; of a symbolic number of steps by its formula, from the nearer end."""

    def space(start: Any, end: Any, steps: Any, **how: Any) -> torch.Tensor:
        if not isinstance(steps, torch.SymInt) or {"out", "layout"} & set(how):
            return original(start, end, steps, **how)
        dtype, device = how.get("dtype") or torch.get_default_dtype(), how.get("device")
        first, last, gaps = (torch.full((), value, dtype=dtype, device=device) for value in (start, end, steps - 1))
        step = (last - first) / gaps
        place = torch.arange(steps, dtype=dtype, device=device)
        return torch.where(place < steps // 2, first + step * place, last - step * (gaps - place))

    return space


def has_symbols(data: Any, kinds: tuple[type, ...] = (torch.SymInt, torch.SymFloat)) -> bool:
    """Whether nested lists hold a symbolic number."""
    return any(has_symbols(item, kinds) for item in data) if isinstance(data, (list, tuple)) else isinstance(data, kinds)


def as_tensor(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """`torch.tensor` and `torch.as_tensor`; of symbolic numbers a stack of them, where the originals make a constant."""

    def make(data: Any, dtype: Any = None, device: Any = None, **how: Any) -> torch.Tensor:
        if not has_symbols(data):
            return original(data, dtype=dtype, device=device, **how)
        if dtype is None:
            dtype = torch.int64 if not has_symbols(data, (torch.SymFloat, float)) else torch.get_default_dtype()

        def stacked(item: Any) -> torch.Tensor:
            if isinstance(item, (list, tuple)):
                return torch.stack([stacked(part) for part in item])
            if isinstance(item, torch.Tensor):
                return item.to(dtype=dtype, device=device)
            return torch.full((), item, dtype=dtype, device=device)

        return stacked(data)

    return make


def gru_cell(self: Any, input: torch.Tensor, hx: torch.Tensor | None = None) -> torch.Tensor:
    """`torch.nn.GRUCell` by its formula; as one operator it stays whole in the body of a loop."""
    if hx is None:
        hx = input.new_zeros(*input.shape[:-1], self.hidden_size)
    given = torch.nn.functional.linear(input, self.weight_ih, self.bias_ih).chunk(3, -1)
    kept = torch.nn.functional.linear(hx, self.weight_hh, self.bias_hh).chunk(3, -1)
    reset, update = (torch.sigmoid(a + b) for a, b in zip(given[:2], kept[:2]))
    new = torch.tanh(given[2] + reset * kept[2])
    return new + update * (hx - new)


def recurrent_shapes(input: torch.Tensor, states: Any, *rest: Any) -> Any:
    """`aten::lstm` and `aten::gru` of tensors without data: outputs [..., directions * output size] and the last states.

    `rest` is (parameters, has_biases, num_layers, dropout, train, bidirectional, batch_first).
    """
    lasts = states if isinstance(states, (list, tuple)) else [states]
    made = input.new_empty(*input.shape[:-1], lasts[0].shape[-1] * (2 if rest[5] else 1))
    return made, *(torch.empty_like(state) for state in lasts)


@contextlib.contextmanager
def recurrent_networks() -> Iterator[None]:
    """Makes torch take `recurrent_shapes` instead of finding the shapes step by step."""
    operators = (torch.ops.aten.lstm.input, torch.ops.aten.gru.input)
    saved = [dict(operator.py_kernels) for operator in operators]
    table = torch._decomp.decomposition_table
    listed = {operator: table[operator] for operator in operators if operator in table}
    try:
        for operator in operators:
            for key in (torch._C.DispatchKey.CompositeImplicitAutograd, torch._C.DispatchKey.Autograd):
                operator.py_kernels[key] = recurrent_shapes
            operator._dispatch_cache.clear()
            table[operator] = recurrent_shapes
        yield
    finally:
        for operator in operators:
            del table[operator]
        table.update(listed)
        for operator, kernels in zip(operators, saved):
            operator.py_kernels.clear()
            operator.py_kernels.update(kernels)
            operator._dispatch_cache.clear()


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


def is_integer(value: Any) -> bool:
    """Whether a value is an int or a SymInt."""
    return isinstance(value, (int, torch.SymInt)) and not isinstance(value, bool)


def ceiling(a: Any, b: Any) -> Any:
    """`math.ceil(a / b)`; of a symbolic size in integers."""
    if any(isinstance(value, torch.SymInt) for value in (a, b)) and is_integer(a) and is_integer(b):
        return -(-a // b)
    return math.ceil(a / b)


def ratio(a: Any, b: Any, c: int = 0) -> Any:
    """`int(a / b + c)`; of a symbolic size in integers, where the ratio of sizes is not negative."""
    if any(isinstance(value, torch.SymInt) for value in (a, b)) and is_integer(a) and is_integer(b):
        return a // b + c
    return int(a / b + c)


def scaled(a: Any, b: Any) -> Any:
    """`int(a * b)`; of a symbolic size and a power of two below one in integers."""
    for size, factor in ((a, b), (b, a)):
        if isinstance(size, torch.SymInt) and isinstance(factor, float) and 0 < factor < 1:
            if math.frexp(factor)[0] == 0.5:
                return size // int(1 / factor)
    return whole(a * b)


def padding(extent: Any, unit: Any) -> Any:
    """`(unit - extent % unit) % unit`; of a symbolic size by one division, so that the padded size is a multiple for sure."""
    if isinstance(extent, torch.SymInt) and isinstance(unit, int) and unit > 0:
        return -(-extent // unit) * unit - extent
    return (unit - extent % unit) % unit


def whole_of(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """transformers' `torch_int`, which leaves a symbolic size as it is."""
    return lambda value: value if isinstance(value, torch.SymInt) else original(value)


def whole(value: Any) -> Any:
    """`int`, which a symbolic size is already."""
    return value if isinstance(value, torch.SymInt) else int(value)


def places(first: float, steps: Any, **how: Any) -> torch.Tensor:
    """`torch.linspace(first, first + steps - 1, steps)`; of a symbolic number as a range."""
    if isinstance(steps, torch.SymInt):
        return torch.arange(steps, **{"dtype": torch.get_default_dtype(), **how}) + first
    return torch.linspace(first, first + steps - 1, steps, **how)


_WHOLE = {
    "_whole": whole, "_whole_ceiling": ceiling, "_whole_ratio": ratio, "_whole_scaled": scaled, "_whole_padding": padding,
    "_whole_places": places,
}  # fmt: skip


class _Whole(ast.NodeTransformer):
    """`math.ceil(a / b)`, `int(a / b)`, `int(a / b + 1)`, `int(a * b)`, `(b - a % b) % b` and ranges become calls
    of the functions above."""

    def __init__(self) -> None:
        self.count = 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        difference = node.left
        if not (isinstance(node.op, ast.Mod) and isinstance(difference, ast.BinOp) and isinstance(difference.op, ast.Sub)):
            return node
        rest, units = difference.right, (difference.left, node.right)
        if not (isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Mod)):
            return node
        if len({ast.dump(unit) for unit in (*units, rest.right)}) > 1:
            return node
        self.count += 1
        return ast.Call(ast.Name("_whole_padding", ast.Load()), [rest.left, rest.right], [])

    def _is_places(self, node: ast.Call) -> bool:
        """Whether a call is `torch.linspace(a, n - b, n)` with a + b = 1, numbers by one step."""
        name, arguments = node.func, node.args
        if not (isinstance(name, ast.Attribute) and name.attr == "linspace" and len(arguments) == 3):
            return False
        first, last, steps = arguments
        if not (isinstance(last, ast.BinOp) and isinstance(last.op, ast.Sub) and ast.dump(last.left) == ast.dump(steps)):
            return False
        ends = (first, last.right)
        return all(isinstance(end, ast.Constant) for end in ends) and sum(end.value for end in ends) == 1

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func
        if self._is_places(node):
            self.count += 1
            return ast.Call(ast.Name("_whole_places", ast.Load()), [node.args[0], node.args[2]], node.keywords)
        is_ceil = isinstance(name, ast.Attribute) and name.attr == "ceil" and getattr(name.value, "id", "") == "math"
        is_int = isinstance(name, ast.Name) and name.id == "int"
        if not (is_ceil or is_int) or node.keywords or len(node.args) != 1:
            return node
        if is_int and not isinstance(node.args[0], (ast.BinOp, ast.Constant)):
            self.count += 1
            return ast.Call(ast.Name("_whole", ast.Load()), node.args, [])
        if not isinstance(node.args[0], ast.BinOp):
            return node
        value, added = node.args[0], []
        if is_int and isinstance(value.op, ast.Add) and isinstance(value.left, ast.BinOp):
            if isinstance(value.right, ast.Constant) and isinstance(value.right.value, int):
                value, added = value.left, [value.right]
        if isinstance(value.op, ast.Div):
            made = "_whole_ceiling" if is_ceil else "_whole_ratio"
        elif isinstance(value.op, ast.Mult) and is_int and not added:
            made = "_whole_scaled"
        elif is_int:
            self.count += 1
            return ast.Call(ast.Name("_whole", ast.Load()), node.args, [])
        else:
            return node
        self.count += 1
        return ast.Call(ast.Name(made, ast.Load()), [value.left, value.right, *added], [])


@functools.cache
def whole_sizes(function: FunctionType) -> Callable[..., Any] | None:
    """`function` with ratios of sizes rounded in integers; None if it has none, or is wrapped or a closure."""
    if function.__closure__ or hasattr(function, "__wrapped__"):
        return None
    remainders = [step for step in dis.get_instructions(function) if step.opname == "BINARY_OP" and step.argrepr == "%"]
    if not {"ceil", "int", "linspace"} & set(function.__code__.co_names) and len(remainders) < 2:
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):
        return None
    definition = tree.body[0]
    change = _Whole()
    change.visit(tree)
    if not change.count or not isinstance(definition, ast.FunctionDef) or definition.decorator_list:
        return None
    definition.returns = None
    for argument in ast.walk(definition.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    factory = ast.parse(f"def _factory({', '.join(_WHOLE)}):\n    return None").body[0]
    factory.body = [definition, ast.Return(ast.Name(definition.name, ast.Load()))]
    made: dict[str, Any] = {}
    module = ast.fix_missing_locations(ast.Module([factory], []))
    exec(compile(module, function.__code__.co_filename, "exec"), function.__globals__, made)
    result = made["_factory"](**_WHOLE)
    result.__defaults__, result.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return result


def padded_convolution(original: Callable[..., Any]) -> Callable[..., Any]:
    """A convolution of Mimi and its kin, its padding computed from sizes instead of from tensors of them."""

    def forward(self: Any, hidden_states: torch.Tensor, padding_cache: Any = None) -> torch.Tensor:
        if padding_cache is not None:
            return original(self, hidden_states, padding_cache)
        stride = self.conv.stride[0]
        total = (self.conv.kernel_size[0] - 1) * self.conv.dilation[0] + 1 - stride
        extent = hidden_states.shape[-1]
        extra = -(-extent // stride) * stride - extent
        right = total // 2
        paddings = (total, extra) if self.causal else (total - right, right + extra)
        return self.conv(self._pad1d(hidden_states, paddings, mode=self.pad_mode))

    return forward


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
    **restatements.FORWARDS,
    "CanineAttention": canine_attention,
    "MimiConv1d": padded_convolution,
    "PocketTTSAudioTokenizerConv1d": padded_convolution,
    **restatements_m_to_z.FORWARDS,
}

METHODS: dict[tuple[str, str, str], Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    **restatements.METHODS,
    **restatements_m_to_z.METHODS,
    ("modeling_funnel", "FunnelAttentionStructure", "get_position_embeds"): funnel_positions,
}


def assertion(original: Callable[..., Any]) -> Callable[..., Any]:
    """An assertion of the modelling code that is left out where torch fails to trace it."""

    def check(*arguments: Any, **named: Any) -> None:
        with contextlib.suppress(AssertionError):
            original(*arguments, **named)

    return check


@contextlib.contextmanager
def patched(model: torch.nn.Module, checks: bool = True) -> Iterator[None]:
    """Puts the replacements and restatements that concern `model` in force, and takes them back; `checks` as below."""
    edits = {**restatements.EDITS, **restatements_m_to_z.EDITS}
    helpers = {**restatements.HELPERS, **restatements_m_to_z.HELPERS}
    with restated(model, edits, helpers), recurrent_networks(), _replaced(model, checks):
        yield


@contextlib.contextmanager
def _replaced(model: torch.nn.Module, checks: bool) -> Iterator[None]:
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
        put(torch.nn.GRUCell, "forward", gru_cell)
        put(torch, "linspace", linspace(torch.linspace))
        put(torch, "tensor", as_tensor(torch.tensor))
        put(torch, "as_tensor", as_tensor(torch.as_tensor))
        put(numpy, "prod", product(numpy.prod))
        put(torch.nn.functional, "max_pool1d", max_pool1d(torch.nn.functional.max_pool1d))
        for module in {sys.modules[cls.__module__] for cls in classes}:
            put(module, "len", length)
            if "torch_int" in vars(module):
                put(module, "torch_int", whole_of(module.torch_int))
            if "torch_compilable_check" in vars(module):
                put(module, "torch_compilable_check", assertion(module.torch_compilable_check) if checks else lambda *_, **__: None)
            for (name, owner, method), make in METHODS.items():
                if module.__name__.endswith(f".{name}"):
                    put(getattr(module, owner), method, make(getattr(getattr(module, owner), method)))
        for cls in classes:
            forward = vars(cls).get("forward")
            make = FORWARDS.get(cls.__name__)
            if make and forward:
                put(cls, "forward", make(forward))
        owners = {base for cls in classes for base in cls.__mro__ if base.__module__.startswith("transformers.models.")}
        for owner in owners:
            for name, function in list(vars(owner).items()):
                if isinstance(function, functools._lru_cache_wrapper):
                    put(owner, name, function.__wrapped__)
                if not isinstance(function, FunctionType) or name in ("__init__", "_init_weights"):
                    continue
                replacement = whole_sizes(function)
                if replacement is not None:
                    put(owner, name, replacement)
        yield
    finally:
        for owner, name, value in reversed(saved):
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
