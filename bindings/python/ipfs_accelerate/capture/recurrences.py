"""Loops over time, kept as loops while a model is traced.

A Python loop `for i in range(sequence_length)` is unrolled by torch.export, so that the program fits one length. While
`recurrences(model)` is entered, the functions of the model's modules that hold such loops are replaced:

- by `PATCHES`, linear recurrences h[t] = a[t] * h[t-1] + b[t] become the operator `ipfs_accelerate::linear_scan`, and
  modules that switch between loops by the length use one;
- the loops of `LOOPS` become torch's higher-order operator `scan`, by rewriting the function (`time_loops`); the
  arithmetic of a step is the function's own.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch

from .time_loops import with_scans


@torch.library.custom_op("ipfs_accelerate::linear_scan", mutates_args=())
def linear_scan(a: torch.Tensor, b: torch.Tensor, initial: torch.Tensor, dim: int) -> torch.Tensor:
    """h[t] = a[t] * h[t-1] + b[t] along `dim`, from h[-1] = initial.

    a, b: one shape; initial: that shape without `dim`. Returns all h, with the shape of a.
    """
    h, found = initial, []
    for a_t, b_t in zip(a.unbind(dim), b.unbind(dim)):
        h = a_t * h + b_t
        found.append(h)
    return torch.stack(found, dim) if found else torch.empty_like(a)


@linear_scan.register_fake
def _(a: torch.Tensor, b: torch.Tensor, initial: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.empty(a.shape, dtype=a.dtype, device=a.device)


def _pscan(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """mambapy's parallel scan: a, b [batch, time, channels, states], from zero."""
    return linear_scan(a, b.to(a.dtype), torch.zeros_like(b[:, 0], dtype=a.dtype), 1)


@contextlib.contextmanager
def _mamba(module: types.ModuleType) -> Iterator[None]:
    """Mamba-1: its scan goes the way that it has for mambapy's parallel scan, which is ours here."""
    original = module.mamba_selective_scan
    names = ("mambapy", "mambapy.pscan")
    saved = {name: sys.modules.get(name) for name in names}
    available = module.is_mambapy_available

    @functools.wraps(original)
    def scan(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **{**kwargs, "use_mambapy": True})

    for name in names:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["mambapy.pscan"].pscan = _pscan
    module.mamba_selective_scan, module.is_mambapy_available = scan, lambda: True
    try:
        yield
    finally:
        module.mamba_selective_scan, module.is_mambapy_available = original, available
        for name, value in saved.items():
            if value is None:
                del sys.modules[name]
            else:
                sys.modules[name] = value


@contextlib.contextmanager
def _recurrent_gemma(module: types.ModuleType) -> Iterator[None]:
    """The real-gated linear recurrent unit."""
    owner = module.RecurrentGemmaRglru
    original = owner._rnn_scan

    @functools.wraps(original)
    def scan(
        self: torch.nn.Module,
        hidden_states: torch.Tensor,
        recurrent_gate: torch.Tensor,
        reset: torch.Tensor,
        recurrent_states: torch.Tensor | None,
        acc_dtype: torch.dtype = torch.float32,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if recurrent_states is None:
            recurrent_states = torch.zeros_like(hidden_states[:, 0], dtype=acc_dtype)
        gate = (recurrent_gate * ~reset).type(acc_dtype)
        states = linear_scan(gate, hidden_states.type(acc_dtype), recurrent_states, 1)
        return states.type(hidden_states.dtype), states[:, -1]

    owner._rnn_scan = scan
    try:
        yield
    finally:
        owner._rnn_scan = original


@contextlib.contextmanager
def _xlstm(module: types.ModuleType) -> Iterator[None]:
    """mLSTM: step by step at every length, not in chunks for their multiples and in steps for the rest."""
    owner = module.xLSTMBackend
    original = owner.forward
    steps = with_scans(module.mlstm_recurrent_sequence_native)

    @functools.wraps(original)
    def forward(
        self: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        igate: torch.Tensor,
        fgate: torch.Tensor,
        c_initial: torch.Tensor | None = None,
        n_initial: torch.Tensor | None = None,
        m_initial: torch.Tensor | None = None,
        return_last_states: bool | None = None,
        mode: str | None = None,
    ) -> Any:
        if return_last_states is None:
            return_last_states = "inference" in (mode or self.config.mode) or self.config.return_last_states
        state = getattr(torch, self.config.inference_state_dtype)
        initial = {"c_initial": c_initial, "n_initial": n_initial, "m_initial": m_initial}
        how = {"return_last_states": return_last_states, "eps": self.config.eps, "dtype_state": state}
        return steps(query, key, value, igate, fgate, **initial, **how)

    owner.forward = forward
    try:
        yield
    finally:
        owner.forward = original


def _step_by_step(chunked: str, recurrent: str) -> Callable[[types.ModuleType], Any]:
    """Delta rules: step by step; in chunks, a program would be that of one number of chunks."""

    @contextlib.contextmanager
    def patch(module: types.ModuleType) -> Iterator[None]:
        original = getattr(module, chunked)
        setattr(module, chunked, with_scans(getattr(module, recurrent)))
        try:
            yield
        finally:
            setattr(module, chunked, original)

    return patch


PATCHES: dict[str, Callable[[types.ModuleType], Any]] = {
    "mamba_selective_scan": _mamba,
    "RecurrentGemmaRglru": _recurrent_gemma,
    "mlstm_recurrent_sequence_native": _xlstm,
    "torch_chunk_gated_delta_rule": _step_by_step("torch_chunk_gated_delta_rule", "torch_recurrent_gated_delta_rule"),
    "chunk_kimi_delta_attention": _step_by_step("chunk_kimi_delta_attention", "recurrent_kimi_delta_attention"),
}

LOOPS = (
    "rwkv_linear_attention_cpu",
    "torch_recurrent_gated_delta_rule",
    "recurrent_kimi_delta_attention",
    "TimesFm2_5Model.forward",
)


@contextlib.contextmanager
def _loops(module: types.ModuleType, path: str) -> Iterator[None]:
    """The function at `path` in the module with its loops over symbolic ranges as scans; as it is if it has none such."""
    *parents, name = path.split(".")
    owner = functools.reduce(getattr, parents, module)
    original = getattr(owner, name)
    try:
        made = with_scans(original)
    except ValueError:
        made = original
    setattr(owner, name, made)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _has(module: types.ModuleType, path: str) -> bool:
    value: Any = module
    for name in path.split("."):
        value = getattr(value, name, None)
    return value is not None


@contextlib.contextmanager
def recurrences(model: torch.nn.Module) -> Iterator[None]:
    """Keeps the loops over time of the model's own modules as loops while it is traced."""
    names = sorted({type(part).__module__ for part in model.modules()})
    modules = [sys.modules[name] for name in names if name.startswith("transformers.") and name in sys.modules]
    with contextlib.ExitStack() as stack:
        for module in modules:
            for name, patch in PATCHES.items():
                if _has(module, name):
                    stack.enter_context(patch(module))
            for path in LOOPS:
                if _has(module, path) and inspect.isfunction(functools.reduce(getattr, path.split("."), module)):
                    stack.enter_context(_loops(module, path))
        yield
