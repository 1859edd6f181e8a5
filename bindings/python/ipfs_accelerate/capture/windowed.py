"""Attention in windows, restated as attention under a mask, so that the number of windows is free.

Longformer and LED cut the sequence into overlapping chunks, pad it to whole ones, and treat globally attending tokens, whose
number depends on the data, apart. Here a token attends under one mask: keys within its window and global keys; and what a
global token attends to, with its own projections, replaces its row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch


def longformer_attention(original: Callable[..., Any]) -> Callable[..., Any]:
    """Self-attention of Longformer and of LED's encoder over [batch, sequence, width].

    `attention_mask` [batch, sequence] is negative where a token is padding, positive where it attends globally.
    """

    def heads(self: Any, values: torch.Tensor) -> torch.Tensor:
        return values.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2)

    def forward(
        self: Any, hidden_states: torch.Tensor, attention_mask: Any = None, is_index_masked: Any = None,
        is_index_global_attn: Any = None, is_global_attn: Any = None, output_attentions: bool = False,
    ) -> Any:  # fmt: skip
        if output_attentions or self.training:
            given = (attention_mask, is_index_masked, is_index_global_attn, is_global_attn, output_attentions)
            return original(self, hidden_states, *given)
        attend = torch.nn.functional.scaled_dot_product_attention
        scale = 1 / math.sqrt(self.head_dim)
        places = torch.arange(hidden_states.shape[1], device=hidden_states.device)
        apart = places[:, None] - places[None, :]
        near = apart.abs() <= self.one_sided_attn_window_size
        allowed = near & (attention_mask == 0)[:, None, :] | is_index_global_attn[:, None, :]
        allowed = allowed | (is_index_masked[:, :, None] & (apart == 0))  # rows of padding are zero below
        query, key, value = (heads(self, part(hidden_states)) for part in (self.query, self.key, self.value))
        found = attend(query, key, value, attn_mask=allowed[:, None], scale=scale)
        found = found.masked_fill(is_index_masked[:, None, :, None], 0.0)
        parts = (self.query_global, self.key_global, self.value_global)
        query, key, value = (heads(self, part(hidden_states)) for part in parts)
        # where all is padding no token is global
        seen = ~is_index_masked[:, None, None, :] | is_index_masked.all(1)[:, None, None, None]
        whole = attend(query, key, value, attn_mask=seen.expand(-1, 1, places.shape[0], -1), scale=scale)
        found = torch.where(is_index_global_attn[:, None, :, None], whole, found)
        return (found.transpose(1, 2).flatten(2),)

    return forward


def without_padding(original: Callable[..., Any]) -> Callable[..., Any]:
    """`_pad_to_window_size` that pads nothing: attention under a mask needs no whole windows."""

    def pad(self: Any, *arguments: Any, **named: Any) -> tuple:
        if self.training:
            return original(self, *arguments, **named)
        order = list(original.__code__.co_varnames[1 : original.__code__.co_argcount])
        given = {**dict(zip(order, arguments)), **named}
        return (0, *(given[name] for name in order if name != "pad_token_id"))

    return pad
