"""Random draws inside a model as explicit inputs.

`Draws` is a torch function mode. Recording, it lets the model draw and keeps every value; replaying, it hands out given
tensors in the same order instead. A program traced while replaying takes its draws as inputs. Draws with parameters
that are tensors are reduced to standard ones (normal: mean + std * z; Bernoulli: u < p), so that the program still
depends on the parameters.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_WHOLE = {
    torch.rand, torch.randn, torch.randint, torch.randperm, torch.rand_like, torch.randn_like, torch.randint_like,
    torch.multinomial, torch.Tensor.multinomial, torch.poisson,
}  # fmt: skip
_IN_PLACE = {
    torch.Tensor.uniform_, torch.Tensor.exponential_, torch.Tensor.random_, torch.Tensor.cauchy_, torch.Tensor.geometric_,
    torch.Tensor.log_normal_,
}  # fmt: skip
_RECURRENT = ("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu")


class Draws(TorchFunctionMode):
    """Records the draws made inside its `with` block, or replays `given` ones.

    `values` holds the recorded draws; replaying, `used` counts those handed out.
    """

    def __init__(self, given: list[torch.Tensor] | None = None):
        super().__init__()
        self.given = given
        self.values: list[torch.Tensor] = []
        self.used = 0

    def _draw(self, make: Any) -> torch.Tensor:
        if self.given is None:
            value = make()
            self.values.append(value.detach().clone())
            return value
        if self.used >= len(self.given):
            raise RuntimeError("the model draws more random tensors while traced than when it ran")
        self.used += 1
        return self.given[self.used - 1].clone()

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in _WHOLE:
            return self._draw(lambda: func(*args, **kwargs))
        if func in _IN_PLACE:
            return args[0].copy_(self._draw(lambda: func(torch.empty_like(args[0]), *args[1:], **kwargs)))
        if func is torch.normal:
            return self._normal(*args, **kwargs)
        if func is torch.Tensor.normal_:
            return self._fill_normal(*args, **kwargs)
        if func in (torch.bernoulli, torch.Tensor.bernoulli):
            like = args[0]
            chance = kwargs.get("p", args[1] if len(args) > 1 else like)  # one for all, or the values themselves
            return (self._draw(lambda: torch.rand_like(like)) < chance).to(like.dtype)
        if func is torch.Tensor.bernoulli_:
            return self._fill_bernoulli(*args, **kwargs)
        if func is torch.nn.functional.gumbel_softmax:
            return self._gumbel_softmax(*args, **kwargs)
        return func(*args, **kwargs)

    def _normal(self, mean: Any, std: Any = 1.0, size: Any = None, **options: Any) -> torch.Tensor:
        if size is None:
            shape = torch.broadcast_shapes(*(x.shape for x in (mean, std) if isinstance(x, torch.Tensor)))
            like = mean if isinstance(mean, torch.Tensor) else std
            return self._draw(lambda: torch.randn(shape, dtype=like.dtype, device=like.device)) * std + mean
        options = {key: value for key, value in options.items() if key in ("dtype", "device")}
        return self._draw(lambda: torch.randn(size, **options)) * std + mean

    def _fill_normal(self, out: torch.Tensor, mean: float = 0.0, std: float = 1.0, **_: Any) -> torch.Tensor:
        return out.copy_(self._draw(lambda: torch.randn_like(out)) * std + mean)

    def _fill_bernoulli(self, out: torch.Tensor, p: Any = 0.5, **_: Any) -> torch.Tensor:
        return out.copy_(self._draw(lambda: torch.rand(out.shape, device=out.device)) < p)

    def _gumbel_softmax(
        self, logits: torch.Tensor, tau: float = 1.0, hard: bool = False, eps: float = 1e-10, dim: int = -1
    ) -> torch.Tensor:
        gumbels = -self._draw(lambda: torch.empty_like(logits).exponential_()).log()
        soft = ((logits + gumbels) / tau).softmax(dim)
        if not hard:
            return soft
        index = soft.max(dim, keepdim=True)[1]
        return torch.zeros_like(logits).scatter_(dim, index, 1.0) - soft.detach() + soft


def random_ops(graph_module: torch.fx.GraphModule) -> list[str]:
    """Names of the ops in a graph that draw random numbers."""
    return sorted(
        {
            str(node.target)
            for module in graph_module.modules()
            if isinstance(module, torch.fx.GraphModule)
            for node in module.graph.nodes
            if isinstance(node.target, torch._ops.OpOverload)
            and torch.Tag.nondeterministic_seeded in node.target.tags
            and not _is_idle_dropout(node)
        }
    )


def _is_idle_dropout(node: torch.fx.Node) -> bool:
    """Whether a node can draw by its declaration and does not: dropout of probability 0 or outside training."""
    name = node.target._schema.name
    if name == "aten::dropout":
        return len(node.args) > 2 and (node.args[2] is False or node.args[1] == 0.0)
    if name == "aten::scaled_dot_product_attention":
        dropout = node.args[4] if len(node.args) > 4 else node.kwargs.get("dropout_p", 0.0)
        return dropout == 0.0
    if name in _RECURRENT and node.target._overloadname == "input":  # (input, state, weights, biases, layers, dropout, train
        return len(node.args) > 6 and (node.args[6] is False or node.args[5] == 0.0)
    return False
