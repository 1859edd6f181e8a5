"""Table entries of the text families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import input_ids, padded_mask

_CONV_AND_ATTENTION = {"layer_types": ["conv", "full_attention"], "num_hidden_layers": 2}

_DOCUMENTS = 3


def _contexts(x: Inputs) -> torch.Tensor:
    """[batch * document, sequence]"""
    return x.integers("context", 5, 400, x.size("batch") * _DOCUMENTS, x.size("sequence"))


_RETRIEVED = Recipe(
    only=("input_ids", "attention_mask", "context_input_ids", "context_attention_mask", "doc_scores", "decoder_input_ids"),
    values={"context_input_ids": _contexts,
            "context_attention_mask": lambda x: padded_mask((x.size("batch") * _DOCUMENTS, x.size("sequence"))),
            "doc_scores": lambda x: x.normal("doc_scores", x.size("batch"), _DOCUMENTS)},
    forward={"n_docs": _DOCUMENTS},
)  # fmt: skip


CONFIGS: dict[str, Any] = {
    "BayesianDetectorConfig": {"watermarking_depth": 5},
    # Without norms, values grow with each network, until attention is a choice that rounding decides.
    "MobileBertConfig": {"num_feedforward_networks": 1},
    "XmodConfig": {"default_language": "en_XX"},
    "ZambaConfig": {"num_hidden_layers": 4, "attn_layer_period": 2, "attn_layer_offset": 1,
                    "layers_block_type": ["mamba", "hybrid"] * 2},
    "ReformerConfig": {"is_decoder": False, "axial_pos_shape": [4, 8], "axial_pos_embds_dim": [16, 48],
                       "attn_layers": ["local", "lsh"], "local_attn_chunk_length": 4, "lsh_attn_chunk_length": 4,
                       "num_buckets": 2, "hash_seed": 7, "max_position_embeddings": 32},
    "Step3p7TextConfig": {"sliding_window": 4, "num_sliding_attention_heads": 4},
    "Glm5NextTextConfig": {"index_topk": 4, "index_kpool": 2},
    "Qwen4ExpTextConfig": {"indexer_n_heads": 4, "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": 4,
                           "indexer_compress_ratio": 2, "ngram_vocab_size_base": 512, "split_ngram_parts": 2,
                           "hc_lowrank": 16, "eos_token_id": 2},
    "NeoMMEConfig": {"patch_size": 4},
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
    "LukeForMultipleChoice": Recipe(without=("entity_ids", "entity_attention_mask", "entity_position_ids")),
    "BayesianDetectorModel": Recipe(also=("g_values", "mask"), values={
        "g_values": lambda x: x.integers("g", 0, 2, x.size("batch"), x.size("sequence"), 5),
        "mask": lambda x: padded_mask((x.size("batch"), x.size("sequence")))}),
    "RagModel": _RETRIEVED, "RagSequenceForGeneration": _RETRIEVED, "RagTokenForGeneration": _RETRIEVED,
    "SplinterForPreTraining": Recipe(also=("question_positions",), values={"question_positions": lambda x: torch.tensor(
        [[1, 3]] * x.size("batch"))}),
    "luke": Recipe(also=("entity_ids", "entity_attention_mask", "entity_position_ids"), values={
        "entity_ids": lambda x: x.integers("entity", 1, 30, x.size("batch"), x.size("item")),
        "entity_attention_mask": lambda x: padded_mask((x.size("batch"), x.size("item"))),
        "entity_position_ids": lambda x: x.integers("entity_position", 0, x.size("sequence"), x.size("batch"), x.size("item"), 3)}),
    "LukeForEntitySpanClassification": Recipe(also=("entity_start_positions", "entity_end_positions"), values={
        "entity_start_positions": lambda x: x.integers("start", 0, 3, x.size("batch"), x.size("item")),
        "entity_end_positions": lambda x: x.integers("end", 3, 6, x.size("batch"), x.size("item"))}),
    "neomme": Recipe(values={"pixel_values": lambda x: x.normal("pixels", x.size("batch") * x.size("item"), 48)},
                     tokens={"image": lambda x: x.size("item")}),
    "LongformerForQuestionAnswering": Recipe(values={"input_ids": _question_ids}),
    "LongformerForMultipleChoice": Recipe(values={"input_ids": _question_ids}),
}


def _encoder_alone(config: Any) -> None:
    config.is_encoder_decoder = False


def _decoder(config: Any) -> None:
    config.is_decoder = True


ADJUST: dict[str, Any] = {"T5GemmaEncoderModel": _encoder_alone, "ReformerModelWithLMHead": _decoder}
