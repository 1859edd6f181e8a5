"""Table entries of the vision families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .shrink import KEEP, UNIFORM
from .values import input_ids, padded_mask, pixel_values



def _timm_backbone(instance: Any) -> Any:
    """The smallest residual network of timm, with the stages of the parent's default."""
    from transformers import TimmBackboneConfig

    if instance is not None and "swin" in (instance.backbone or ""):
        return instance
    taps = list(instance.out_indices) if instance is not None and len(instance.out_indices) > 1 else [1, 2, 3, 4]
    return TimmBackboneConfig(backbone="test_resnet", out_indices=taps)


def _timm_wrapper(instance: Any) -> Any:
    """The parent's vision network of timm, made small through its own arguments."""
    from transformers import TimmWrapperConfig

    if instance is None:
        return TimmWrapperConfig(architecture="test_resnet", do_pooling=True)
    arguments = dict(instance.model_args or {})
    small = {"do_pooling": instance.do_pooling, "initializer_range": 0.02}
    if arguments.get("features_only"):
        return TimmWrapperConfig(architecture="repvit_m0_9", model_args=arguments, **small)
    if "vit_pe" in instance.architecture:
        arguments |= {"embed_dim": 64, "depth": 2, "num_heads": 4, "img_size": [56, 56], "ref_feat_shape": [4, 4]}
        return TimmWrapperConfig(architecture=instance.architecture, model_args=arguments, num_labels=32, **small)
    if "fastvit" in instance.architecture:
        return TimmWrapperConfig(architecture="fastvit_t8", model_args=arguments, hidden_size=768, **small)
    return instance


_HEADS_OF_DETR = {"encoder_attention_heads": 8, "decoder_attention_heads": 8}

_SAM_VISION = {"output_channels": 64, "num_pos_feats": 32, "global_attn_indexes": [1], "window_size": 2}
_HIERA_DET = {"hidden_size": 24, "embed_dim_per_stage": [24, 48, 96, 192], "num_attention_heads_per_stage": [1, 2, 4, 8],
              "blocks_per_stage": [1, 1, 2, 1], "global_attention_blocks": [3], "image_size": [64, 64]}  # fmt: skip
_FEATURES = {"backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]}
_PAIR = Recipe(pixels="images", settings={"images": 2})
_POINTS = Recipe(also=("input_points", "input_labels"), values={
    "input_points": lambda x: 60 * x.uniform("points", x.size("batch"), 3, 2, 2),
    "input_labels": lambda x: x.integers("labels", 0, 2, x.size("batch"), 3, 2)})  # fmt: skip


CONFIGS: dict[str, Any] = {
    "VitMatteConfig": {"convstream_hidden_sizes": [48, 96, 192], "fusion_hidden_sizes": [256, 128, 64, 32]},
    "SuperPointConfig": {"max_keypoints": 16},
    "UperNetConfig": {"hidden_size": 64, "auxiliary_channels": 32, "backbone_config": {
        "model_type": "resnet", "embedding_size": 16, "hidden_sizes": [16, 32, 64, 64], "depths": [1, 1, 1, 1],
        "out_features": ["stage1", "stage2", "stage3", "stage4"]}},
    "Swin2SRConfig": {"embed_dim": 32, "depths": [2, 1], "num_heads": [2, 2], "window_size": 4, "image_size": 16},
    "EdgeTamVisionConfig": {**_FEATURES, "backbone_channel_list": [384, 192, 96, 48]},
    "DepthProConfig": {"patch_size": 56, "intermediate_hook_ids": [1, 0]},
    "HieraConfig": {"decoder_hidden_size": 32, "decoder_depth": 1, "decoder_num_heads": 4},
    "EfficientLoFTRConfig": {"stage_num_blocks": [1, 1, 1, 1], "hidden_size": 256, "num_attention_heads": 8},
    "LwDetrConfig": {"projector_scale_factors": [1.0]},
    "LightGlueConfig": {"depth_confidence": -1.0, "width_confidence": -1.0},
    "SamVisionConfig": _SAM_VISION, "SamHQVisionConfig": _SAM_VISION,
    "Sam2HieraDetConfig": _HIERA_DET, "Sam2VisionConfig": {**_FEATURES, "backbone_channel_list": [192, 96, 48, 24]},
    "Sam3VisionConfig": _FEATURES,
    "Sapiens2HeadConfig": {"upsample_out_channels": [16, 16], "upsample_kernel_sizes": [4, 4], "conv_out_channels": [16],
                           "conv_kernel_sizes": [1]},
    "PerceiverConfig": {"num_frames": 4, "audio_samples_per_frame": 64, "output_shape": [1, 4, 16, 16], "d_latents": 64, "d_model": 64, "num_self_attends_per_block": 2, "num_blocks": 1, "num_self_attention_heads": 1, "num_cross_attention_heads": 1, "train_size": [32, 48],
                        "image_size": 56},
    "ViltConfig": {"num_images": 2, "modality_type_vocab_size": 3},
    "VipLlavaConfig": {"vision_feature_layers": [-1, -2]},
    "SegGptConfig": {"image_size": [64, 32], "patch_size": 16, "num_hidden_layers": 2, "merge_index": 0,
                     "intermediate_hidden_state_indices": [0, 1]},
    "TimmBackboneConfig": _timm_backbone, "TimmWrapperConfig": _timm_wrapper,
    "AlignConfig": {"projection_dim": 640}, "AlignVisionConfig": {"depth_coefficient": 0.1},
    "EfficientNetConfig": {"depth_coefficient": 0.1},
    "CvtConfig": {"depth": [1, 2, 3]},
    "ConditionalDetrConfig": _HEADS_OF_DETR, "DetrConfig": _HEADS_OF_DETR, "DabDetrConfig": _HEADS_OF_DETR,
    "DeformableDetrConfig": _HEADS_OF_DETR,
    "BeitConfig": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "Data2VecVisionConfig": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "DPTConfig": {"num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3]},
    "SwinConfig": {"window_size": 2}, "DonutSwinConfig": {"window_size": 4},
}  # fmt: skip

MODES: dict[str, str] = {"AlignVisionConfig": KEEP, "EfficientNetConfig": KEEP, "Data2VecVisionConfig": UNIFORM,
                         "BeitConfig": UNIFORM, "OmDetTurboConfig": KEEP, "VitMatteConfig": UNIFORM,
                         "BitConfig": KEEP}  # fmt: skip


def _with_class_tokens(config: Any) -> None:
    config.backbone_config.return_class_token = True


ADJUST: dict[str, Any] = {"chmv2": _with_class_tokens}

RECIPES: dict[str, Recipe] = {
    "dinat": Recipe(requires="natten"),
    "swin2sr": Recipe(sizes={"image": ((16, 24), (24, 32), (32, 40))}),
    "depth_pro": Recipe(fixed=("image",), sizes={"image": ((224, 224),) * 3}),
    "omdet_turbo": Recipe(sizes={"image": ((640, 640),) * 3}, values={
        "classes_input_ids": lambda x: x.integers("classes", 5, 300, 3 * x.size("batch"), x.size("target")),
        "classes_attention_mask": lambda x: padded_mask((3 * x.size("batch"), x.size("target"))),
        "tasks_input_ids": lambda x: x.integers("tasks", 5, 300, x.size("batch"), x.size("sequence")),
        "tasks_attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence"))),
        "classes_structure": lambda x: torch.full((x.size("batch"),), 3)}),
    "oneformer": Recipe(values={"task_inputs": lambda x: x.normal("task", x.size("batch"), x.config.task_seq_len)}),
    "efficientloftr": _PAIR, "lightglue": _PAIR, "superglue": _PAIR,
    "seggpt": Recipe(sizes={"image": ((32, 32),) * 3}, values={"prompt_pixel_values": lambda x: x.normal("prompt", *x.make("pixel_values").shape),
                             "prompt_masks": lambda x: x.normal("masks", *x.make("pixel_values").shape)}),
    "SamModel": _POINTS, "SamHQModel": _POINTS, "Sam2Model": _POINTS, "Sam3TrackerModel": _POINTS, "EdgeTamModel": _POINTS,
    "ViltForImagesAndTextClassification": Recipe(pixels="images", without=("pixel_mask",), settings={"images": 2}),
    "PerceiverForMultimodalAutoencoding": Recipe(
        only=("inputs", "subsampled_output_points"),
        values={"inputs": lambda x: {"image": x.normal("image", x.size("batch"), 4, 3, 16, 16),
                                     "audio": x.normal("audio", x.size("batch"), 256, 1),
                                     "label": x.normal("label", x.size("batch"), x.config.num_labels)},
                "subsampled_output_points": lambda x: {"image": torch.arange(20), "audio": torch.arange(10), "label": None}}),
    "PerceiverModel": Recipe(values={"inputs": lambda x: x.normal("inputs", x.size("batch"), x.size("sequence"), x.config.d_model)}),
    "PerceiverForMaskedLM": Recipe(only=("inputs", "attention_mask"), values={"inputs": input_ids, "attention_mask": lambda x:
                                   padded_mask(tuple(x.make("inputs").shape))}),
    "PerceiverForSequenceClassification": Recipe(only=("inputs", "attention_mask"), values={
        "inputs": input_ids, "attention_mask": lambda x: padded_mask(tuple(x.make("inputs").shape))}),
    "PerceiverForImageClassificationLearned": Recipe(only=("inputs",), values={"inputs": pixel_values}),
    "PerceiverForImageClassificationFourier": Recipe(only=("inputs",), values={"inputs": pixel_values}),
    "PerceiverForImageClassificationConvProcessing": Recipe(only=("inputs",), values={"inputs": pixel_values}),
    "PerceiverForOpticalFlow": Recipe(only=("inputs",), values={"inputs": lambda x: x.normal(
        "inputs", x.size("batch"), 2, 27, *x.config.train_size)}),
}
