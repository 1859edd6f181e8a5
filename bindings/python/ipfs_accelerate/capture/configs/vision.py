"""Table entries of the vision families."""

from __future__ import annotations

from typing import Any

from .recipe import Recipe
from .shrink import KEEP, UNIFORM



def _timm_backbone(instance: Any) -> Any:
    """The smallest residual network of timm, with the stages of the parent's default."""
    from transformers import TimmBackboneConfig

    taps = list(instance.out_indices) if instance is not None and len(instance.out_indices) > 1 else [1, 2, 3, 4]
    return TimmBackboneConfig(backbone="test_resnet", out_indices=taps)


_HEADS_OF_DETR = {"encoder_attention_heads": 8, "decoder_attention_heads": 8}

CONFIGS: dict[str, Any] = {
    "TimmBackboneConfig": _timm_backbone,
    "AlignVisionConfig": {"depth_coefficient": 0.1, "hidden_dim": 64},
    "EfficientNetConfig": {"depth_coefficient": 0.1},
    "CvtConfig": {"depth": [1, 1, 2]},
    "ConditionalDetrConfig": _HEADS_OF_DETR, "DetrConfig": _HEADS_OF_DETR, "DabDetrConfig": _HEADS_OF_DETR,
    "DeformableDetrConfig": _HEADS_OF_DETR,
    "BeitConfig": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "Data2VecVisionConfig": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "DPTConfig": {"num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3]},
    "SwinConfig": {"window_size": 4}, "DonutSwinConfig": {"window_size": 4},
}  # fmt: skip

MODES: dict[str, str] = {"AlignVisionConfig": KEEP, "EfficientNetConfig": KEEP, "Data2VecVisionConfig": UNIFORM,
                         "BeitConfig": UNIFORM}  # fmt: skip


def _with_class_tokens(config: Any) -> None:
    config.backbone_config.return_class_token = True


ADJUST: dict[str, Any] = {"chmv2": _with_class_tokens}

RECIPES: dict[str, Recipe] = {}
