"""Table entries of the video families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe

def _half_of_tubes(x: Inputs) -> torch.Tensor:
    """[batch, patch]: the same number of masked patches in each row."""
    height, width = x.size("image")
    frames = x.make("pixel_values").shape[1]
    count = (frames // x.config.tubelet_size) * (height // x.patch()) * (width // x.patch())
    mask = torch.zeros(x.size("batch"), count, dtype=torch.bool)
    mask[:, ::2] = True
    return mask


_FRAMES = Recipe(pixels="frames")
_SESSION = Recipe(own_reason="its forward reads and writes a session object (frames, memories and prompts in Python state)")

CONFIGS: dict[str, Any] = {
    "TvpConfig": {"max_img_size": 128, "visual_prompt_size": 16, "num_frames": 3},
    "VJEPA2Config": {"crop_size": 32, "frames_per_clip": 4, "pred_num_hidden_layers": 2},
}

RECIPES: dict[str, Recipe] = {
    "XCLIPVisionModel": Recipe(values={"pixel_values": lambda x: x.normal(
        "frames", x.size("batch") * x.config.num_frames, 3, *x.size("image"))}),
    "pe_video": Recipe(sizes={"image": ((56, 56),) * 3}),
    "timesformer": _FRAMES, "videomae": _FRAMES, "vivit": _FRAMES, "tvp": Recipe(pixels="frames", settings={"frames": 3}, sizes={"image": ((128, 128),) * 3, "batch": (1, 1, 1)}),
    "xclip": _FRAMES, "x_clip": _FRAMES,
    "VideoMAEForPreTraining": Recipe(pixels="frames", values={"bool_masked_pos": _half_of_tubes}),
    "EdgeTamVideoModel": _SESSION, "Sam2VideoModel": _SESSION, "Sam3TrackerVideoModel": _SESSION, "Sam3VideoModel": _SESSION,
    "Sam3LiteTextVideoModel": _SESSION,
}
