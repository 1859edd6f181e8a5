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


CONFIGS: dict[str, Any] = {"PI0Config": {"chunk_size": 6}, "JevConfig": {"hidden_size": 64}, "DecisionTransformerConfig": {"max_ep_len": 64}}

RECIPES: dict[str, Recipe] = {
    "pi0": Recipe(pixels="images", tokens={
        "image": lambda x: 3 * (x.size("image")[0] // x.patch()) * (x.size("image")[1] // x.patch())}, also=("pixel_attention_mask",), values={
        "pixel_attention_mask": lambda x: torch.ones(x.make("pixel_values").shape[:2], dtype=torch.bool)}),
    "PI0Model": Recipe(also=("action_embeds",), values={"action_embeds": lambda x: x.normal(
        "actions", x.size("batch"), x.config.chunk_size + 1, x.config.dit_config.hidden_size)}),
    "PI0ForConditionalGeneration": Recipe(also=("state", "noise", "timestep"), values={
        "state": lambda x: x.normal("state", x.size("batch"), x.config.max_state_dim),
        "noise": lambda x: x.normal("noise", x.size("batch"), x.config.chunk_size, x.first("max_action_dim", x.config.max_state_dim)),
        "timestep": lambda x: x.uniform("timestep", x.size("batch"))}),
    "JevForDecision": Recipe(fixed=("batch",), values={
        "marks": lambda x: x.integers("marks", 1, x.size("sequence"), x.size("batch"), 3),
        "num_options": lambda x: torch.tensor([[2, 3, 4]] * x.size("batch")),
        "question_type_ids": lambda x: torch.tensor([[0, 1, 0]] * x.size("batch"))}),
    "DecisionTransformerModel": Recipe(
        only=("states", "actions", "rewards", "returns_to_go", "timesteps", "attention_mask"),
        values={
            "states": _trajectory("state_dim"), "actions": _trajectory("act_dim"), "rewards": _rewards,
            "returns_to_go": _rewards, "timesteps": _timesteps,
            "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence"))),
        },
    ),
}  # fmt: skip
