"""Table entries of the biology families."""

from __future__ import annotations

from typing import Any

from .recipe import Recipe
from .values import padded_mask

CONFIGS: dict[str, Any] = {
    "EsmConfig": {"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32},
    "EvollaConfig": {"resampler_num_latents": 4, "aligner_num_add_layers": 1, "resampler_depth": 1},
}

RECIPES: dict[str, Recipe] = {
    "evolla": Recipe(
        also=("protein_input_ids", "protein_attention_mask"),
        values={"protein_input_ids": lambda x: x.integers("protein", 4, 24, x.size("batch"), x.size("target")),
                "protein_attention_mask": lambda x: padded_mask((x.size("batch"), x.size("target")))},
    ),
    "EsmForProteinFolding": Recipe(values={"input_ids": lambda x: x.integers("residues", 0, 20, x.size("batch"), x.size("sequence"))}),
}  # fmt: skip
