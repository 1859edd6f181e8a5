"""What `restatements_m_to_z` puts in the place of loops over rows, images or lengths: the same values for all at once.

Makers of methods take the original and return the replacement; the others are helpers that restated lines call.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import torch

from .time_loops import scan_steps


def sparse_experts(original: Callable[..., Any]) -> Callable[..., Any]:
    """Experts in a ModuleDict: every expert runs on the tokens that chose it, those that none chose on no token."""

    def forward(self: Any, hidden_states: Any, chosen: Any, weights: Any) -> Any:
        mask = chosen if chosen.dim() == 3 else torch.nn.functional.one_hot(chosen, num_classes=self.num_experts)
        result = torch.zeros_like(hidden_states)
        for number in range(self.num_experts):
            row, choice = torch.where(mask[..., number])
            found = self[f"expert_{number}"](hidden_states[row]) * weights[row, choice, None]
            dropout = getattr(self, "moe_token_dropout", 0)
            result = result.index_add(0, row, (found * (1 - dropout) if dropout > 0 else found).to(result.dtype))
        return result

    return forward


def structure_steps(head: Any, hidden: torch.Tensor, features: torch.Tensor, chars: torch.Tensor) -> torch.Tensor:
    """The steps of a table head of SLANet, up to the one at which every row has ended: [batch, step, class].

    hidden: [batch, place, width]; features: [batch, hidden]; chars: [batch], the first character.
    """
    steps, classes = head.config.max_text_length + 1, head.config.out_channels
    parts = (head.structure_attention_cell, head.structure_generator)
    names = [[name for name, _ in part.named_parameters()] for part in parts]
    values = [value for part in parts for value in part.parameters()]
    call = torch.func.functional_call

    def step(features: Any, chars: Any, _: Any, hidden: Any, *values: Any) -> tuple[tuple, tuple]:
        cell, generator = dict(zip(names[0], values)), dict(zip(names[1], values[len(names[0]) :]))
        embedded = (chars[:, None] == torch.arange(classes, device=chars.device)).float()
        features = call(parts[0], cell, (features, hidden.float(), embedded))[0]
        logits = call(parts[1], generator, (features,))
        chars = logits.argmax(dim=1)
        return (features, chars), (logits, chars)

    ticks = torch.zeros(steps, device=hidden.device)
    _, (logits, chars) = scan_steps(step, (features, chars), ((ticks, 0),), (hidden, *values))
    ended = (chars == classes - 1).cumsum(0).gt(0).all(1)
    count = ((~ended).sum() + 1).clamp(max=steps).item()
    torch._check(count >= 1)
    torch._check(count <= steps)
    return logits[:count].transpose(0, 1)


def free_patches(
    images: torch.Tensor, boxes: torch.Tensor, places: torch.Tensor, extent: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Patches of each image that hold no token, in order, then zeros: (patches, their boxes, whether there is one).

    images: [batch, patch, width]; boxes: [batch, patch, 4]; places: [batch, token], the patch of each token.
    """
    free = torch.ones_like(images[:, :, 0], dtype=torch.bool).scatter(1, places, False)
    order = torch.argsort((~free).long(), dim=1, stable=True)
    there = torch.arange(order.shape[1], device=order.device) < free.sum(1, keepdim=True)

    def taken(values: torch.Tensor) -> torch.Tensor:
        found = values.gather(1, order[..., None].expand(-1, -1, values.shape[-1]))
        found = torch.where(there[..., None], found, torch.zeros((), dtype=found.dtype, device=found.device))
        return _fit(found, extent)

    return taken(images), taken(boxes), _fit(there[..., None], extent)[..., 0]


def _fit(values: torch.Tensor, extent: Any) -> torch.Tensor:
    """[batch, n, width] cut to `extent` rows, or with rows of zeros up to it."""
    lacking = extent - values.shape[1]
    return torch.nn.functional.pad(values, (0, 0, 0, lacking)) if lacking > 0 else values[:, :extent]


def selected_tokens(
    indexer: Any, queries: torch.Tensor, keys: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor,
    visible: torch.Tensor, rotate: Callable[..., torch.Tensor],
) -> torch.Tensor:  # fmt: skip
    """Tokens that each query attends to by blocks of visible tokens: [batch, 1, query, token] of bool.

    queries: [batch, query, head, width]; keys: [batch, token, width]; cos, sin: [batch, token, width]; visible: [batch, 1,
    query, token]. The tokens that a query sees form blocks of `compress_ratio`; the blocks with the best scores count, and
    the tokens after the last whole block.
    """
    size, best = indexer.compress_ratio, indexer.block_topk
    seen = visible[:, 0]
    batch, count, extent = seen.shape
    rank = seen.long().cumsum(-1) - 1
    blocks = seen.sum(-1, keepdim=True) // size
    order = torch.argsort((~seen).long(), dim=-1, stable=True)
    number = -(-extent // size)  # the last block is whole; what it adds is masked below
    order = torch.nn.functional.pad(order, (0, number * size - extent)).reshape(batch, count, number, size)
    rows = torch.arange(batch, device=seen.device)[:, None, None]
    pooled = keys[rows[..., None], order].float().mean(dim=3).to(keys.dtype)
    pooled = indexer.k_layernorm(pooled)
    first = order[..., 0]
    pooled = rotate(pooled.unsqueeze(-2), cos=cos[rows, first], sin=sin[rows, first], unsqueeze_dim=-2).squeeze(-2)
    scores = torch.matmul(queries.float(), pooled.float().transpose(-1, -2))
    scores = torch.relu(scores).sum(dim=-2) / math.sqrt(indexer.index_head_dim)
    place = torch.arange(number, device=seen.device)
    scores = scores.masked_fill(place >= blocks, -math.inf)
    scores = torch.nn.functional.pad(scores, (0, best), value=-math.inf)
    found = scores.topk(best, dim=-1).indices
    chosen = torch.zeros_like(scores, dtype=torch.bool).scatter(-1, found, True)
    block = rank.clamp(min=0) // size
    return (seen & ((rank >= blocks * size) | chosen.gather(-1, block)))[:, None]


def aligned_video(
    video: torch.Tensor, audio: torch.Tensor, video_lengths: torch.Tensor, audio_lengths: torch.Tensor
) -> torch.Tensor:
    """Video states [batch, frame, width] at the rate of audio states [batch, step, ...], by the nearest frame.

    Each row's frames are spread over the row's steps, or all frames over all steps where one of the lengths [batch] is the
    whole extent of the other.
    """
    frames, steps = video.shape[1], audio.shape[1]
    interpolate = torch.nn.functional.interpolate
    whole = interpolate(video.transpose(1, 2), size=steps, mode="nearest").transpose(1, 2)
    place = torch.arange(steps, device=video.device)
    ratio = video_lengths.float() / audio_lengths.float()
    frame = torch.floor(place * ratio[:, None]).long().clamp(min=0)
    frame = torch.minimum(frame, (video_lengths[:, None] - 1).clamp(min=0))
    rows = video.gather(1, frame[..., None].expand(-1, -1, video.shape[-1]))
    there = (place < audio_lengths[:, None]) & (video_lengths[:, None] > 0)
    rows = torch.where(there[..., None], rows, torch.zeros((), dtype=rows.dtype, device=rows.device))
    return torch.where((audio_lengths == frames).all() | (video_lengths == steps).all(), whole, rows)


def pooled_statistics(states: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of the first `lengths` [batch] of states [batch, time, width], each [batch, width]."""
    lengths = lengths.clamp(max=states.shape[1])
    there = (torch.arange(states.shape[1], device=states.device) < lengths[:, None])[..., None]
    count = lengths[:, None].to(states.dtype)
    mean = torch.where(there, states, 0.0).sum(1) / count
    spread = torch.where(there, states - mean[:, None], 0.0).square().sum(1) / (count - 1)
    return mean, spread.sqrt()


def grouped_classes(embeddings: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """Rows of embeddings [class, width] by the sizes [batch] of groups that follow each other: [largest, batch, width]."""
    most = sizes.max().item()
    torch._check(most >= 1)
    place = torch.arange(most, device=sizes.device)
    rows = (sizes.cumsum(0) - sizes)[None, :] + place[:, None]
    found = embeddings[rows.clamp(max=embeddings.shape[0] - 1)]
    return torch.where((place[:, None] < sizes[None, :])[..., None], found, 0.0)


def block_centres(grids: list[list[int]], merges: list[int]) -> torch.Tensor:
    """The four rows at the centre of each merge x merge block of packed images whose blocks follow each other: [block, 4]."""
    found, start = [], 0
    for (frames, rows, columns), merge in zip(grids, merges):
        low, high = (merge - 1) // 2, merge // 2
        count = frames * rows * columns
        first = start + merge * merge * torch.arange(count // (merge * merge))
        found.append(torch.stack([first + merge * row + column for row in (low, high) for column in (low, high)], dim=1))
        start += count
    return torch.cat(found)


def upsampled(states: torch.Tensor, durations: torch.Tensor) -> torch.Tensor:
    """Each step of states [batch, time, ...] as often as `durations` [batch, time] says; zeros after a row's end."""
    ends = durations.cumsum(1)
    most = ends[:, -1].max().item()
    torch._check(most > 0)
    place = torch.arange(most, device=states.device)
    source = (place[None, :, None] >= ends[:, None, :]).sum(-1).clamp(max=states.shape[1] - 1)
    tail = (1,) * (states.dim() - 2)
    found = states.gather(1, source.reshape(*source.shape, *tail).expand(-1, -1, *states.shape[2:]))
    there = (place < ends[:, -1:]).reshape(*source.shape, *tail)
    return torch.where(there, found, torch.zeros((), dtype=found.dtype, device=found.device))


def hard_upsample(original: Callable[..., Any]) -> Callable[..., Any]:
    """`_hard_upsample` of SeamlessM4T for all rows at once."""

    def _hard_upsample(self: Any, hidden_states: torch.Tensor, durations: torch.Tensor) -> torch.Tensor:
        return upsampled(hidden_states, durations)

    return _hard_upsample


def decayed_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, rate: torch.Tensor
) -> torch.Tensor:
    """Linear attention of MiniMax with the weight exp(-rate * (i - j)) of an earlier step j at i, blocks undone.

    query, key, value: [batch, head, time, width]; rate: [head, 1, 1].
    """
    place = torch.arange(query.shape[2], device=query.device)
    apart = place[:, None] - place[None, :]
    decay = torch.exp(-rate * apart.clamp(min=0)).masked_fill(apart < 0, 0.0)
    return torch.matmul(torch.matmul(query, key.transpose(-1, -2)) * decay, value)


def series_batch(model: Any, inputs: torch.Tensor, freq: torch.Tensor | None, context: int) -> tuple[torch.Tensor, ...]:
    """TimesFM's series [batch, time] cut or padded in front to `context`, their padding, and frequencies if given."""
    extent = inputs.shape[1]
    padding = torch.zeros_like(torch.nn.functional.pad(inputs, (0, model.horizon_len)))
    if extent < context:
        inputs = torch.nn.functional.pad(inputs, (context - extent, 0))
        padding = torch.nn.functional.pad(padding, (context - extent, 0), value=1.0)
    elif extent > context:
        inputs, padding = inputs[:, -context:], padding[:, -(context + model.horizon_len) :]
    return (inputs, padding) if freq is None else (inputs, padding, freq.to(torch.int32).reshape(-1, 1))


def same_padding(extent: Any, stride: int, kernel: int) -> Any:
    """What a convolution's input of this extent lacks for an output of ceil(extent / stride), at every remainder."""
    lacking = (-(-extent // stride) - 1) * stride + kernel - extent
    return lacking if kernel >= stride else max(lacking, 0)


def merged_index(sizes: list[list[int]], height: int, width: int) -> torch.Tensor:
    """Rows of packed images [patch], so that those of each height x width block follow each other.

    sizes: rows and columns of each image, or frames, rows and columns.
    """
    found, start = [], 0
    for *frames, rows, columns in sizes:
        count = (frames or [1])[0]
        blocks = torch.arange(count * rows * columns).view(count, rows // height, height, columns // width, width)
        found.append(blocks.permute(0, 1, 3, 2, 4).reshape(-1) + start)
        start += count * rows * columns
    return torch.cat(found)


def merged_patches(original: Callable[..., Any]) -> Callable[..., Any]:
    """The merger of MiniCPM-V for all images at once: one list item holds the rows of all."""

    def forward(self: Any, hidden_states: torch.Tensor, target_sizes: torch.Tensor) -> list[torch.Tensor]:
        height, width = self.merge_kernel_size
        rows, sizes = hidden_states[0], target_sizes.tolist()
        for part in self.mlp[: self.merger_times]:
            rows = rows[merged_index(sizes, height, width)]
            rows = part(rows.reshape(-1, height * width * rows.shape[-1]))
            sizes = [[high // height, wide // width] for high, wide in sizes]
        return [rows]

    return forward


def keypoint_detection(original: Callable[..., Any]) -> Callable[..., Any]:
    """SuperPoint for a batch of images at once; their numbers of keypoints differ, the largest is that of the outputs."""

    def forward(
        self: Any, pixel_values: torch.Tensor, labels: Any = None, output_hidden_states: Any = None, return_dict: Any = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        wanted = (labels, output_hidden_states, None if return_dict else return_dict)
        if any(wanted) or self.config.output_hidden_states or return_dict is False:
            return original(self, pixel_values, labels, output_hidden_states, return_dict, **kwargs)
        pixels = self.extract_one_channel_pixel_values(pixel_values)
        hidden = self.encoder(pixels, output_hidden_states=False, return_dict=True)[0]
        detector, describe = self.keypoint_decoder, self.descriptor_decoder
        scores = detector._get_pixel_scores(hidden)
        rows, columns = scores.shape[1:]
        near, flat = detector.border_removal_distance, scores.flatten(1)
        row = torch.arange(rows, device=scores.device)[:, None]
        column = torch.arange(columns, device=scores.device)
        inside = (row >= near) & (row < 8 * rows - near) & (column >= near) & (column < 8 * columns - near)
        valid = ((scores > detector.keypoint_threshold) & inside).flatten(1)
        count = valid.sum(1)
        order = torch.argsort((~valid).long(), dim=1, stable=True)
        if detector.max_keypoints >= 0:  # by score where there are more, else in the order of the image
            best = flat.masked_fill(~valid, -math.inf).topk(detector.max_keypoints, dim=1).indices
            order = torch.where((count > detector.max_keypoints)[:, None], best, order[:, : detector.max_keypoints])
            count = count.clamp(max=detector.max_keypoints)
        most = count.max().item()
        torch._check(most > 0)  # without any all outputs are empty; nothing below depends on it
        torch._check(most <= order.shape[1])
        order = order[:, :most]
        there = torch.arange(most, device=scores.device) < count[:, None]
        points = torch.stack([order % columns, order // columns], dim=-1).to(scores.dtype)

        features = describe.conv_descriptor_b(describe.relu(describe.conv_descriptor_a(hidden)))
        features = torch.nn.functional.normalize(features, p=2, dim=1)
        extents = [torch.full((), 8 * size, dtype=points.dtype) for size in (features.shape[3], features.shape[2])]
        places = (points - 8 / 2 + 0.5) / (torch.stack(extents) - 8 / 2 - 0.5)
        sampled = torch.nn.functional.grid_sample(
            features, (places * 2 - 1)[:, None], mode="bilinear", align_corners=True
        )
        sampled = torch.nn.functional.normalize(sampled[:, :, 0], p=2, dim=1).transpose(1, 2)
        size = torch.stack([torch.full((), extent, dtype=points.dtype) for extent in (pixels.shape[3], pixels.shape[2])])
        output = sys.modules[type(self).__module__].SuperPointKeypointDescriptionOutput
        return output(
            keypoints=torch.where(there[..., None], points, 0.0) / size,
            scores=torch.where(there, flat.gather(1, order), 0.0),
            descriptors=torch.where(there[..., None], sampled, 0.0),
            mask=there.to(torch.int),
        )

    return forward


def classes_together(original: Callable[..., Any]) -> Callable[..., Any]:
    """OmDet's class embeddings, none from its cache."""

    def get_cached_class_embeddings(self: Any, classes_input_ids: Any, classes_attention_mask: Any) -> torch.Tensor:
        return self.language_backbone(classes_input_ids, encode_type="class")

    return get_cached_class_embeddings


def tasks_together(original: Callable[..., Any]) -> Callable[..., Any]:
    """OmDet's task embeddings and their masks, none from its cache."""

    def get_cached_task_embeddings(self: Any, tasks_input_ids: Any, tasks_attention_mask: Any) -> tuple:
        return self.language_backbone(tasks_input_ids, mask=tasks_attention_mask, encode_type="task")

    return get_cached_task_embeddings
