"""Table entries of the text families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import input_ids

_CONV_AND_ATTENTION = {"layer_types": ["conv", "full_attention"], "num_hidden_layers": 2}

CONFIGS: dict[str, Any] = {
    "Lfm2Config": _CONV_AND_ATTENTION, "Lfm2MoeConfig": {**_CONV_AND_ATTENTION, "num_dense_layers": 1},
    "GPTNeoConfig": {"attention_types": [[["global", "local"], 1]], "num_layers": 2},
    "LongcatFlashConfig": {"num_layers": 2, "ffn_hidden_size": 96, "expert_ffn_hidden_size": 32, "n_routed_experts": 4,
                           "moe_topk": 2, "zero_expert_num": 2, "head_dim": 8},
    "Mamba2Config": {"num_heads": 8, "head_dim": 16, "hidden_size": 64, "expand": 2, "state_size": 16, "n_groups": 1,
                     "chunk_size": 8},
    "NemotronHConfig": {"n_groups": 2, "mamba_num_heads": 8, "mamba_head_dim": 16, "ssm_state_size": 16, "chunk_size": 8},
    "MinistralConfig": {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 4},
    "CodeGenConfig": {"rotary_dim": 8},
    "GPTJConfig": {"rotary_dim": 8},
    "DbrxConfig": {"attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2, "clip_qkv": 8},
                   "ffn_config": {"hidden_size": 64, "ffn_hidden_size": 96, "moe_num_experts": 4, "moe_top_k": 2}},
    "DeepseekV2Config": {"n_group": 1, "topk_group": 1, "num_experts_per_tok": 2},
    "Dots1Config": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1},
}  # fmt: skip



def _question_ids(x: Inputs) -> torch.Tensor:
    """[batch, sequence], or [batch, choice, sequence], with exactly three separators, the first after the question."""
    ids = input_ids(x)
    for position in (2, 4, 5):
        ids[..., position] = x.config.sep_token_id
    return ids


RECIPES: dict[str, Recipe] = {
    "LongformerForQuestionAnswering": Recipe(values={"input_ids": _question_ids}),
    "LongformerForMultipleChoice": Recipe(values={"input_ids": _question_ids}),
}
