"""The general makers of argument values."""

from __future__ import annotations

import torch

from .inputs import Inputs, last, value

# -- text


def token_ids(x: Inputs, name: str, axis: str = "sequence", vocabulary: int | None = None) -> torch.Tensor:
    """[batch, axis]: token ids that are no special ones, distinct within a row where the vocabulary allows it."""
    size = vocabulary or x.vocabulary()
    special = x.special_ids()
    allowed = [item for item in range(size) if item not in special] or list(range(size))
    pool = torch.tensor(allowed)
    length = x.size(axis)
    rows = []
    for row in range(x.size("batch")):
        generator = x.generator(f"{name}/{row}")
        order = torch.randperm(len(pool), generator=generator)
        if length > len(pool):
            order = torch.randint(len(pool), (length,), generator=generator)
        rows.append(pool[order[:length]])
    return torch.stack(rows)


@value("input_ids", "text_input_ids", "question_encoder_input_ids")
def input_ids(x: Inputs) -> torch.Tensor:
    """[batch, sequence]; placeholder tokens after the second position; the second row ends with padding."""
    name = type(x.model).__name__
    if codebooks := x.setting("codebooks"):
        count = codebooks(x) if callable(codebooks) else codebooks
        return x.integers("input_ids", 2, x.setting("codebook_size", 8), x.size("batch"), x.size("sequence"), count)
    if name.endswith("ForMultipleChoice"):
        rows = [token_ids(x, f"input_ids/{choice}") for choice in range(x.size("choice"))]
        ids = torch.stack(rows, 1)
        ids[1, :, -1] = x.pad
        return ids
    ids = token_ids(x, "input_ids")
    if "ForSequenceClassification" in name and x.config.is_encoder_decoder:
        ids[:, -2] = last(x.first("eos_token_id", 2))
    batch = ids.shape[0]
    pieces = [ids[:, :2]]
    for kind in ("image", "video", "audio"):
        count = x.placeholders(kind)
        if not count:
            continue
        for edge, token in (("start", None), ("middle", x.token(kind)), ("end", None)):
            names = {"image": (f"vision_{edge}_token_id", f"image_{edge}_token_id"), "video": (f"vision_{edge}_token_id",),
                     "audio": (f"audio_{edge}_token_id",)}[kind]  # fmt: skip
            token = x.first(names) if token is None else token
            if token is not None:
                pieces.append(torch.full((batch, count if edge == "middle" else 1), token))
    ids = torch.cat([*pieces, ids[:, 2:]], 1)
    if "attention_mask" in x.parameters and batch > 1:
        ids[1, -1] = x.pad
    return ids


@value("decoder_input_ids")
def decoder_input_ids(x: Inputs) -> torch.Tensor:
    """[batch, target]"""
    return token_ids(x, "decoder_input_ids", "target")


@value("qformer_input_ids")
def qformer_input_ids(x: Inputs) -> torch.Tensor:
    """[batch, sequence]"""
    return token_ids(x, "qformer_input_ids", vocabulary=x.vocabulary(x.part("qformer_config")))


def padded_mask(shape: tuple[int, ...], padded: int = 1, dtype: torch.dtype = torch.long) -> torch.Tensor:
    """Ones, with the last `padded` positions of the second row zero."""
    mask = torch.ones(shape, dtype=dtype)
    if shape[0] > 1:
        mask[1, ..., -padded:] = 0
    return mask


@value("attention_mask", "text_attention_mask", "input_mask")
def attention_mask(x: Inputs) -> torch.Tensor:
    """[batch, sequence], or [batch, frame or sample] for audio; the second row is padded."""
    if "input_ids" in x.names():
        ids = x.make("input_ids")
        return padded_mask(tuple(ids.shape) if ids.dim() == 2 or x.setting("codebooks") is None else tuple(ids.shape[:2]))
    if "input_values" in x.names():
        values = x.make("input_values")
        return padded_mask((values.shape[0], values.shape[-1]), values.shape[-1] // 4)
    if "input_features" in x.names():
        batch, frames = feature_shape(x)
        return padded_mask((batch, frames), frames // 4)
    return padded_mask((x.size("batch"), x.size("sequence")))


@value("decoder_attention_mask")
def decoder_attention_mask(x: Inputs) -> torch.Tensor:
    """[batch, target]"""
    return padded_mask(tuple(x.make("decoder_input_ids").shape))


@value("qformer_attention_mask")
def qformer_attention_mask(x: Inputs) -> torch.Tensor:
    """[batch, sequence]"""
    return padded_mask(tuple(x.make("qformer_input_ids").shape))


@value("token_type_ids")
def token_type_ids(x: Inputs) -> torch.Tensor:
    """As input_ids: zeros, then ones from the middle on."""
    ids = x.make("input_ids")
    types = torch.zeros_like(ids)
    types[..., ids.shape[-1] // 2 :] = 1
    return types


@value("mm_token_type_ids", "moe_mm_token_type_ids")
def mm_token_type_ids(x: Inputs) -> torch.Tensor:
    """As input_ids: 1, 2, 3 where an image, video or audio placeholder stands."""
    ids = x.make("input_ids")
    types = torch.zeros_like(ids)
    for number, kind in enumerate(("image", "video", "audio"), 1):
        if x.token(kind) is not None:
            types[ids == x.token(kind)] = number
    return types


@value("position_ids")
def position_ids(x: Inputs) -> torch.Tensor:
    """[batch, sequence]"""
    ids = x.make("input_ids")
    return torch.arange(ids.shape[1])[None].repeat(ids.shape[0], 1)


def _state_width(x: Inputs) -> int:
    width = x.setting("hidden", x.hidden())
    return width(x) if callable(width) else width


@value("inputs_embeds", "encoder_hidden_states", "last_hidden_states", "last_hidden_state", "decoder_inputs_embeds")
def embeddings(x: Inputs) -> torch.Tensor:
    """[batch, sequence, hidden]"""
    return x.normal("embeddings", x.size("batch"), x.size("sequence"), _state_width(x))


@value("hidden_states")
def hidden_states(x: Inputs) -> torch.Tensor:
    """[batch, sequence, hidden], or packed patches where the class takes their grid."""
    if {"grid_thw", "image_grid_thw"} & set(x.parameters):
        return packed_pixels(x, "hidden_states")
    return x.normal("hidden_states", x.size("batch"), x.size("sequence"), _state_width(x))


@value("bbox")
def boxes(x: Inputs) -> torch.Tensor:
    """[..., 4]: integer boxes (left, top, right, bottom) with left < right and top < bottom."""
    shape = x.make("input_ids").shape
    low = x.integers("bbox/low", 0, 400, *shape, 2)
    return torch.cat([low, low + x.integers("bbox/size", 1, 400, *shape, 2)], -1)


# -- images


def packed_pixels(x: Inputs, name: str) -> torch.Tensor:
    """[batch * patches, channel * time * patch * patch]"""
    time, rows, columns = x.grid()
    temporal = last(x.first(("temporal_patch_size",), x.setting("temporal", 1), x.vision, (int, list, tuple)))
    width = x.setting("patch_width", x.channels() * temporal * x.patch() ** 2)
    return x.normal(name, x.size("batch") * time * rows * columns, width)


@value("pixel_values", "pixel_values_images", "image", "image_pixel_values", "high_res_pixel_values", "pixel_values_local")
def pixel_values(x: Inputs) -> torch.Tensor:
    """The layout that the recipe names; [batch, channel, height, width] without one."""
    layout = x.recipe.pixels or ("packed" if _packed(x) else "image")
    batch, channels = x.size("batch"), x.channels()
    if layout == "packed":
        return packed_pixels(x, "pixel_values")
    if layout in ("patches", "rows"):
        _, rows, columns = x.grid()
        patch = x.patch()
        if layout == "patches":
            return x.normal("pixel_values", batch * rows * columns, channels, patch, patch)
        return x.normal("pixel_values", batch, rows * columns, x.setting("patch_width", channels * patch * patch))
    height, width = x.size("image")
    before = {"image": (), "frames": (x.sizes["frame"],), "images": (x.setting("images", 3),),
              "tiles": (x.setting("images", 1), x.setting("tiles", 2))}[layout]  # fmt: skip
    if layout == "frames":
        before = (x.setting("frames") or x.size("frame"),)
    return x.normal("pixel_values", batch, *before, channels, height, width)


def _packed(x: Inputs) -> bool:
    return bool({"image_grid_thw", "grid_thw", "image_grid_hws"} & set(x.parameters))


@value("pixel_values_videos", "video")
def pixel_values_videos(x: Inputs) -> torch.Tensor:
    """[batch, frame, channel, height, width]"""
    height, width = x.size("image")
    frames = x.setting("frames") or x.size("frame")
    return x.normal("pixel_values_videos", x.size("batch"), frames, x.channels(), height, width)


@value("image_grid_thw", "grid_thw", "video_grid_thw")
def grid_thw(x: Inputs) -> torch.Tensor:
    """[batch, 3]: patches of each image in time, height, width."""
    return torch.tensor([x.grid()] * x.size("batch"))


@value("target_sizes", "image_grid_hws", "spatial_shapes", "grid_hw", "image_grid_hw")
def grid_hw(x: Inputs) -> torch.Tensor:
    """[batch, 2]: patches of each image in height, width."""
    return torch.tensor([x.grid()[1:]] * x.size("batch"))


@value("merge_sizes", "image_merge_sizes")
def merge_sizes(x: Inputs) -> torch.Tensor:
    """[batch]"""
    return torch.full((x.size("batch"),), x.merge())


@value("image_sizes")
def image_sizes(x: Inputs) -> torch.Tensor:
    """[batch, 2]: height and width in pixels."""
    return torch.tensor([x.size("image")] * x.size("batch"))


@value("image_position_ids", "pixel_position_ids")
def image_position_ids(x: Inputs) -> torch.Tensor:
    """[batch, patch, 2]: column and row of each patch, for packed rows."""
    if x.recipe.pixels != "rows":
        return None
    _, rows, columns = x.grid()
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([column.flatten(), row.flatten()], -1)[None].repeat(x.size("batch"), 1, 1)


@value("image_embeds_position_mask")
def image_embeds_position_mask(x: Inputs) -> torch.Tensor:
    """As input_ids: true where an image embedding goes."""
    ids = x.make("input_ids")
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    mask[:, 1 : 1 + x.first("latent_query_num", 4)] = True
    return mask


@value("pixel_mask")
def pixel_mask(x: Inputs) -> torch.Tensor:
    """[batch, height, width]; the second image is padded at the right."""
    height, width = x.size("image")
    return padded_mask((x.size("batch"), height, width), width // 4)


@value("pixel_attention_mask", "patch_attention_mask")
def pixel_attention_mask(x: Inputs) -> torch.Tensor:
    """[batch, patch] for packed rows, [batch, image, height, width] otherwise."""
    if x.recipe.pixels == "rows":
        return torch.ones(x.make("pixel_values").shape[:2], dtype=torch.long)
    pixels = x.make("pixel_values")
    return torch.ones((*pixels.shape[:-3], *pixels.shape[-2:]), dtype=torch.bool)


@value("bool_masked_pos")
def bool_masked_pos(x: Inputs) -> torch.Tensor:
    """[batch, patch]"""
    height, width = x.size("image")
    count = (height // x.patch()) * (width // x.patch())
    return x.uniform("bool_masked_pos", x.size("batch"), count) < 0.4


# -- audio


def mels(x: Inputs) -> int:
    """Feature bins per frame."""
    names = ("feature_projection_input_dim", "num_mel_bins", "n_mels", "input_feat_per_channel", "mel_bins", "num_mels", "input_dim", "feature_size",
             "spectrogram_bins", "n_mel_channels", "input_features_size", "input_channels")  # fmt: skip
    count = x.setting("mels")
    if callable(count):
        return count(x)
    return count or x.first(names, None, x.audio) or x.first(names, 80)


def feature_shape(x: Inputs) -> tuple[int, int]:
    """(batch, frames) of input_features."""
    features = x.make("input_features")
    return features.shape[0], features.shape[-1 if (x.recipe.features or "mel") == "mel" else 1]


@value("input_features", "audio_input_features", "input_audio_embeds")
def input_features(x: Inputs) -> torch.Tensor:
    """[batch, mel, frame], or [batch, frame, mel] where the recipe says so."""
    batch, bins, frames = x.size("batch"), mels(x), x.size("feature_frames")
    shape = (bins, frames) if (x.recipe.features or "mel") == "mel" else (frames, bins)
    return x.normal("input_features", batch, *shape)


@value("input_features_mask", "feature_attention_mask", "audio_attention_mask")
def input_features_mask(x: Inputs) -> torch.Tensor:
    """[batch, frame]; full where placeholders must match the frames, padded otherwise."""
    batch, frames = feature_shape(x)
    if "input_ids" in x.names():
        return torch.ones(batch, frames, dtype=torch.long)
    return padded_mask((batch, frames), frames // 4)


@value("feature_lens", "audio_feature_lengths", "input_features_lengths")
def feature_lengths(x: Inputs) -> torch.Tensor:
    """[batch]: frames of each sample."""
    batch, frames = feature_shape(x)
    return torch.full((batch,), frames)


@value("input_values", "audio", "input_audio", "waveform", "encoder_input_values")
def input_values(x: Inputs) -> torch.Tensor:
    """[batch, sample], or [batch, channel, sample] where the recipe says so."""
    batch, samples = x.size("batch"), x.size("samples")
    if x.recipe.wave == "channels":
        channels = x.setting("audio_channels") or x.first(("audio_channels",), 1)
        return 0.5 * x.normal("input_values", batch, channels, samples)
    return 0.5 * x.normal("input_values", batch, samples)


@value("padding_mask", "input_values_mask")
def padding_mask(x: Inputs) -> torch.Tensor:
    """[batch, sample]: true where there is sound."""
    if "input_values" not in x.names():
        return None
    values = x.make("input_values")
    return padded_mask((values.shape[0], values.shape[-1]), values.shape[-1] // 4, torch.bool)


@value("audio_codes", "codes")
def audio_codes(x: Inputs) -> torch.Tensor:
    """[batch, codebook, sequence]"""
    codebooks = x.first(("num_quantizers", "num_codebooks", "n_codebooks"), 8)
    return x.integers("audio_codes", 0, 8, x.size("batch"), codebooks, x.size("sequence"))
