"""Table entries of the decision families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import padded_mask


def _trajectory(width: str):
    """Maker of [batch, step, the configuration's field of this name]."""
    return lambda x: x.normal(width, x.size("batch"), x.size("sequence"), getattr(x.config, width))


def _rewards(x: Inputs) -> torch.Tensor:
    """[batch, step, 1]"""
    return x.normal("rewards", x.size("batch"), x.size("sequence"), 1)


def _timesteps(x: Inputs) -> torch.Tensor:
    """[batch, step]"""
    return torch.arange(x.size("sequence"))[None].repeat(x.size("batch"), 1)


CONFIGS: dict[str, Any] = {"DecisionTransformerConfig": {"max_ep_len": 64}}

RECIPES: dict[str, Recipe] = {
    "DecisionTransformerModel": Recipe(
        only=("states", "actions", "rewards", "returns_to_go", "timesteps", "attention_mask"),
        values={
            "states": _trajectory("state_dim"), "actions": _trajectory("act_dim"), "rewards": _rewards,
            "returns_to_go": _rewards, "timesteps": _timesteps,
            "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence"))),
        },
    ),
}  # fmt: skip
