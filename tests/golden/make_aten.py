"""Writes one small captured program for each ATen op that the importer converts, with PyTorch's own results.

Usage: make_aten.py OUT [TEXT]: only the programs whose name holds TEXT. Each case is a folder OUT/NAME as a captured
model has it: config.json, model.pt2, inputs-K.safetensors, outputs-K.safetensors. Every program is captured at n = 5
with the extents symbolic that depend on n, and compared at n = 5 and n = 8. Exit code 77 where torch is missing.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import torch
    import torch.nn.functional as F
    from safetensors.torch import save_file
except ImportError:
    print("skipped: torch and safetensors are not installed")
    sys.exit(77)

from torch import Tensor

Maker = Callable[[int], tuple[Tensor, ...]]
CASES: dict[str, tuple[Callable[..., Any], Maker, str]] = {}
# Programs that PyTorch itself captures for one set of extents only.
FIXED = {"gru", "lstm", "linspace", "pools_1d", "take_along_dim", "weight_norm"}


def shifted_rows(x: Tensor) -> Tensor:
    """A matrix of sizes computed from x [N, C], read again from its third row as if its axes were the other way round."""
    rows = (x.shape[0] + 1) // 3
    columns = x.shape[0] // 2 + 2 * rows
    table = torch.arange(rows * columns).view(rows, columns) * x[0, 0]
    return table.view(columns, rows)[2:].view(rows, columns - 2)


def case(name: str, fn: Callable[..., Any], make: Maker, form: str = "decomposed") -> None:
    """A program `fn(*make(n))`. form: "decomposed" (run_decompositions({})), "core" (core ATen) or "exported"."""
    assert name not in CASES, name
    CASES[name] = (fn, make, form)


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape)


def positive(*shape: int) -> Tensor:
    return torch.rand(*shape) + 0.1


def whole(*shape: int, low: int = -9, high: int = 9, dtype: torch.dtype = torch.int64) -> Tensor:
    return torch.randint(low, high, shape, dtype=dtype)


def truth(*shape: int) -> Tensor:
    return torch.rand(*shape) > 0.4


def one(n: int) -> tuple[Tensor, ...]:
    return (normal(2, n, 4),)


def two(n: int) -> tuple[Tensor, ...]:
    return normal(2, n, 4), normal(n, 1)


def decayed_sums(x: Tensor, decay: Tensor) -> tuple[Tensor, ...]:
    """A loop over axis 1 that carries a sum and a maximum, and keeps all sums."""
    from torch._higher_order_ops.scan import scan_op

    def step(total: Tensor, top: Tensor, x_t: Tensor, decay: Tensor) -> list[Tensor]:
        total = total * torch.sigmoid(decay) + x_t
        return [total, torch.maximum(top, total), total.clone(), total.sum(-1)]

    zero = torch.zeros_like(x[:, 0])
    total, top, sums, rows = scan_op(step, [zero, zero - 9], [x.movedim(1, 0)], (decay,))
    return total, top, sums.movedim(0, 1), rows


def elementwise() -> None:
    for name in "abs neg sign floor ceil round trunc frac square relu silu mish selu sigmoid tanh exp exp2 expm1 sin cos tan sinh cosh asinh atan erf erfc sinc deg2rad".split():
        fn = getattr(torch, name, None) or getattr(F, name)
        case(name, fn, one)
    for name in "sqrt rsqrt log log2 log10 log1p reciprocal lgamma digamma".split():
        case(name, getattr(torch, name), lambda n: (positive(2, n),))
    for name in "asin acos atanh erfinv logit".split():
        fn = getattr(torch, name)
        case(name, fn, lambda n: (torch.rand(2, n) * 0.8 + 0.1,))
    case("acosh", torch.acosh, lambda n: (positive(2, n) + 1,))
    for name in "hardswish hardsigmoid hardtanh relu6 celu elu leaky_relu softplus logsigmoid softsign tanhshrink hardshrink softshrink gelu".split():
        case(name, getattr(F, name), one)
    case("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), one)
    case("elu_alpha", lambda x: F.elu(x, 0.7), one)
    case("softplus_beta", lambda x: F.softplus(x, 2.0, 1.0), one)
    case("threshold", lambda x: F.threshold(x, 0.1, 20.0), one)
    case("prelu", F.prelu, lambda n: (normal(2, 3, n), normal(3)))
    case("glu", lambda x: F.glu(x, 2), one)
    case("round_decimals", lambda x: torch.round(x, decimals=2), one)
    case("nan_to_num", lambda x: torch.nan_to_num(torch.log(x), 1.0), one)
    case("isfinite", lambda x: (torch.log(x).isfinite(), torch.log(x).isnan(), (1 / (x - x)).isinf()), one)
    case("exp_of_ints", lambda x: (torch.exp(x), torch.sqrt(x * x), torch.sigmoid(x)), lambda n: (whole(2, n, low=-3, high=3),))
    case("rounding_of_ints", lambda x: (x.floor(), x.ceil(), x.round(), x.abs(), x.neg(), x.sign()), lambda n: (whole(2, n),))


def arithmetic() -> None:
    case("add_alpha", lambda x, y: torch.add(x, y, alpha=0.5), two)
    case("sub_alpha", lambda x, y: torch.sub(x, y, alpha=2), two)
    case("rsub", lambda x: torch.rsub(x, 1.5, alpha=2), one)
    case("mul_div", lambda x, y: x * y / (y + 3), two)
    case("pow_kinds", lambda x: (x**2, x**3, (x * x) ** 0.5, (x * x + 1) ** -0.5, 2.0**x, (x * x + 1) ** -1, x**1, x**4), one)
    case("pow_tensors", lambda x, y: (x * x + 0.1) ** y, two)
    case("pow_ints", lambda x, y: (x**2, 2**y, x**y, x**2.0), lambda n: (whole(2, n), whole(n, low=0, high=5)))
    case("maximum", lambda x, y: (torch.maximum(x, y), torch.minimum(x, y), torch.fmax(x, y), torch.fmin(x, y)), two)
    case("fmod", lambda x, y: (torch.fmod(x, y), torch.remainder(x, y), torch.fmod(x, 0.7), x % 0.7), two)
    case("atan2", lambda x, y: (torch.atan2(x, y), torch.hypot(x, y), torch.copysign(x, y)), two)
    case("xlogy", lambda x, y: (torch.xlogy(x, y.abs()), torch.logaddexp(x, y)), two)
    case("lerp", lambda x, y: torch.lerp(x, y, 0.3), two)
    case("addcmul", lambda x, y: (torch.addcmul(x, y, x, value=0.5), torch.addcdiv(x, y, x + 5, value=2)), two)
    case("clamp_kinds", lambda x, y: (x.clamp(-0.5, 0.5), x.clamp(min=0.1), x.clamp(max=0.1), x.clamp(min=y), x.clamp_min(0.2), torch.clamp(x, y, y + 1)), two)
    case("clamp_ints", lambda x: (x.clamp(-2, 3), x.clamp(min=0.5)), lambda n: (whole(2, n),))
    case("compare", lambda x, y: (x == y, x != y, x < y, x <= y, x > y, x >= y), lambda n: (whole(2, n, 4, low=0, high=2), whole(n, 1, low=0, high=2)))
    case("compare_scalars", lambda x: (x == 1, x != 1.5, x < 0.5, x <= 1, x > 0, x >= -1.5), lambda n: (whole(2, n),))
    case("logical", lambda x, y: (torch.logical_and(x, y), torch.logical_or(x, y), torch.logical_xor(x, y), torch.logical_not(x)), lambda n: (whole(2, n, low=0, high=2), whole(2, n, low=0, high=2)))
    case("bits", lambda x, y: (x & y, x | y, x ^ y, ~x, x & 3, x << 2, x >> 1), lambda n: (whole(2, n), whole(2, n)))
    case("bits_of_bool", lambda x, y: (x & y, x | y, x ^ y, ~x, x * y, x + y), lambda n: (truth(2, n), truth(2, n)))
    case("div_modes", lambda x, y: (torch.div(x, y, rounding_mode="floor"), torch.div(x, y, rounding_mode="trunc"), x // y, torch.div(x, y)), two)
    case("div_modes_ints", lambda x, y: (torch.div(x, y, rounding_mode="floor"), torch.div(x, y, rounding_mode="trunc"), x // y, x / y, x % y), lambda n: (whole(2, n), whole(2, n, low=1, high=5)))
    case("promotion", lambda i, b, f: (i + b, i + f, b + f, i * 2.5, b * 2, b + 0.5, i + 1, f + 1, i / 2, b / 2, f.half() + f, i.to(torch.int32) + i), lambda n: (whole(2, n), truth(2, n), normal(2, n)))
    case("promotion_of_scalars", lambda i, s: (i + s, i.to(torch.int32) + s, i * s.to(torch.float32), i.to(torch.float16) * s.to(torch.float64)), lambda n: (whole(2, n), torch.tensor(3)))
    case("small_ints", lambda x: (x + x, x * 3, x.sum(), x.to(torch.float32)), lambda n: (whole(2, n, low=0, high=200, dtype=torch.uint8),))
    case("where", lambda m, x, y: (torch.where(m, x, y), torch.where(m, x, 1.0), torch.where(m, 0.5, y), torch.where(m, 1, 0)), lambda n: (truth(2, n), normal(2, n), normal(n)))
    case("masked_fill", lambda m, x: (x.masked_fill(m, -1e9), x.masked_fill(m, torch.tensor(2.0))), lambda n: (truth(2, n), normal(2, n)))
    case("casts", lambda x: (x.int(), x.long(), x.half(), x.bfloat16(), x.bool(), x.double(), x.to(torch.uint8)), lambda n: (positive(2, n) * 5,))
    case("type_as", lambda x, y: x.type_as(y), lambda n: (whole(2, n), normal(n)))
    case("heaviside", lambda x, y: torch.heaviside(x, y), two)


def movement() -> None:
    case("view", lambda x: (x.view(2, -1), x.view(-1), x.reshape(-1, 2), x.view(2, x.shape[1], 2, 2)), one)
    case("flatten", lambda x: (x.flatten(1), x.flatten(), x.unflatten(2, (2, 2)), x.ravel()), one)
    case("squeeze", lambda x: (x.squeeze(), x.squeeze(1), x.squeeze(0), x.squeeze((1, 3))), lambda n: (normal(2, 1, n, 1),))
    case("unsqueeze", lambda x: (x.unsqueeze(0), x.unsqueeze(-1), x[:, None], x[..., None, :]), one)
    case("permute", lambda x: (x.permute(2, 0, 1), x.transpose(1, 2), x.mT, x.movedim(0, -1), x.movedim((0, 1), (1, 2)), x[0].t(), x[0].T, x.swapaxes(0, 1)), one)
    case("expand", lambda x: (x.expand(3, -1, 4), x.expand(2, 3, x.shape[1], 4), x.broadcast_to(2, 3, x.shape[1], 4)), lambda n: (normal(1, n, 4)[:, :, :1],))
    case("expand_as", lambda x, y: y.expand_as(x), lambda n: (normal(2, n, 4), normal(n, 1)))
    case("cat", lambda x, y: (torch.cat([x, y], 1), torch.cat([x, x], -1), torch.cat([x, x.int()], 0), torch.cat([torch.zeros(0), x], 1)), lambda n: (normal(2, n, 4), normal(2, n + 1, 4)))
    case("stack", lambda x: (torch.stack([x, x + 1]), torch.stack([x, x], -1), torch.hstack([x, x]), torch.vstack([x, x])), one)
    case("repeat", lambda x: (x.repeat(2, 1, 3), x.repeat(2, 1, 1, 1), x.tile(2), x[:1].repeat(4, 1, 1)), one)
    case("repeat_interleave", lambda x: (x.repeat_interleave(3, 1), x.repeat_interleave(2), x.repeat_interleave(2, -1)), one)
    case("repeat_interleave_tensor", lambda x, r: x.repeat_interleave(r, 0), lambda n: (normal(n, 3), whole(n, low=1, high=4)))
    case("flip", lambda x: (x.flip(1), x.flip(0, 2), x.fliplr(), torch.rot90(x), torch.rot90(x, 3, (1, 2)), torch.rot90(x, 2)), one)
    case("roll", lambda x: (x.roll(1, 1), x.roll((1, -2), (0, 1)), x.roll(3), x.roll(-1, -1)), one)
    case("unfold", lambda x: (x.unfold(1, 3, 2), x.unfold(2, 2, 2), x.unfold(1, 2, 1)), one)
    case("meshgrid", lambda x, y: (*torch.meshgrid(x, y, indexing="ij"), *torch.meshgrid(x, y, indexing="xy")), lambda n: (normal(n), normal(3)))
    case("broadcast_tensors", lambda x, y: torch.broadcast_tensors(x, y), two)
    case("pixel_shuffle", lambda x: (F.pixel_shuffle(x, 2), F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2), F.channel_shuffle(x, 4)), lambda n: (normal(2, 8, n, 3),))
    case("diagonal", lambda x: (x.diagonal(), torch.diagonal(x, 1, 1, 2), torch.diagonal(x, -1, 1, 2), torch.diag_embed(x), torch.diag_embed(x[0], 1), torch.diag_embed(x[0], -1)), lambda n: (normal(3, 4, 4) * n,))
    case("diagonal_dynamic", lambda x: torch.diagonal(x @ x.transpose(1, 2), 0, 1, 2), one)
    case("as_strided", lambda x: (x.as_strided((2, 3), (4, 1)), x.as_strided((3, 2), (1, 2), 1)), lambda n: (normal(4, 4) * n,))
    case("atleast", lambda x: (torch.atleast_1d(x.sum()), torch.atleast_2d(x[0, 0]), torch.atleast_3d(x[0])), one)


def slicing() -> None:
    case("slice", lambda x: (x[:, 1:], x[:, :-1], x[:, -3:], x[:, ::2], x[:, 1:4], x[:, 1::3], x[:, :100], x[:, -100:], x[..., 1:3]), one)
    case("slice_by_extent", lambda x, y: (x[: y.shape[0]], x[y.shape[0] :], x[-y.shape[0] :], x[: -y.shape[0]]), lambda n: (normal(2 * n + 1, 3), normal(n)))
    case("select", lambda x: (x[0], x[:, 0], x[:, -1], x[1, :, 2], x.select(2, -2)), one)
    case("narrow", lambda x: (x.narrow(1, 1, 3), x.narrow(2, -3, 2)), one)
    case("split", lambda x: (*x.split(2, -1), *x.split([1, 3], 2), *x.chunk(2, 2), *x.chunk(3, 2), *torch.tensor_split(x, 3, 2)), one)
    case("unbind", lambda x: (*x.unbind(0), *x.unbind(2)), one)
    case("scatter_slices", lambda x, y: (torch.slice_scatter(x, y, 1, 1, 3), torch.slice_scatter(x, y, 1, 0, 4, 2), torch.select_scatter(x, y[:, 0], 1, -1), torch.select_scatter(x, y[:, 0], 1, 1)), lambda n: (normal(n, 6, 3), normal(n, 2, 3)))
    case("slices_of_symbolic_step", lambda x: (x[:, :: -(-x.shape[1] // 4)], torch.slice_scatter(x, 2 * x[:, :: -(-x.shape[1] // 4)], 1, 0, x.shape[1], -(-x.shape[1] // 4))), lambda n: (normal(2, n, 3),))
    case("views_of_computed_sizes", shifted_rows, lambda n: (normal(n, 3),))
    case("scatter_slices_dynamic", lambda x, y: (torch.slice_scatter(x, y, 1, 1, x.shape[1]), torch.select_scatter(x, y[:, 0], 1, 2)), lambda n: (normal(2, n, 3), normal(2, n - 1, 3)))
    case("diagonal_scatter", lambda x: torch.diagonal_scatter(x, torch.zeros(3), 1), lambda n: (normal(4, 4) * n,))
    case("pad", lambda x: (F.pad(x, (1, 2)), F.pad(x, (1, 2, 3, 0), value=2.5), F.pad(x, (-1, 1)), F.pad(x, (1, 2), mode="reflect"), F.pad(x, (1, 2), mode="replicate"), F.pad(x, (2, 1), mode="circular")), one)
    case("pad_2d", lambda x: (F.pad(x, (1, 2, 1, 1), mode="reflect"), F.pad(x, (1, 2, 3, 1), mode="replicate"), F.pad(x, (0, -1, -1, 0))), lambda n: (normal(2, 3, n, 4),))
    case("pad_to_multiple", lambda x: F.pad(x, (0, 0, 0, (4 - x.shape[1] % 4) % 4)), one)
    case("assignments", _assignments, one)


def _assignments(x: Tensor) -> tuple[Tensor, ...]:
    a = x.clone()
    a[:, 0] = 1.0
    a[:, 1:3] = x[:, :2]
    a[..., 2] += 3
    b = torch.zeros_like(x)
    b[:, ::2] = 2.0
    b.fill_(0.5).mul_(x)
    c = torch.empty_like(x)
    c.copy_(x[:1])
    return a, b, c


def indexing() -> None:
    rows = lambda n: (normal(n, 4, 3), whole(2, 3, low=0, high=4))
    case("index_one", lambda x, i: (x[i], x[:, i], x[:, i[0]], x[..., i % 3], x[i - 2]), rows)
    case("index_two", lambda x, i: (x[i, i], x[:, i, i % 3], x[i, :, i % 3], x[i[0], i % 4]), rows)
    case("index_mask", lambda x, m: (x[m], x[:, m[0]], x[m].sum(0)), lambda n: (normal(2, n, 3), truth(2, n)))
    case("index_put", lambda x, i, v: (x.index_put((i,), v), x.index_put((i,), v, accumulate=True), x.index_put((i, i % 3), torch.tensor(2.0))), lambda n: (normal(n, 4, 3), torch.randperm(4)[:3], normal(3, 4, 3)))
    case("index_put_middle", lambda x, i, v: torch.ops.aten.index_put(x, [None, i], v), lambda n: (normal(n, 4, 3), torch.randperm(4)[:2], normal(n, 2, 3)))
    case("index_put_mask", lambda x, m: (x.index_put((m,), torch.tensor(2.0)), x.masked_fill(m, 1.0)), lambda n: (normal(2, n), truth(2, n)))
    case("gather", lambda x, i: (x.gather(1, i), x.gather(2, i % 3)), lambda n: (normal(2, n, 3), whole(2, 4, 3, low=0, high=5)))
    case("take_along_dim", lambda x, i: torch.take_along_dim(x, i[:, :1], 1), lambda n: (normal(2, n, 3), whole(2, n, 3, low=0, high=5)))
    case("take", lambda x, i: (torch.take(x, i), x.index_select(1, i[0])), lambda n: (normal(2, n), whole(2, 3, low=0, high=5)))
    case("embedding", lambda w, i: F.embedding(i, w), lambda n: (normal(9, 4), whole(2, n, low=0, high=9)))
    scattered = lambda n: (normal(2, n, 3), torch.argsort(torch.rand(2, n, 3), 1)[:, :4], normal(2, 4, 3))
    case("scatter", lambda x, i, v: (x.scatter(1, i, v), x.scatter(1, i, 2.0), x.scatter_add(1, i, v), x.scatter(1, i[:, :2], v)), scattered)
    case("scatter_reduce", lambda x, i, v: tuple(x.scatter_reduce(1, i % 2, v, r, include_self=s) for r in ("sum", "prod", "mean", "amax", "amin") for s in (True, False)), scattered)
    indexed = lambda n: (normal(n, 3), whole(4, low=0, high=5), normal(4, 3))
    case("index_add", lambda x, i, v: (x.index_add(0, i, v), x.index_add(0, i, v, alpha=2)), indexed)
    case("index_copy", lambda x, i, v: (x.index_copy(0, i, v), x.index_fill(0, i, 2.0)), lambda n: (normal(n, 3), torch.randperm(5)[:4], normal(4, 3)))
    case("masked_scatter", lambda x, m, v: x.masked_scatter(m, v), lambda n: (normal(2, n), truth(2, n), normal(2 * n)))
    case("masked_select", lambda x, m: torch.masked_select(x, m), lambda n: (normal(2, n), truth(2, n)))
    case("nonzero", lambda m: (torch.nonzero(m), *torch.where(m), torch.argwhere(m)), lambda n: (truth(2, n),))
    case("nonzero_sized", lambda x, m: x[m.nonzero()[:, 0]].sum(0), lambda n: (normal(n, 3), truth(n)))
    case("search_sorted", lambda s, x: (torch.searchsorted(s, x), torch.searchsorted(s, x, right=True), torch.bucketize(x, s), torch.bucketize(x, s, right=True)), lambda n: (torch.arange(n) * 0.5, normal(3, 4)))
    case("unique", lambda x: torch.unique(x, return_inverse=True, return_counts=True), lambda n: (whole(2 * n, low=0, high=4),))
    case("one_hot", lambda x: F.one_hot(x, 6), lambda n: (whole(2, n, low=0, high=6),))
    case("isin", lambda x, y: torch.isin(x, y), lambda n: (whole(2, n), whole(3)))
    case("bincount", lambda x: torch.bincount(x, minlength=9), lambda n: (whole(n, low=0, high=9),))


def reductions() -> None:
    case("sum", lambda x: (x.sum(), x.sum(1), x.sum((0, 2), keepdim=True), x.int().sum(-1), (x > 0).sum(), x.sum(1, dtype=torch.float64)), one)
    case("mean", lambda x: (x.mean(), x.mean(1), x.mean((0, 2), keepdim=True), x.half().mean(-1, dtype=torch.float32)), one)
    case("prod", lambda x: (x.prod(), x.prod(1), x.int().prod(-1, keepdim=True)), one)
    case("extremes", lambda x: (x.max(), x.min(), *x.max(1), *x.min(-1, keepdim=True), x.amax((0, 1)), x.amin(1), *torch.aminmax(x), *(x > 0).max(1)), one)
    case("positions", lambda x: (x.argmax(), x.argmax(1), x.argmin(-1, keepdim=True)), one)
    case("all_any", lambda x: ((x > 0).all(), (x > 0).any(1), (x > -9).all(-1, keepdim=True), torch.any(x > 1, (0, 1)), torch.count_nonzero(x > 0, 1)), one)
    case("variance", lambda x: (x.var(), x.var(1), x.std(-1, unbiased=False), *torch.var_mean(x, 1), x.var((0, 1), correction=0, keepdim=True), *torch.std_mean(x, 2)), one)
    case("norms", lambda x: (x.norm(), x.norm(dim=1), torch.linalg.vector_norm(x, 1, 2), torch.linalg.vector_norm(x, float("inf"), 1), torch.linalg.vector_norm(x, 3.0, 1), torch.linalg.norm(x, dim=-1), x.norm(p=1, dim=-1, keepdim=True), F.normalize(x, dim=-1)), one)
    case("logsumexp", lambda x: (x.logsumexp(1), x.logsumexp((0, 2), keepdim=True), torch.logcumsumexp(x, 1)), one)
    case("running", lambda x: (x.cumsum(1), x.cumprod(-1), x.int().cumsum(0), (x > 0).cumsum(1), *x.cummax(1), *x.cummin(1), x.cumsum(1, dtype=torch.float64)), one)
    case("sort", lambda x: (*x.sort(), *x.sort(1, descending=True), x.argsort(-1), *x.sort(dim=1, stable=True)), one)
    case("topk", lambda x: (*x.topk(2), *x.topk(3, 1), *x.topk(2, -1, largest=False), *x.kthvalue(2, 1), *x.median(1), x.median()), one)
    case("softmax", lambda x: (x.softmax(-1), x.softmax(1), x.log_softmax(-1), x.half().softmax(-1, dtype=torch.float32), F.softmin(x, 1)), one)
    case("diff", lambda x: (x.diff(), x.diff(dim=1), x.diff(n=2, dim=1), (x > 0).diff(dim=1), x.diff(dim=1, prepend=x[:, :1])), one)
    case("histc", lambda x: torch.histc(x, 7, -2, 2), one)
    case("losses", lambda x, y: (F.mse_loss(x, y.expand_as(x)), F.mse_loss(x, x + 1, reduction="sum")), two)


def products() -> None:
    case("matmul", lambda x, y: (x @ y, x[0] @ y, x[0, 0] @ y, y.t() @ y, x @ y[:, 0], torch.mv(x[0], y[:, 0]), torch.dot(y[:, 0], y[:, 0])), lambda n: (normal(2, n, 4), normal(4, 3)))
    case("bmm", lambda x: (torch.bmm(x, x.mT), torch.baddbmm(x @ x.mT, x, x.mT, beta=0.5, alpha=2), torch.matmul(x[:, None], x.mT[None])), one)
    case("addmm", lambda x, w, b: (torch.addmm(b, x[0], w), torch.addmm(b, x[0], w, beta=2, alpha=0.5), torch.addmv(b[:1], x[0], w[:, 0])), lambda n: (normal(2, n, 4), normal(4, 3), normal(3)))
    case("linear", lambda x, w, b: (F.linear(x, w, b), F.linear(x, w), F.linear(x[0, 0], w, b)), lambda n: (normal(2, n, 4), normal(3, 4), normal(3)))
    case("outer", lambda x, y: (torch.outer(x, y), torch.linalg.cross(normal3(x), normal3(y)), torch.cdist(x[:, None], y[:, None]), torch.tensordot(x, y[: x.shape[0]], 1)), lambda n: (normal(n), normal(n)))
    case("einsum", lambda x, y: (torch.einsum("bnd,md->bnm", x, y), torch.einsum("bnd,bmd->bnm", x, x), torch.einsum("bnd->bd", x), torch.einsum("bnd,bnd->bn", x, x), torch.einsum("...d,md->...m", x, y), torch.einsum("bnd,md,bnd->bm", x, y, x), torch.einsum("i,j->ij", x[0, 0], y[:, 0]), torch.einsum("bnd->nbd", x)), lambda n: (normal(2, n, 4), normal(3, 4)))
    heads = lambda n: (normal(2, 4, n, 8), normal(2, 4, n + 2, 8), normal(2, 4, n + 2, 6))
    case("attention", lambda q, k, v: (F.scaled_dot_product_attention(q, k, v), F.scaled_dot_product_attention(q, k, v, scale=0.3), F.scaled_dot_product_attention(q[0], k[0], v[0])), heads)
    case("attention_masks", lambda q, k, v: (F.scaled_dot_product_attention(q, k, v, attn_mask=(k[:, :1, :, 0] > -1)[:, :, None]), F.scaled_dot_product_attention(q, k, v, attn_mask=q @ k.mT)), heads)
    case("attention_causal", lambda q: F.scaled_dot_product_attention(q, q, q, is_causal=True), lambda n: (normal(2, 4, n, 8),))
    case("attention_grouped", lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True), lambda n: (normal(2, 4, n, 8), normal(2, 2, n, 8)))
    case("solve_triangular", lambda a, b: torch.linalg.solve_triangular(a.tril() + 3 * torch.eye(4), b, upper=False), lambda n: (normal(2, 4, 4), normal(2, 4, n)))


def normal3(x: Tensor) -> Tensor:
    return torch.stack([x, x + 1, x * 2], -1)


def spatial() -> None:
    image = lambda n: (normal(2, 3, n + 4, 8), normal(6, 3, 3, 3), normal(6))
    case("conv2d", lambda x, w, b: (F.conv2d(x, w, b), F.conv2d(x, w, stride=2, padding=1), F.conv2d(x, w, padding="same"), F.conv2d(x, w, b, dilation=(2, 1)), F.conv2d(x[0], w, b)), image)
    case("conv2d_groups", lambda x, w: F.conv2d(x, w, groups=3, padding=(1, 2)), lambda n: (normal(2, 3, n + 2, 8), normal(6, 1, 3, 3)))
    case("conv1d", lambda x, w, b: (F.conv1d(x, w, b), F.conv1d(x, w, stride=2, padding=1), F.conv1d(x, w, padding="same")), lambda n: (normal(2, 3, 2 * n), normal(4, 3, 3), normal(4)))
    case("conv3d", lambda x, w, b: F.conv3d(x, w, b, stride=(1, 2, 2)), lambda n: (normal(1, 3, n, 6, 6), normal(4, 3, 2, 2, 2), normal(4)))
    case("conv_transpose", lambda x, w: (F.conv_transpose2d(x, w, stride=2), F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1), F.conv_transpose1d(x[:, :, 0], w[:, :, 0], stride=2)), lambda n: (normal(2, 3, n, 4), normal(3, 4, 3, 3)))
    case("pools", lambda x: (F.max_pool2d(x, 2), F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 2), F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), F.max_pool2d(x, 3, 2, ceil_mode=True), F.avg_pool2d(x, 2, divisor_override=3)), lambda n: (normal(2, 3, n + 4, 8),))
    case("pools_1d", lambda x: (F.max_pool1d(x, 2), F.avg_pool1d(x, 3, 2, 1), F.adaptive_avg_pool1d(x, 3)), lambda n: (normal(2, 3, n + 4),))
    case("pool_indices", lambda x: F.max_pool2d(x, 2, return_indices=True), lambda n: (normal(2, 3, n + 4, 8),))
    case("adaptive_pools", lambda x: (F.adaptive_avg_pool2d(x, 1), F.adaptive_avg_pool2d(x, (3, 2)), F.adaptive_avg_pool2d(x, (None, 2))), lambda n: (normal(2, 3, n + 1, 8),))
    sizes = dict(align_corners=False)
    case("upsample", lambda x: (F.interpolate(x, scale_factor=2), F.interpolate(x, size=(7, 9)), F.interpolate(x, size=(7, 9), mode="nearest-exact"), F.interpolate(x, scale_factor=2, mode="bilinear", **sizes), F.interpolate(x, size=(9, 5), mode="bilinear", **sizes), F.interpolate(x, size=(9, 5), mode="bilinear", align_corners=True), F.interpolate(x, scale_factor=1.5, mode="bilinear", **sizes)), lambda n: (normal(2, 3, 2 * n, 6),))
    case("upsample_cubic", lambda x: (F.interpolate(x, size=(9, 5), mode="bicubic", **sizes), F.interpolate(x, scale_factor=2, mode="bicubic", align_corners=True)), lambda n: (normal(2, 3, n, 6),))
    case("upsample_antialias", lambda x: (F.interpolate(x, size=(4, 3), mode="bilinear", antialias=True, **sizes), F.interpolate(x, size=(4, 9), mode="bicubic", antialias=True, **sizes)), lambda n: (normal(2, 3, n + 6, 8),))
    case("upsample_1d_3d", lambda x: (F.interpolate(x, scale_factor=2, mode="linear", **sizes), F.interpolate(x[:, :, None, None], size=(2, 3, 7), mode="trilinear", **sizes)), lambda n: (normal(2, 3, n),))
    case("grid_sample", lambda x, g: (F.grid_sample(x, g, align_corners=False), F.grid_sample(x, g, mode="nearest", align_corners=True), F.grid_sample(x, g, padding_mode="border", align_corners=False), F.grid_sample(x, g, padding_mode="reflection", mode="bicubic", align_corners=True)), lambda n: (normal(2, 3, n, 6), torch.rand(2, 4, n, 2) * 2.4 - 1.2))
    case("im2col", lambda x: (F.unfold(x, 2, stride=2), F.unfold(x, 3, padding=1), F.fold(F.unfold(x, 2, stride=2), (6, 8), 2, stride=2)), lambda n: (normal(n, 3, 6, 8),))


def norms() -> None:
    case("layer_norm", lambda x, w, b: (F.layer_norm(x, (4,), w, b), F.layer_norm(x, (4,)), F.layer_norm(x.unflatten(2, (2, 2)), (2, 2), w.view(2, 2), b.view(2, 2)), F.layer_norm(x, (4,), w)), lambda n: (normal(2, n, 4), normal(4), normal(4)))
    case("rms_norm", lambda x, w: (F.rms_norm(x, (4,), w, 1e-6), F.rms_norm(x, (4,))), lambda n: (normal(2, n, 4), normal(4)))
    case("group_norm", lambda x, w, b: (F.group_norm(x, 2, w, b), F.group_norm(x, 4), F.instance_norm(x)), lambda n: (normal(2, 4, n), normal(4), normal(4)))
    case("batch_norm", lambda x, m, v, w, b: (F.batch_norm(x, m, v, w, b), F.batch_norm(x, m, v)), lambda n: (normal(2, 4, n), normal(4), positive(4), normal(4), normal(4)))
    case("weight_norm", lambda v, g: (torch._weight_norm(v, g, 0), torch._weight_norm(v, g.view(1, 4, 1)[:, :3], 1)), lambda n: (normal(4, 3, n), positive(4, 1, 1)))


def creation() -> None:
    case("ranges", lambda x: (torch.arange(x.shape[1]), torch.arange(1, x.shape[1] + 1), torch.arange(0, x.shape[1], 2), torch.arange(x.shape[1], dtype=torch.float32), torch.arange(0.5, 3.0, 0.5), torch.arange(x.shape[1], 0, -1), torch.linspace(0, 1, 7), torch.logspace(0, 1, 5)), one)
    case("linspace", lambda x: torch.linspace(-1, 1, x.shape[1]) + x.sum(), one)
    case("filled", lambda x: (torch.zeros(2, x.shape[1]), torch.ones_like(x), torch.full((x.shape[1],), 2.5), torch.full_like(x, 3), x.new_zeros(3), x.new_ones(2, x.shape[1], dtype=torch.int64), x.new_full((2,), 1.5), torch.eye(3), torch.eye(x.shape[1]), torch.eye(2, 3), torch.full((2,), True), torch.full((2,), 3)), one)
    case("filled_by_extent", lambda x: (torch.full((2,), x.shape[1]), x / x.shape[1], x * x.shape[1] ** -0.5, torch.tensor(x.shape[1]) + x, x + x.shape[1] // 2), one)
    case("triangles", lambda x: (x.tril(), x.triu(1), x.tril(-1), torch.ones(4, 4, dtype=torch.bool).tril(), torch.ones(x.shape[1], x.shape[1]).triu(1), torch.tril_indices(3, 3), torch.triu_indices(3, 4, 1)), one)
    case("windows", lambda x: (torch.hann_window(8) * x.sum(), torch.hann_window(7, periodic=False), torch.hamming_window(6)), one)
    case("scalar_tensors", lambda x: (x + torch.tensor(2.0), x * torch.tensor([1.0, 2.0, 3.0, 4.0]), x.sum() * 2), one)


def fourier() -> None:
    case("fft_real", lambda x: (torch.fft.fft(x).real, torch.fft.fft(x, dim=1).imag, torch.fft.rfft(x).abs(), torch.fft.irfft(torch.fft.rfft(x)), torch.fft.fftn(x).real, torch.fft.fft2(x).real, torch.view_as_real(torch.fft.ifft(torch.fft.fft(x))), torch.fft.rfft(x, norm="ortho").angle()), lambda n: (normal(2, 6, 4) * n,))
    case("complex", lambda x: (torch.view_as_real(torch.polar(x.abs(), x) * torch.view_as_complex(x.unflatten(2, (2, 2)).flatten(2).unflatten(2, (4, 1)).expand(2, -1, 4, 2).contiguous())),), one)
    case("complex_movement", lambda x: torch.view_as_real(torch.view_as_complex(x.unflatten(2, (2, 2)))[:, 1:, None].transpose(0, 1) * 2), one)
    case("fftshift", lambda x: (torch.fft.fftshift(x), torch.fft.ifftshift(x, 1)), one)
    case("stft", lambda x, w: torch.stft(x, 8, 4, 8, w, return_complex=True).abs(), lambda n: (normal(2, 8 * n), torch.hann_window(8)))


def recurrent() -> None:
    lstm = torch.nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True)
    case("lstm", lambda x: lstm(x)[0], one)
    gru = torch.nn.GRU(4, 3, batch_first=True)
    case("gru", lambda x: gru(x)[0], one)
    rnn = torch.nn.RNN(4, 3)
    case("rnn", lambda x: rnn(x)[0], one)


def symbolic() -> None:
    case("symbolic_sizes", lambda x: (x.view(2, x.shape[1] * 4), x[:, : x.shape[1] // 2], x[:, : max(x.shape[1] - 2, 1)], torch.zeros(x.shape[1] % 3 + 1), torch.zeros(x.numel() // 8)), one)
    case("item_extent", lambda x, n: torch.arange(n.item()) if True else x, lambda n: (normal(2), torch.tensor(n)))
    case("item_slice", _item_slice, lambda n: (normal(20, 3), torch.tensor(n)))
    case("item_number", lambda x, s: x * s.item(), lambda n: (normal(2, n), torch.tensor(1.5)))
    case("scan", decayed_sums, lambda n: (normal(2, n, 4), normal(4)))
    case("cond", lambda x: torch.cond(x.sum() > 0, lambda y: y * 2, lambda y: y - 1, (x,)), one)
    case("no_grad", _no_grad, one, "exported")


def _item_slice(x: Tensor, n: Tensor) -> Tensor:
    count = n.item()
    torch._check(count >= 0)
    torch._check(count <= x.shape[0])
    return x[:count].sum(0)


def _no_grad(x: Tensor) -> Tensor:
    with torch.no_grad():
        y = x * 2
    return y + 1


def core_forms() -> None:
    """The same through the decompositions of core ATen."""
    for name in "layer_norm group_norm batch_norm conv2d attention attention_masks softmax variance pools upsample matmul linear einsum gelu glu stack split index_two index_put repeat meshgrid cat diff assignments".split():
        fn, make, _ = CASES[name]
        case(name + "__core", fn, make, "core")


class Program(torch.nn.Module):
    def __init__(self, fn: Callable[..., Any]) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, *args: Tensor) -> Any:
        return self.fn(*args)


def build(name: str, out: Path) -> None:
    fn, make, form = CASES[name]
    torch.manual_seed(0)
    inputs = [make(5), make(8)]
    fixed = name in FIXED
    program = Program(fn).eval()
    # What has another extent in the second set is symbolic.
    auto = tuple(
        {i: torch.export.Dim.AUTO for i in range(x.dim()) if x.shape[i] != y.shape[i] and not fixed}
        for x, y in zip(*inputs)
    )
    ep = torch.export.export(program, inputs[0], dynamic_shapes={"args": auto}, strict=False)
    if form != "exported":
        ep = ep.run_decompositions({} if form == "decomposed" else None)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["Program"], "model_type": "aten"}))
    names = [f"x{i}" for i in range(len(inputs[0]))]
    results = []
    for k, given in enumerate(inputs[:1] if fixed else inputs):
        with torch.no_grad():
            found = program(*given)
        found = [found] if isinstance(found, Tensor) else [v for v in found if isinstance(v, Tensor)]
        results.append(found)
        save_file({n: v.contiguous() for n, v in zip(names, given)}, folder / f"inputs-{k}.safetensors")
        save_file({f"y{i}": v.clone().contiguous() for i, v in enumerate(found)}, folder / f"outputs-{k}.safetensors")
    facts = {"schema": 1, "class": "Program", "model_type": "aten", "inputs": names, "outputs": [f"y{i}" for i in range(len(results[0]))], "weights": {}}
    torch.export.save(ep, folder / "model.pt2", extra_files={"ipfs_accelerate.json": json.dumps(facts)})


def main() -> int:
    warnings.filterwarnings("ignore")
    for group in (elementwise, arithmetic, movement, slicing, indexing, reductions, products, spatial, norms, creation, fourier, recurrent, symbolic, core_forms):
        group()
    out = Path(sys.argv[1])
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    failed = 0
    for name in CASES:
        if wanted not in name:
            continue
        try:
            build(name, out)
        except Exception as error:  # every program is tried; the first line says why it cannot be captured
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}", flush=True)
    print(f"{len(CASES)} programs, {failed} not captured")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
