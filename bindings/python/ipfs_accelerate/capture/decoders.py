"""Attention of decoders that do not use transformers' attention interface, written with the operator of `attention`.

`FORWARDS` maps a module class to a maker of its forward; the arithmetic around the attention is the module's own.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch

from .attention import Form, Rule, positioned

CAUSAL = Rule(causal=True)


def merged(heads: torch.Tensor) -> torch.Tensor:
    """[B,H,T,D] -> [B,T,H*D]."""
    return heads.transpose(1, 2).flatten(2)


def bloom(form: Form, original: Callable[..., Any]) -> Callable[..., Any]:
    """Bloom: ALiBi; its biases count from the first key, which is the same after the softmax."""
    slopes_of = sys.modules["transformers.models.bloom.modeling_bloom"]._get_alibi_slopes

    def forward(self: Any, hidden_states: Any, residual: Any, alibi: Any, attention_mask: Any, **_: Any) -> Any:
        query, key, value = self._reshape(self.query_key_value(hidden_states))
        slopes = slopes_of(self.num_heads, hidden_states.device)
        found = positioned(form, self, query, key, value, CAUSAL, self.inv_norm_factor, slopes=slopes)
        return self.dense(merged(found)) + residual, None

    return forward


def falcon(form: Form, original: Callable[..., Any]) -> Callable[..., Any]:
    """Falcon: rotary positions, or ALiBi whose biases are scaled with the scores."""
    module = sys.modules["transformers.models.falcon.modeling_falcon"]

    def forward(
        self: Any, hidden_states: Any, alibi: Any, attention_mask: Any, position_ids: Any = None,
        layer_past: Any = None, use_cache: Any = False, output_attentions: Any = False,
        position_embeddings: Any = None, **_: Any,
    ) -> Any:  # fmt: skip
        query, key, value = (x.transpose(1, 2) for x in self._split_heads(self.query_key_value(hidden_states)))
        slopes = None
        if alibi is None:
            query, key = module.apply_rotary_pos_emb(query, key, *position_embeddings)
        else:
            slopes = alibi_slopes(self.num_heads, hidden_states.device) * self.inv_norm_factor
        found = positioned(form, self, query, key, value, CAUSAL, self.head_dim**-0.5, slopes=slopes)
        return self.dense(merged(found)), None

    return forward


def alibi_slopes(heads: int, device: torch.device) -> torch.Tensor:
    """Slopes [heads] of ALiBi. Source: Press et al. 2021, arXiv:2108.12409, section 3, and its code for other counts."""
    power = 1 << (heads.bit_length() - 1)
    start = 2.0 ** (-8.0 / power)
    slopes = [start ** (i + 1) for i in range(power)]
    half = 2.0 ** (-4.0 / power)
    slopes += [half ** (2 * i + 1) for i in range(heads - power)]
    return torch.tensor(slopes, device=device)


def mpt(form: Form, original: Callable[..., Any]) -> Callable[..., Any]:
    """MPT: ALiBi, of which the bias of the last key but one is the slope."""

    def forward(self: Any, hidden_states: Any, position_bias: Any, *_: Any, **__: Any) -> Any:
        mixed = self.Wqkv(hidden_states)
        if self.clip_qkv:
            mixed = mixed.clamp(min=-self.clip_qkv, max=self.clip_qkv)
        split = [x.unflatten(-1, (self.n_heads, self.head_dim)).transpose(1, 2) for x in mixed.chunk(3, dim=2)]
        slopes = None if position_bias is None else -position_bias[:, 0, -2]
        found = positioned(form, self, *split, CAUSAL, self.softmax_scale, slopes=slopes)
        return self.out_proj(merged(found)), None

    return forward


FORWARDS: dict[str, Callable[[Form, Callable[..., Any]], Callable[..., Any]]] = {
    "BloomAttention": bloom,
    "FalconAttention": falcon,
    "MptAttention": mpt,
}


def placed(form: Form, original: Callable[..., Any]) -> Callable[..., Any]:
    """A table of positions [places,C] that counts from the length of the past: the positions of the call instead."""

    def forward(self: Any, *_: Any, **__: Any) -> torch.Tensor:
        return torch.nn.functional.embedding(form.position_ids + getattr(self, "offset", 0), self.weight)

    return forward


def biased(form: Form, original: Callable[..., Any]) -> Callable[..., Any]:
    """T5's relative biases: remembered with the table that they are taken from."""

    def compute_bias(self: Any, *arguments: Any, **named: Any) -> torch.Tensor:
        found = original(self, *arguments, **named)
        if self.is_decoder:
            form.relatives[id(found)] = (self.relative_attention_bias.weight, self.relative_attention_max_distance)
            form.alive.append(found)
        return found

    return compute_bias


def replacements(cls: type, form: Form, counts: bool) -> dict[str, Callable[..., Any]]:
    """Methods of a module class that are replaced while it is traced, by name."""
    found = {}
    if cls.__name__ in FORWARDS:
        found["forward"] = FORWARDS[cls.__name__](form, cls.forward)
    elif counts and issubclass(cls, torch.nn.Embedding) and cls is not torch.nn.Embedding:
        if "past_key_values_length" in inspect.signature(cls.forward).parameters:
            found["forward"] = placed(form, cls.forward)
    if hasattr(cls, "compute_bias") and "relative_attention_max_distance" in inspect.getsource(cls.compute_bias):
        found["compute_bias"] = biased(form, cls.compute_bias)
    return found


@contextlib.contextmanager
def patched_decoders(model: torch.nn.Module, form: Form, counts: bool) -> Iterator[None]:
    """Puts the replacements that concern `model` in force, and takes them back.

    counts: the model takes no positions, and counts them from the length of the past.
    """
    classes = {type(part) for part in model.modules()}
    saved: list[tuple[type, str, Any]] = []
    try:
        for cls in classes:
            for name, value in replacements(cls, form, counts).items():
                saved.append((cls, name, vars(cls).get(name)))
                setattr(cls, name, value)
        yield
    finally:
        for cls, name, value in reversed(saved):
            if value is None:
                delattr(cls, name)
            else:
                setattr(cls, name, value)
