"""Table entries of the multimodal families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import padded_mask


def _padded_patches(x: Inputs) -> torch.Tensor:
    """[batch, patch, channel * time * patch * patch]"""
    _, rows, columns = x.grid()
    return x.normal("pixel_values", x.size("batch"), rows * columns, x.channels() * 2 * x.patch() ** 2)


def _width(name: str):
    """Maker of [batch, sequence, the configuration's field of this name]."""
    return lambda x: x.normal(name, x.size("batch"), x.size("sequence"), x.first(name))


def _all_tiles(x: Inputs) -> torch.Tensor:
    """[batch, tile]: every tile is a real one."""
    return torch.ones(x.make("pixel_values").shape[:2], dtype=torch.bool)


def _seen_images(x: Inputs) -> torch.Tensor:
    """[batch, sequence, image]: the first position sees no image, the others all."""
    ids, pixels = x.make("input_ids"), x.make("pixel_values")
    mask = torch.ones(*ids.shape, pixels.shape[1], dtype=torch.long)
    mask[:, 0] = 0
    return mask


_QFORMER = Recipe(
    also=("query_embeds", "encoder_hidden_states"), without=("input_ids", "attention_mask"),
    values={"query_embeds": lambda x: x.normal("query", x.size("batch"), 6, x.config.hidden_size),
            "encoder_hidden_states": _width("encoder_hidden_size")},
)  # fmt: skip
# Queries beside an instruction: the mask is that of both.
_INSTRUCTED = Recipe(
    also=("query_embeds", "encoder_hidden_states"),
    values=_QFORMER.values | {"attention_mask": lambda x: padded_mask((x.size("batch"), 6 + x.size("sequence")))},
)  # fmt: skip


def _merged_patches(x: Inputs) -> torch.Tensor:
    """[batch * merged patch, merge * patch, merge * patch, channel]"""
    _, rows, columns = x.grid()
    side = x.merge() * x.patch()
    return x.normal("pixel_values", x.size("batch") * rows * columns, side, side, x.channels())


def _strip(x: Inputs) -> torch.Tensor:
    """[1, channel, patch, patch * patches of all images]: the patches of a batch side by side."""
    _, rows, columns = x.grid()
    return x.normal("pixel_values", 1, x.channels(), x.patch(), x.patch() * x.size("batch") * rows * columns)


_STRIP = Recipe(values={"pixel_values": _strip}, also=("target_sizes",), sizes={"grid": ((2, 4), (4, 6), (6, 8))})
_REFUSED = Recipe(own_reason="its configuration demands that all layers share keys and values, and transformers' text model "
                  "refuses to be built so")  # fmt: skip
def _pooled_patches(x: Inputs) -> torch.Tensor:
    """[token, 4]: the patches that each token pools, four tokens an image of sixteen patches."""
    return torch.arange(16 * x.size("batch")).reshape(-1, 4)


_ONE_IMAGE = Recipe(pixels="image")
_IMAGES = Recipe(pixels="images")
_ROWS = Recipe(pixels="rows")
_PATCHES = Recipe(pixels="patches")
_SHARED_LAYERS = {
    "num_hidden_layers": 4, "num_kv_shared_layers": 2, "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 512,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
}  # fmt: skip
_MOE = {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 32}

_GEMMA4_VISION = {"model_type": "gemma4_vision", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
                  "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16, "position_embedding_size": 64}  # fmt: skip
_GEMMA4_UNIFIED_VISION = {"patch_size": 4, "pooling_kernel_size": 3, "mm_embed_dim": 64, "mm_posemb_size": 32,
                          "output_proj_dims": 64}  # fmt: skip
_POOLED = {"grid": ((3, 6), (6, 9), (9, 12))}


def _one_tile(fields: dict[str, Any]) -> list[list[int]]:
    """The only resolution of an image: one tile."""
    size = fields["vision_config"].image_size
    return [[size, size]]


def _tile_of_image(x: Inputs) -> torch.Tensor:
    """[batch, 2]: the size of one tile."""
    return torch.tensor([x.config.image_grid_pinpoints[0]] * x.size("batch"))


# A thumbnail and one tile of each image.
_ANY_RESOLUTION = Recipe(pixels="images", fixed=("image",), settings={"images": 2}, also=("image_sizes",),
                         values={"image_sizes": _tile_of_image})  # fmt: skip

CONFIGS: dict[str, Any] = {
    "NemotronH_Omni_Reasoning_V3_Config": {"image_token_id": 18},
    "Molmo2VisionConfig": {"image_size": [56, 56]},
    "Phi4MultimodalAudioConfig": {"nemo_conv_channels": 64, "depthwise_separable_out_channel": 64, "ext_pw_out_channel": 64},
    "JanusVQVAEConfig": {"num_patches": 8},
    "PerceptionLMConfig": {"vision_config": {
        "model_type": "timm_wrapper", "architecture": "vit_pe_lang_large_patch14_448", "do_pooling": False,
        "model_args": {"embed_dim": 64, "depth": 2, "num_heads": 4, "img_size": [56, 56], "global_pool": "",
                       "use_post_transformer_norm": False, "init_values": 0.1, "ref_feat_shape": [4, 4]}}},
    "MllamaVisionConfig": {"intermediate_layers_indices": [0], "vision_output_dim": 128, "attention_heads": 4},
    "MllamaTextConfig": {"cross_attention_layers": [1]},
    "Gemma4UnifiedConfig": {"vision_config": _GEMMA4_UNIFIED_VISION},
    "GlmImageVQVAEConfig": {"num_embeddings": 64},
    "Gemma3nVisionConfig": {"architecture": "test_resnet", "hidden_size": 96},
    "Gemma3nConfig": {"vision_soft_tokens_per_image": 4, "audio_soft_tokens_per_image": 12},
    "Emu3VQVAEConfig": {"codebook_size": 16, "base_channels": 32, "channel_multiplier": [1, 2], "hidden_size": 64,
                        "num_res_blocks": 1},
    "Emu3Config": {"vocabulary_map": {"<image>": 5, "<|extra_200|>": 6}
                   | {f"<|visual token {i:06d}|>": 10 + i for i in range(16)}},
    "AriaConfig": {"projector_patch_to_query_dict": {16: 4}},
    "BridgeTowerConfig": {"contrastive_hidden_size": 32, "logit_scale_init_value": 2.6592},
    "Blip2Config": {"image_token_index": 7}, "InstructBlipConfig": {"image_token_index": 7},
    "InstructBlipVideoConfig": {"video_token_index": 7},
    "Blip2QFormerConfig": {"use_qformer_text_input": True},
    "CLIPSegConfig": {"extract_layers": [0, 1]},
    "ChameleonVQVAEConfig": {"num_embeddings": 16, "embed_dim": 32, "latent_channels": 32, "base_channels": 32,
                             "channel_multiplier": [1, 2], "resolution": 32, "num_res_blocks": 1},
    "ChameleonConfig": {"vocabulary_map": {"<image>": 5} | {f"IMGIMG{letter}Z": 6 + i
                                                            for i, letter in enumerate("ABCDEFGHIJ")}
                        | {f"IMGIMGB{letter}Z": 16 + i for i, letter in enumerate("ABCDEF")}},
    "CohereCompassTextConfig": {"rope_parameters": lambda v: {
        kind: {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]} for kind in v["layer_types"]}},
    "DeepseekOcr2TextConfig": {"mlp_layer_types": ["dense", "sparse"], "num_experts_per_tok": 2},
    "DeepseekOcr2VisionEncoderConfig": {"hidden_size": 64},
    "DeepseekOcr2SamVisionConfig": {"downsample_channels": [64, 64], "global_attn_indexes": [1]},
    "DiffusionGemmaTextConfig": {"global_head_dim": 32, **_MOE},
    "Ernie4_5_VLMoeTextConfig": {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [3, 3, 2]}},
    "Ernie4_5_VL_MoeTextConfig": {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [3, 3, 2]}},
    "Gemma3nTextConfig": {**_SHARED_LAYERS, "laurel_rank": 8, "activation_sparsity_pattern": [0.95, 0.0, 0.0, 0.0]},
    "Gemma4TextConfig": {**_SHARED_LAYERS, "global_head_dim": 32},
    "Gemma4UnifiedTextConfig": {**_SHARED_LAYERS, "global_head_dim": 32},
    "EmbeddingGemma2TextConfig": {"global_head_dim": 32},
    "Gemma4Config": {"vision_config": _GEMMA4_VISION}, "EmbeddingGemma2Config": {"vision_config": _GEMMA4_VISION},
    "Gemma4VisionConfig": {"position_embedding_size": 64, "head_dim": 16},
    "LlavaNextConfig": {"image_grid_pinpoints": _one_tile}, "LlavaNextVideoConfig": {"image_grid_pinpoints": _one_tile},
    "LlavaOnevisionConfig": {"image_grid_pinpoints": _one_tile},
    "Llama4VisionConfig": {"intermediate_size": 256, "projector_input_dim": 64, "projector_output_dim": 64,
                           "vision_output_dim": 64},
    "MuseGlimmerConfig": {"out_hidden_size": 256}, "MuseSparkConfig": {"out_hidden_size": 256},
    "Granite4VisionConfig": {"image_grid_pinpoints": _one_tile, "deepstack_layer_map": [[0, 0]], "spatial_target_layers": [1], "downsample_rate": "1/2"},
    "Kosmos2Config": {"latent_query_num": 4},
    "Molmo2AdapterConfig": {"vision_feature_layer": [1, 0]},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "GraniteDoclingVisionModel": _ONE_IMAGE, "Idefics3VisionTransformer": _ONE_IMAGE, "SmolVLMVisionTransformer": _ONE_IMAGE,
    "InstructBlipVideoVisionModel": _ONE_IMAGE,
    "nemotron_h_omni": Recipe(pixels="packed", also=("image_grid_hw",), settings={"temporal": 1}),
    "muse_glimmer_assistant": Recipe(also=("attention_mask",), values={
        "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence") + x.size("target"))),
        "noise_embeds": lambda x: x.normal("noise", x.size("batch"), x.size("target"), x.config.hidden_size),
        "context_hidden_states": lambda x: x.normal("context", x.size("batch"), x.size("sequence"),
                                                    x.config.hidden_size * len(x.config.target_layer_ids))}),
    "molmo2": Recipe(
        also=("image_token_pooling", "image_grids"),
        values={"pixel_values": lambda x: x.normal("crops", x.size("batch"), 16, 3 * x.patch() ** 2),
                "image_token_pooling": _pooled_patches,
                "image_grids": lambda x: torch.tensor([[2, 1, 1, 2]] * x.size("batch"))}),
    "Molmo2Adapter": Recipe(values={
        "image_features": lambda x: x.normal("crops", x.size("batch"), 16, 2 * x.config.hidden_size),
        "pooled_patches_idx": _pooled_patches}),
    "emu3": Recipe(sizes={"image": ((16, 24), (24, 32), (32, 40))}, also=("image_sizes",)),
    "gemma4_assistant": _REFUSED, "gemma4_unified_assistant": _REFUSED,
    "perception_lm": Recipe(pixels="images", sizes={"image": ((56, 56),) * 3}),
    "visual_bert": Recipe(also=("visual_embeds", "visual_attention_mask"), values={
        "visual_embeds": lambda x: x.normal("visual", x.size("batch"), x.size("item"), x.config.visual_embedding_dim),
        "visual_attention_mask": lambda x: torch.ones(x.size("batch"), x.size("item"), dtype=torch.long)}),
    "VisualBertForMultipleChoice": Recipe(values={
        "visual_embeds": lambda x: x.normal(
            "visual", x.size("batch"), x.size("choice"), x.size("item"), x.config.visual_embedding_dim),
        "visual_attention_mask": lambda x: torch.ones(x.size("batch"), x.size("choice"), x.size("item"), dtype=torch.long)}),
    "VisualBertForRegionToPhraseAlignment": Recipe(
        also=("region_to_phrase_position", "visual_embeds", "visual_attention_mask"), values={
        "region_to_phrase_position": lambda x: x.integers("region", 0, x.size("sequence"), x.size("batch"), x.size(
            "sequence") + x.size("item"))}),
    "gemma3n": Recipe(sizes={"image": ((64, 64),) * 3}, features="frame"),
    "minicpmv4_6": _STRIP, "minicpmv4_7": _STRIP, "minicpm_ocr": _STRIP,
    "glm_image": Recipe(
        also=("images_per_sample",),
        values={"image_grid_thw": lambda x: torch.tensor([x.grid()] * x.size("batch")).repeat_interleave(2, 0),
                "images_per_sample": lambda x: torch.full((x.size("batch"),), 2)},
        tokens={"image": lambda x: x.grid()[1] * x.grid()[2]}),
    "Gemma3nAudioEncoder": Recipe(values={
        "audio_mel": lambda x: x.normal("mel", x.size("batch"), x.size("feature_frames"), x.config.input_feat_size),
        "audio_mel_mask": lambda x: ~padded_mask((x.size("batch"), x.size("feature_frames")), 8, torch.bool)}),
    "dots3_note": Recipe(values={"chunk_sample_lengths": lambda x: torch.full(
        (x.size("batch"),), x.size("feature_frames") * x.first("hop_length", 160))}),
    "inkling": Recipe(values={"pixel_values": lambda x: x.normal("pixels", 4 * x.size("batch"), x.vision.temporal_patch_size,
                                                                x.vision.patch_size, x.vision.patch_size, 3)}),
    "inkling2": Recipe(values={"pixel_values": _merged_patches}),
    "DiffusionGemmaDecoderModel": Recipe(own_reason="its forward reads the encoder's key/value cache object; "
                                         "DiffusionGemmaModel covers it"),
    "chameleon": Recipe(sizes={"image": ((16, 24), (24, 32), (32, 40))}),
    "Blip2QFormerModel": _QFORMER,
    "InstructBlipQFormerModel": _INSTRUCTED, "InstructBlipVideoQFormerModel": _INSTRUCTED,
    "instructblipvideo": Recipe(pixels="frames"),
    "colmodernvbert": _IMAGES, "modernvbert": _IMAGES, "idefics2": _IMAGES, "idefics3": _IMAGES, "smolvlm": _IMAGES,
    "idefics": Recipe(pixels="images", also=("image_attention_mask",), values={"image_attention_mask": _seen_images}),
    "granite_docling": Recipe(pixels="images", also=("pixel_attention_mask",), values={"pixel_attention_mask": _all_tiles}),
    "colqwen2": Recipe(values={"pixel_values": _padded_patches}),
    "gemma4": Recipe(pixels="rows", sizes=_POOLED), "diffusion_gemma": Recipe(pixels="rows", sizes=_POOLED),
    "embedding_gemma2": Recipe(pixels="rows", sizes=_POOLED), "gemma4_unified": Recipe(pixels="rows", settings={"patch_width": 432}),
    "llava_next": _ANY_RESOLUTION, "granite4_vision": Recipe(tokens={"image": 10}).over(_ANY_RESOLUTION), "llava_next_video": _ANY_RESOLUTION, "llava_onevision": _ANY_RESOLUTION,
    "fuyu": _ROWS, "siglip2": _ROWS, "lfm2_vl": _ROWS, "ultravbert": _IMAGES,
    "lxmert": Recipe(also=("visual_feats", "visual_pos"), values={
        "visual_feats": lambda x: x.normal("feats", x.size("batch"), x.size("item"), x.config.visual_feat_dim),
        "visual_pos": lambda x: x.uniform("pos", x.size("batch"), x.size("item"), x.config.visual_pos_dim)}),
    "mllama": Recipe(
        pixels="tiles", also=("aspect_ratio_ids", "aspect_ratio_mask", "cross_attention_mask"),
        settings={"images": 2, "tiles": 4},
        values={"aspect_ratio_ids": lambda x: x.integers("ratio", 1, 5, x.size("batch"), 2),
                "aspect_ratio_mask": lambda x: torch.ones(x.size("batch"), 2, 4, dtype=torch.long),
                "cross_attention_mask": lambda x: torch.ones(*x.make("input_ids").shape, 2, 4, dtype=torch.long)}),
    "kimi_k25": _PATCHES,
    "muse_glimmer": Recipe(settings={"temporal": 2}), "muse_spark": Recipe(settings={"temporal": 2}),
    "mistral3": Recipe(also=("image_sizes",)),
}  # fmt: skip


def _answers(config: Any) -> None:
    config.yes_token_index, config.no_token_index = 3, 4


def _without_dropout(config: Any) -> None:
    config.text_config.dropout_rate = 0.0


ADJUST: dict[str, Any] = {"shieldgemma2": _answers, "T5Gemma2Encoder": _without_dropout}
