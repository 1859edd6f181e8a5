"""Table entries of the multimodal families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe


def _padded_patches(x: Inputs) -> torch.Tensor:
    """[batch, patch, channel * time * patch * patch]"""
    _, rows, columns = x.grid()
    return x.normal("pixel_values", x.size("batch"), rows * columns, x.channels() * 2 * x.patch() ** 2)


CONFIGS: dict[str, Any] = {
    "AriaConfig": {"projector_patch_to_query_dict": {16: 4}},
    "BridgeTowerConfig": {"contrastive_hidden_size": 32},
    "Blip2Config": {"image_token_index": 7},
    "Blip2QFormerConfig": {"use_qformer_text_input": True},
    "CLIPSegConfig": {"extract_layers": [0, 1]},
    "ChameleonConfig": {"vocabulary_map": {"<image>": 5} | {f"IMGIMG{letter}Z": 6 + i for i, letter in enumerate("ABCDEFGH")}},
    "DeepseekOcr2TextConfig": {"mlp_layer_types": ["dense", "sparse"], "num_experts_per_tok": 2},
    "DeepseekOcr2VisionEncoderConfig": {"hidden_size": 64},
    "DeepseekOcr2SamVisionConfig": {"downsample_channels": [64, 64], "global_attn_indexes": [1]},
    "Gemma4TextConfig": {"global_head_dim": 32},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "Blip2QFormerModel": Recipe(
        also=("query_embeds", "encoder_hidden_states"), without=("input_ids", "attention_mask"),
        values={"query_embeds": lambda x: x.normal("query", x.size("batch"), 6, x.config.hidden_size),
                "encoder_hidden_states": lambda x: x.normal("states", x.size("batch"), x.size("sequence"),
                                                            x.config.encoder_hidden_size)},
    ),
    "colmodernvbert": Recipe(pixels="images"), "modernvbert": Recipe(pixels="images"),
    "colqwen2": Recipe(values={"pixel_values": _padded_patches}),
}  # fmt: skip
