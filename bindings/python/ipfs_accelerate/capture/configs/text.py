"""Table entries of the text families."""

from __future__ import annotations

from typing import Any

from .recipe import Recipe

CONFIGS: dict[str, Any] = {
    "CodeGenConfig": {"rotary_dim": 8},
    "GPTJConfig": {"rotary_dim": 8},
    "DbrxConfig": {"attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2, "clip_qkv": 8},
                   "ffn_config": {"hidden_size": 64, "ffn_hidden_size": 96, "moe_num_experts": 4, "moe_top_k": 2}},
    "DeepseekV2Config": {"n_group": 1, "topk_group": 1, "num_experts_per_tok": 2},
    "Dots1Config": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {}
