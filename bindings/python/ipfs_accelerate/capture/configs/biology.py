"""Table entries of the biology families."""

from __future__ import annotations

from typing import Any

from .recipe import Recipe
from .values import padded_mask

CONFIGS: dict[str, Any] = {
    "EsmFold2AtomEncoderConfig": {"num_uid_rope_pairs": 2},
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


def _folding(config: Any) -> None:
    """A folding trunk of two blocks on top of the language model."""
    from transformers.models.esm.configuration_esm import EsmFoldConfig, get_default_vocab_list

    structure = {"sequence_dim": 32, "pairwise_dim": 16, "ipa_dim": 8, "resnet_dim": 16, "num_heads_ipa": 4, "num_blocks": 2}
    trunk = {"num_blocks": 2, "sequence_state_dim": 32, "pairwise_state_dim": 16, "sequence_head_width": 8,
             "pairwise_head_width": 8, "position_bins": 8, "max_recycles": 2, "structure_module": structure}  # fmt: skip
    config.is_folding_model = True
    config.esmfold_config = EsmFoldConfig(trunk=trunk, lddt_head_hid_dim=16, fp16_esm=False)
    config.vocab_list = get_default_vocab_list()


ADJUST: dict[str, Any] = {"EsmForProteinFolding": _folding}
