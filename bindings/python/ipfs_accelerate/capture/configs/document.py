"""Table entries of the document families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe
from .values import padded_mask, pixel_values

def _flattened_patches(x: Inputs) -> torch.Tensor:
    """[batch, patch, 2 + width]: row and column (from 1 on; 0 is padding), then the patch's values."""
    batch, count = x.size("batch"), x.size("sequence")
    place = torch.stack([torch.arange(count) // 4 + 1, torch.arange(count) % 4 + 1], -1).float()[None].repeat(batch, 1, 1)
    width = x.first("patch_embed_hidden_size", 48)
    return torch.cat([place, x.normal("flattened_patches", batch, count, width)], -1)


def _all_stages(instance: Any) -> Any:
    """The default backbone, every stage of it tapped."""
    from transformers import UVDocBackboneConfig

    return UVDocBackboneConfig(out_features=[f"stage{i}" for i in range(1, 7)])


def _as_it_is(instance: Any) -> Any:
    """A backbone that is small, and whose widths its parent names one by one."""
    from transformers import PPLCNetV4Config

    return PPLCNetV4Config() if instance is None else instance


def _line(x: Inputs) -> torch.Tensor:
    """[batch, channel, 1, column]: features of text lines, as many channels as the first convolution takes."""
    first = next(module for module in x.model.modules() if isinstance(module, torch.nn.Conv2d))
    return x.normal("line", x.size("batch"), first.in_channels, 1, 2 * x.size("sequence"))


def _patch_images(x: Inputs) -> torch.Tensor:
    """[1, patches of all images, channel, patch, patch]"""
    _, rows, columns = x.grid()
    return x.normal("pixel_values", 1, x.size("batch") * rows * columns, x.channels(), x.patch(), x.patch())


def _boxes_in_page(x: Inputs) -> torch.Tensor:
    """[batch, box, 4]: left, top, right, bottom, at most 1000."""
    low = x.integers("boxes/low", 0, 400, x.size("batch"), x.size("sequence"), 2)
    return torch.cat([low, low + x.integers("boxes/size", 1, 400, x.size("batch"), x.size("sequence"), 2)], -1)


_LINE = Recipe(values={"hidden_states": _line})


# A detector's backbone: every stage halves the image. A block: kernel, channels in and out, stride, squeeze-and-excitation.
_FOUR_STAGES = {
    "model_type": "pp_lcnet_v4", "out_features": ["stage1", "stage2", "stage3", "stage4"], "stem_channels": [3, 16, 32],
    "block_configs": [[[3, 32, 32, 1, True]], [[3, 32, 32, 2, False]], [[3, 32, 48, 2, False], [3, 48, 48, 1, True]],
                      [[3, 48, 96, 2, False]]],
}  # fmt: skip
_LINES = Recipe(sizes={"image": ((48, 96), (48, 128), (48, 160))})
_PIXELS = Recipe(values={"hidden_states": pixel_values, "pixel_values": pixel_values})
# Kernel, stride and padding of each convolution of the text detector's neck.
_LONG, _MIDDLE, _SHORT = 7, 5, 3
_INTRACLASS = {
    "reduce_channel": [1, 1, 0], "return_channel": [1, 1, 0],
    **{f"vertical_long_to_small_conv_{name}ratio": [[size, 1], [1, 1], [size // 2, 0]]
       for name, size in (("long", _LONG), ("mid", _MIDDLE), ("short", _SHORT))},
    **{f"horizontal_small_to_long_conv_{name}ratio": [[1, size], [1, 1], [0, size // 2]]
       for name, size in (("long", _LONG), ("mid", _MIDDLE), ("short", _SHORT))},
    **{f"symmetric_conv_long_{name}ratio": [[size, size], [1, 1], [size // 2, size // 2]]
       for name, size in (("long", _LONG), ("mid", _MIDDLE), ("short", _SHORT))},
}  # fmt: skip

CONFIGS: dict[str, Any] = {
    "UVDocBackboneConfig": _all_stages, "PPLCNetV4Config": _as_it_is,
    "UnlimitedOcrSamVisionConfig": {"downsample_channels": [64, 64], "global_attn_indexes": [1], "output_channels": 64},
    "Florence2VisionConfig": {"projection_dim": 64},
    "LayoutLMv3Config": {"coordinate_size": 10, "shape_size": 12},
    "LiltConfig": {"hidden_size": 48, "channel_shrink_ratio": 4},
    "Pix2StructTextConfig": {"initializer_range": 0.02}, "Pix2StructVisionConfig": {"patch_embed_hidden_size": 48},
    "PaddleOCRTextConfig": {"rope_parameters": {
        "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}},
    "PPDocLayoutV2Config": {"class_thresholds": [0.3] * 25, "class_order": list(range(25))},
    "PPOCRV5ServerDetConfig": {"intraclass_block_config": _INTRACLASS, "kernel_list": [3, 2, 2], "scale_factor_list": [1, 2, 4, 8]},
    "PPOCRV6SmallDetConfig": {"backbone_config": _FOUR_STAGES, "layer_list_out_channels": [32, 32, 48, 96]},
    "PPOCRV6MediumDetConfig": {"backbone_config": _FOUR_STAGES, "intraclass_block_config": _INTRACLASS, "kernel_list": [3, 2, 2], "scale_factor_list": [1, 2, 4, 8]},
}

RECIPES: dict[str, Recipe] = {
    "PPOCRV6SmallRecForTextRecognition": _LINES, "PPOCRV6TinyRecForTextRecognition": _LINES,
    "UVDocBridge": Recipe(values={"hidden_states": lambda x: x.normal("map", x.size("batch"), 128, 12, 16)}),
    "Florence2VisionBackbone": _PIXELS,
    "layoutlmv2": Recipe(requires="detectron2"),
    "pix2struct": Recipe(values={"flattened_patches": _flattened_patches,
                                 "attention_mask": lambda x: padded_mask((x.size("batch"), x.size("sequence")))}),
    "Pix2StructVisionModel": Recipe(only=("flattened_patches", "attention_mask")),
    "Pix2StructForConditionalGeneration": Recipe(only=("flattened_patches", "attention_mask", "decoder_input_ids")),
    "PPOCRV5MobileDetModel": _PIXELS, "SLANetBackbone": _PIXELS, "SLANeXtBackbone": _PIXELS,
    "PPOCRV5MobileRecEncoderWithSVTR": _LINE, "PPOCRV5ServerRecEncoderWithSVTR": _LINE,
    "PPOCRV6SmallRecEncoderWithSVTR": _LINE,
    "PPDocLayoutV2ReadingOrder": Recipe(also=("boxes", "labels", "mask"), values={
        "boxes": _boxes_in_page, "labels": lambda x: x.integers("kinds", 0, 10, x.size("batch"), x.size("sequence")),
        "mask": lambda x: padded_mask((x.size("batch"), x.size("sequence")), 1, torch.bool)}),
    "SLANeXtSLAHead": Recipe(settings={"hidden": lambda x: x.config.post_conv_out_channels}),
    "SLANetSLAHead": Recipe(settings={"hidden": lambda x: x.config.post_conv_out_channels}),
    "paddleocr_vl": Recipe(pixels="patches"), "PaddleOCRVisionModel": Recipe(values={"pixel_values": _patch_images}),
    "PaddleOCRVisionTransformer": Recipe(values={"pixel_values": _patch_images}),
}
