"""Random values for every parameter and statistic of a model, such that activations have a spread of order one.

Fresh weights hide binding errors: biases are zero, gains are one, statistics are neutral. What a class initialises with
structure (decay rates, temperatures) keeps it and is perturbed.
"""

from __future__ import annotations

import math

import torch


def randomize(model: torch.nn.Module, seed: int, gain: float = 1.0) -> None:
    """Fills the parameters and normalisation statistics of `model` in place.

    `gain` multiplies the spread of matrices and biases; less than one tames stacks that amplify.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        seen: set[int] = set()
        for module in model.modules():
            for name, value in module.named_parameters(recurse=False):
                if id(value) not in seen and value.is_floating_point() and value.numel():
                    seen.add(id(value))
                    value.copy_(_parameter(module, name, value, generator, gain))
            for name, value in module.named_buffers(recurse=False):
                if id(value) not in seen and value is not None and value.is_floating_point() and value.numel():
                    seen.add(id(value))
                    _statistic(module, name, value, generator)


def _normal(shape: torch.Size, generator: torch.Generator, std: float, mean: float = 0.0) -> torch.Tensor:
    return torch.randn(shape, generator=generator) * std + mean


def _parameter(
    module: torch.nn.Module, name: str, value: torch.Tensor, generator: torch.Generator, gain: float
) -> torch.Tensor:
    kind = type(module).__name__
    fresh = value.float()
    fresh = torch.where(torch.isfinite(fresh), fresh, torch.zeros_like(fresh))
    noise = _normal(value.shape, generator, 1.0)
    if isinstance(module, torch.nn.Embedding):
        return noise * gain
    if "Norm" in kind and name in ("weight", "gamma", "scale") and value.dim() <= 1:
        return fresh.mean() + 0.3 * noise
    if value.dim() >= 2:
        transposed = isinstance(
            module, (torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d)
        )
        if transposed:
            fan_in = value.shape[0] * math.prod(value.shape[2:]) / math.prod(module.stride)
        elif kind == "Conv1D" or (value.dim() == 3 and not isinstance(module, torch.nn.Conv1d)):
            # [in, out] of GPT-2's Conv1D; stacks of matrices [experts, in, out] or [experts, out, in]
            fan_in = value.shape[0] if value.dim() == 2 else math.sqrt(value.shape[1] * value.shape[2])
        else:
            fan_in = math.prod(value.shape[1:])
        spread = 1.3 * gain / math.sqrt(max(1.0, fan_in))
        return noise * max(spread, 0.02)
    if bool((fresh == 0).all()):
        return noise * 0.5 * gain
    # One-dimensional with values of its own: decay rates, temperatures, layer scales, biases that a class sets.
    spread = float(fresh.std()) if value.numel() > 1 else 0.0
    if name.endswith("bias") and float(fresh.abs().max()) < 0.5:
        return noise * 0.5 * gain
    return fresh * (1 + 0.1 * noise) + 0.05 * spread * noise + (0.2 * noise.abs() if float(fresh.abs().max()) < 0.1 else 0)


def _statistic(module: torch.nn.Module, name: str, value: torch.Tensor, generator: torch.Generator) -> None:
    """Running statistics, and the buffers that serve as gain and bias of a frozen batch normalisation."""
    if name == "running_mean":
        value.copy_(_normal(value.shape, generator, 0.5))
    elif name == "running_var":
        value.copy_(torch.rand(value.shape, generator=generator) * 1.5 + 0.5)
    elif "BatchNorm" in type(module).__name__ and name == "weight":
        value.copy_(_normal(value.shape, generator, 0.3, 1.0))
    elif "BatchNorm" in type(module).__name__ and name == "bias":
        value.copy_(_normal(value.shape, generator, 0.5))
