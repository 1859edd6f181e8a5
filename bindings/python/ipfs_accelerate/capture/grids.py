"""Tables made of the layout of images, each computed as one step, and models of packed images restated with them.

A function marked `table` takes layout tensors and Python values alone. Where `hoist.Hoist` knows the layout, it is computed
for real, and its result is an input of the program; where not, its Python runs as it always did.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch


def table(function: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a function whose tensor arguments are layouts: function modes see one call of it, not what it does."""

    @functools.wraps(function)
    def marked(*arguments: Any) -> Any:
        tensors = tuple(value for value in arguments if isinstance(value, torch.Tensor))
        if torch.overrides.has_torch_function(tensors):
            return torch.overrides.handle_torch_function(marked, tensors, *arguments)
        return function(*arguments)

    return marked


def _axis(edge: int, size: int, mode: str, antialias: bool) -> torch.Tensor:
    """[size, edge]: the weights with which `interpolate` makes `size` values of `edge`."""
    basis = torch.eye(edge)[None, :, :, None].repeat(1, 1, 1, 4)
    found = torch.nn.functional.interpolate(basis, size=(size, 4), mode=mode, align_corners=False, antialias=antialias)
    return found[0, :, :, 0].T


def _taps(weights: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Places and values [size, count] of the largest weights of each row."""
    places = weights.abs().topk(min(count, weights.shape[1]), dim=1).indices
    return places, weights.gather(1, places)


@table
def resized(grid_thw: torch.Tensor, edge: int, mode: str, antialias: bool, merge: int) -> tuple[torch.Tensor, torch.Tensor]:
    """How a square table of `edge`² rows is resized to the patches of images: places [patch, tap] and weights [patch, tap].

    grid_thw [image, 3]: frames, rows, columns. merge: patches come in blocks of merge x merge; 1 for row by row.
    """
    images = [(t, _axis(edge, h, mode, antialias), _axis(edge, w, mode, antialias)) for t, h, w in grid_thw.tolist()]
    count = max(int((axis != 0).sum(1).max()) for _, *axes in images for axis in axes)
    places, weights = [], []
    for frames, rows, columns in images:
        (row, row_weight), (column, column_weight) = _taps(rows, count), _taps(columns, count)
        place = (row[:, None, :, None] * edge + column[None, :, None, :]).flatten(2)
        weight = (row_weight[:, None, :, None] * column_weight[None, :, None, :]).flatten(2)
        for values, found in ((place, places), (weight, weights)):
            height, width, taps = values.shape
            blocks = values.reshape(height // merge, merge, width // merge, merge, taps).transpose(1, 2)
            found.append(blocks.reshape(height * width, taps).repeat(frames, 1))
    return torch.cat(places), torch.cat(weights)


def interpolated(
    rows: torch.Tensor, grid_thw: torch.Tensor, edge: int, mode: str, antialias: bool = False, merge: int = 1
) -> torch.Tensor:
    """The square table `rows` [edge², width], resized by `torch.nn.functional.interpolate`: [patch, width]."""
    places, weights = resized(grid_thw, edge, mode, antialias, merge)
    return (rows.float()[places] * weights[..., None]).sum(1)


@table
def cells(grid: torch.Tensor, merge: int) -> torch.Tensor:
    """[cell, merge²]: the patches of each block of merge x merge, of images of `grid` [image, 2] rows and columns."""
    found, first = [], 0
    for rows, columns in grid.tolist():
        places = first + torch.arange(rows * columns).reshape(rows, columns)
        places = places[: rows // merge * merge, : columns // merge * merge]
        blocks = places.reshape(rows // merge, merge, columns // merge, merge).transpose(1, 2)
        found.append(blocks.reshape(-1, merge * merge))
        first += rows * columns
    return torch.cat(found)


@table
def lines(grid: torch.Tensor, merge: int) -> torch.Tensor:
    """[token]: the cells of images of `grid` [image, 2] in lines, with a break after each, between a begin and an end.

    These three are the numbers that follow the last cell.
    """
    sizes = [(rows // merge, columns // merge) for rows, columns in grid.tolist()]
    total = sum(rows * columns for rows, columns in sizes)
    found, first = [], 0
    for rows, columns in sizes:
        places = first + torch.arange(rows * columns).reshape(rows, columns)
        places = torch.nn.functional.pad(places, (0, 1), value=total).flatten()
        begin, end = torch.tensor([total + 1]), torch.tensor([total + 2])
        found.append(torch.cat([begin, places, end]))
        first += rows * columns
    return torch.cat(found)


def hunyuan_merged(merger: Any, hidden_states: torch.Tensor, grid_thw: torch.Tensor) -> torch.Tensor:
    """`HunYuanVLVisionPatchMerger` of all images at once: [1, patch, width] -> [1, token, text width]."""
    merge, grid = merger.spatial_merge_size, grid_thw[:, 1:]
    linear = torch.nn.functional.linear
    patches = merger.before_rms(hidden_states)[0]
    blocks = patches[cells(grid, merge)].flatten(1)
    kernel = merger.proj_conv.weight.permute(0, 2, 3, 1).flatten(1)
    found = merger.proj_act(linear(blocks, kernel, merger.proj_conv.bias))
    found = linear(found, merger.proj_out.weight[:, :, 0, 0], merger.proj_out.bias)
    found = merger.mlp(torch.cat([found, merger.image_newline[None].to(found.dtype)]))
    edges = torch.stack([merger.image_begin, merger.image_end]).to(found.dtype)
    return merger.after_rms(torch.cat([found, edges])[lines(grid, merge)][None])


@table
def _places_of(image_sizes: torch.Tensor, patch: int) -> torch.Tensor:
    found = []
    for image, (height, width) in enumerate(image_sizes.tolist()):
        axes = (torch.tensor([image]), torch.arange(height // patch), torch.arange(width // patch))
        found.append(torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3))
    return torch.cat(found)


def patch_places(patch_embeds: torch.Tensor, image_sizes: Any, patch: int) -> torch.Tensor:
    """[patch, 3]: image, row and column of each patch of images [image, width, row, column] of these sizes, or whole."""
    if image_sizes is not None:
        return _places_of(torch.as_tensor(image_sizes), patch)
    axes = (torch.arange(patch_embeds.shape[axis], device=patch_embeds.device) for axis in (0, 2, 3))
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)


def same_image(places: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """[1, 1, patch, patch]: 0 between patches of one image, the least number elsewhere."""
    apart = places[:, None, 0] != places[None, :, 0]
    return torch.zeros((), dtype=like.dtype).masked_fill(apart, torch.finfo(like.dtype).min)[None, None]


def merged_patches(merger: Any, image_features: torch.Tensor, image_sizes: torch.Tensor) -> torch.Tensor:
    """Patch mergers of Mistral 3, Mistral Large 4 and LightOnOCR, all images at once: [patch, width] -> [cell, width]."""
    rows = cells(torch.as_tensor(image_sizes) // merger.patch_size, merger.spatial_merge_size)
    return merger.merging_layer(image_features[rows].transpose(1, 2).flatten(1))


@table
def valid_rows(grid_thw: torch.Tensor) -> torch.Tensor:
    """[patch, 2]: image and row of each patch that is no padding, of images padded to one number of patches."""
    sizes = [height * width for _, height, width in grid_thw.tolist()]
    return torch.tensor([(image, row) for image, count in enumerate(sizes) for row in range(count)])


@table
def tiles(image_sizes: torch.Tensor, counts: list[int]) -> torch.Tensor:
    """[tile, 2]: image and number of each tile of images with so many tiles each."""
    return torch.tensor([(image, tile) for image, count in enumerate(counts) for tile in range(count)])


@table
def _packing(image_sizes: torch.Tensor, counts: list[int], rows: int, pack: Callable[..., Any]) -> torch.Tensor:
    """[token]: what `pack` takes of the tiles' rows, one after the other; the number of rows stands for a line's end.

    Errors: ValueError where it computes values, not only places them.
    """
    places = torch.arange(sum(counts) * rows, dtype=torch.float64).reshape(-1, rows, 1)
    found = pack(list(torch.split(places, counts)), image_sizes, image_newline=torch.tensor([-1.0], dtype=torch.float64))
    found = torch.cat(found[0] if isinstance(found, tuple) else found)[:, 0]
    if not torch.equal(found, found.round()):
        raise ValueError("features of an image are resized, not only placed")
    return torch.where(found < 0, places.numel(), found).long()


def packed(
    features: torch.Tensor, image_sizes: torch.Tensor, counts: list[int], newline: torch.Tensor, pack: Callable[..., Any]
) -> list[torch.Tensor]:
    """The features [tile, row, width] of all images, packed by the model's own `pack`: one part [token, width]."""
    rows = torch.cat([features.flatten(0, 1), newline[None].to(features.dtype)])
    return [rows[_packing(image_sizes, counts, int(features.shape[1]), pack)]]


@table
def line_places(image_sizes: torch.Tensor, factor: int) -> torch.Tensor:
    """[token, 4]: image, row, column of each code of images, and 1 for a line's end after each row (at its last column)."""
    found = []
    for image, (height, width) in enumerate(image_sizes.tolist()):
        rows, columns = height // factor, width // factor
        axes = (torch.tensor([image]), torch.arange(rows), torch.arange(columns + 1))
        places = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
        ends = (places[:, 2] == columns).long()
        places[:, 2] -= ends
        found.append(torch.cat([places, ends[:, None]], 1))
    return torch.cat(found)


@table
def neighbours(grid_thw: torch.Tensor, merge: int, size: int) -> torch.Tensor:
    """[patch, size²]: the patches around each one in its frame, the number of all patches where there is none.

    Patches come in blocks of merge x merge; the frames of `grid_thw` [image, 3] have whole blocks. size is odd.
    """
    found, first, total, half = [], 0, int(grid_thw.prod(-1).sum()), size // 2
    for frames, rows, columns in grid_thw.tolist():
        count = frames * rows * columns
        blocks = torch.arange(first, first + count).reshape(frames, rows // merge, columns // merge, merge, merge)
        raster = blocks.transpose(2, 3).reshape(frames, rows, columns)
        padded = torch.nn.functional.pad(raster, (half,) * 4, value=total)
        around = padded.unfold(1, size, 1).unfold(2, size, 1).flatten(3)
        order = around.reshape(frames, rows // merge, merge, columns // merge, merge, size * size).transpose(2, 3)
        found.append(order.reshape(count, size * size))
        first += count
    return torch.cat(found)


def depthwise(conv: torch.nn.Module, patches: torch.Tensor, around: torch.Tensor) -> torch.Tensor:
    """A depthwise convolution of packed frames [patch, width], by the `neighbours` of each patch."""
    padded = torch.nn.functional.pad(patches, (0, 0, 0, 1))
    return (padded[around] * conv.weight.flatten(1).T).sum(1)


def _shapes(spatial_shapes: torch.Tensor) -> torch.Tensor:
    """Rows and columns [image, 2] as frames, rows and columns [image, 3]."""
    return torch.nn.functional.pad(spatial_shapes, (1, 0), value=1)


def padded_positions(rows: torch.Tensor, spatial_shapes: torch.Tensor, edge: int, length: Any) -> torch.Tensor:
    """The square table `rows` [edge², width] resized to each image, [image, length, width]; beyond it, its first row."""
    packed = interpolated(rows, _shapes(spatial_shapes), edge, "bilinear", True).to(rows.dtype)
    counts = spatial_shapes.prod(-1)
    first = counts.cumsum(0) - counts
    places = torch.arange(length, device=rows.device)[None, :]
    return packed[first[:, None] + places * (places < counts[:, None])]


def unshuffled(projector: Any, states: torch.Tensor, spatial_shapes: torch.Tensor) -> torch.Tensor:
    """`Lfm2VlMultiModalProjector` of all images [image, patch, width], without their padding, at once: [cell, width]."""
    places = valid_rows(_shapes(spatial_shapes))
    patches = states[places[:, 0], places[:, 1]]
    found = patches[cells(spatial_shapes, projector.factor)].flatten(1)
    if projector.use_layer_norm:
        found = projector.layer_norm(found)
    return projector.linear_2(projector.act(projector.linear_1(found)))
