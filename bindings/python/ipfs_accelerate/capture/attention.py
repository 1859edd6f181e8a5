"""Decoders with their attention as one operator, so that a runtime can keep keys and values between calls.

While `attention_form(model)` is entered, the model's attention, through transformers' `AttentionInterface`, is the operator
`ipfs_accelerate::attention`, and its masks, through `AttentionMaskInterface`, are read as rules over positions: causal, a
sliding window, chunks, padding. The model takes `position_ids` in any case; positions that `attention_mask` excludes are -1
for the operator, and no query sees them. A mask that is no such rule stays a tensor, and its layer keeps no state.

`step_by_step` runs a program in several calls with states carried, as a runtime does.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask, sdpa_mask

NAME = "ipfs_accelerate"
PADDING = -1


@dataclasses.dataclass
class States:
    """Keys [B,K,S,D], values [B,K,S,Dv] and positions [B,S] of the calls so far, by the name of the state."""

    kept: dict[str, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = dataclasses.field(default_factory=dict)

    def extended(
        self, name: str, key: torch.Tensor, value: torch.Tensor, positions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The kept ones with those of this call behind them, which are kept from now on."""
        if name in self.kept:
            old_key, old_value, old_positions = self.kept[name]
            key, value = torch.cat([old_key, key], 2), torch.cat([old_value, value], 2)
            positions = torch.cat([old_positions, positions], 1)
        self.kept[name] = (key, value, positions)
        return self.kept[name]


_states: contextvars.ContextVar[States | None] = contextvars.ContextVar("states", default=None)


@torch.library.custom_op("ipfs_accelerate::attention", mutates_args=())
def attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_positions: torch.Tensor,
    key_positions: torch.Tensor,
    mask: torch.Tensor | None,
    sinks: torch.Tensor | None,
    slopes: torch.Tensor | None,
    relative: torch.Tensor | None,
    prefix: torch.Tensor | None,
    state: str,
    kind: str,
    scale: float,
    softcap: float,
    causal: bool,
    window: int,
    chunk: int,
    max_distance: int,
) -> torch.Tensor:
    """softmax(softcap(q k^T * scale) + bias) v over the keys whose positions the query sees.

    query [B,H,T,D], key [B,K,S,D], value [B,K,S,Dv], query_positions [B,T], key_positions [B,S] (negative: padding) ->
    [B,H,T,Dv]. mask broadcasts to [B,H,T,S]: bool, or float to be added; sinks [H]: scores of a key without value;
    slopes [H]: times the distance of the key; relative [buckets,H]: biases of T5's buckets of distances; prefix [B]: keys
    below are seen by all. window 0, chunk 0, softcap 0: off. With a state, the keys and values of earlier calls come
    before those given (`step_by_step`).
    """
    states = _states.get()
    if states is not None and state and kind == "paged":
        key, value, key_positions = states.extended(state, key, value, key_positions)
    repeats = query.shape[1] // key.shape[1]
    wide = torch.promote_types(query.dtype, torch.float32)
    keys, values = (x.to(wide).repeat_interleave(repeats, 1) for x in (key, value))
    scores = query.to(wide) @ keys.transpose(2, 3) * scale
    if softcap:
        scores = softcap * torch.tanh(scores / softcap)
    q, k = query_positions[:, None, :, None], key_positions[:, None, None, :]
    seen = torch.ones_like(k <= q)
    if causal:
        seen = seen & (k <= q)
    if window:
        seen = seen & (k > q - window if causal else (k - q).abs() <= window)
    if chunk:
        seen = seen & (k // chunk == q // chunk) & (q >= 0)
    if prefix is not None:
        seen = seen | ((k < prefix[:, None, None, None]) & (q >= 0))
    seen = seen & (k >= 0)
    if mask is not None and mask.dtype == torch.bool:
        seen = seen & mask
    elif mask is not None:
        scores = scores + mask
    if slopes is not None:
        scores = scores + slopes.to(wide)[None, :, None, None] * (k - q)
    if relative is not None:
        buckets = relative_buckets((q - k)[:, 0], relative.shape[0], max_distance, causal)
        scores = scores + relative.to(wide)[buckets].movedim(-1, 1)
    scores = scores.masked_fill(~seen, float("-inf"))
    if sinks is not None:
        column = sinks.to(wide)[None, :, None, None].expand(*scores.shape[:3], 1)
        weights = torch.softmax(torch.cat([scores, column], -1), -1)[..., :-1]
    else:
        weights = torch.softmax(scores, -1).nan_to_num(0.0)
    return (weights @ values).to(query.dtype)


@attention.register_fake
def _(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *_: Any) -> torch.Tensor:
    return query.new_empty((*query.shape[:3], value.shape[-1]))


def relative_buckets(distance: torch.Tensor, buckets: int, max_distance: int, causal: bool) -> torch.Tensor:
    """T5's bucket of each distance (query position - key position)."""
    base = torch.zeros_like(distance)
    if causal:
        distance = distance.clamp(min=0)
    else:
        buckets //= 2
        base = torch.where(distance < 0, buckets, 0)
        distance = distance.abs()
    exact = buckets // 2
    far = torch.log(distance.float().clamp(min=1) / exact) / torch.log(torch.tensor(max_distance / exact))
    large = (exact + (far * (buckets - exact)).long()).clamp(max=buckets - 1)
    return base + torch.where(distance < exact, distance, large)


@dataclasses.dataclass(frozen=True)
class Rule:
    """A mask as a rule over positions; padding: bool [B,S], the keys that are no padding."""

    causal: bool = False
    window: int = 0
    chunk: int = 0
    padding: torch.Tensor | None = None

    def both(self, other: Rule) -> Rule | None:
        """What both allow; None if that is no rule of this kind."""
        if self.window and other.window and self.window != other.window:
            return None
        if self.padding is not None and other.padding is not None:
            return None
        return Rule(
            self.causal or other.causal,
            self.window or other.window,
            self.chunk or other.chunk,
            self.padding if self.padding is not None else other.padding,
        )


def rule_of(function: Callable[..., Any]) -> Rule | None:
    """The rule that one of transformers' mask functions computes; None if it computes something else."""
    name = function.__qualname__
    cells = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
    if function.__module__ != "transformers.masking_utils":
        return None
    if name == "causal_mask_function":
        return Rule(causal=True)
    if name == "bidirectional_mask_function":
        return Rule()
    if name.startswith("sliding_window_overlay."):
        # by itself it looks ahead without bound; it is used together with the causal rule
        return Rule(causal=True, window=int(cells["sliding_window"]))
    if name.startswith("sliding_window_bidirectional_overlay."):
        return Rule(window=int(cells["sliding_window"]))
    if name.startswith("chunked_overlay."):
        return Rule(chunk=int(cells["chunk_size"]))
    if name.startswith("padding_mask_function."):
        return Rule(padding=cells["padding_mask"])
    if name.startswith("and_masks."):
        found: Rule | None = Rule()
        for part in cells["mask_functions"]:
            other = rule_of(part)
            found = found.both(other) if found is not None and other is not None else None
        return found
    return None


class Form:
    """What is known while a model is traced in this form: positions of the call, rules of its masks, names of states."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.names = {id(module): name for name, module in model.named_modules()}
        self.position_ids: torch.Tensor | None = None
        self.positions: torch.Tensor | None = None
        self.length: Any = None
        self.rules: dict[int, Rule | None] = {}
        self.relatives: dict[int, tuple[torch.Tensor, int]] = {}
        self.alive: list[torch.Tensor] = []
        self.calls: dict[str, int] = {}
        self.stateless: list[str] = []
        self.stateful: list[str] = []

    def begin(self, position_ids: torch.Tensor, attention_mask: torch.Tensor | None) -> None:
        """A call with these positions [B,T] begins."""
        self.position_ids = self.positions = position_ids
        if attention_mask is not None:
            self.positions = torch.where(attention_mask.to(torch.bool), position_ids, PADDING)
        self.length = position_ids.shape[1]
        self.rules.clear()
        self.relatives.clear()
        self.alive.clear()
        self.calls.clear()
        self.stateless, self.stateful = [], []

    def check(self) -> None:
        """Errors: ValueError if what was traced could not be run step by step."""
        if self.stateless:
            raise ValueError(f"masks that are no rule over positions, in {', '.join(sorted(set(self.stateless))[:3])}")
        if not self.stateful:
            raise ValueError("no attention of the model goes through transformers' attention interface")

    def name_of(self, module: torch.nn.Module) -> str:
        """The state of a module: its path; a second call of it in one pass has another state."""
        path = self.names.get(id(module)) or "attention"
        count = self.calls[path] = self.calls.get(path, 0) + 1
        return path if count == 1 else f"{path}.call{count}"


_form: contextvars.ContextVar[Form | None] = contextvars.ContextVar("form", default=None)


def mask_interface(**kwargs: Any) -> torch.Tensor | None:
    """transformers' mask, remembered with the rule that it follows."""
    form = _form.get()
    kwargs["allow_is_causal_skip"] = False
    kwargs.pop("dtype", None)
    mask = sdpa_mask(**kwargs)
    if mask is None or form is None:
        return mask
    rule = rule_of(kwargs["mask_function"])
    padding = kwargs.get("attention_mask")
    if rule is not None and padding is not None:
        rule = rule.both(Rule(padding=padding))
    form.rules[id(mask)] = rule
    form.alive.append(mask)
    return mask


def attention_interface(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    position_bias: torch.Tensor | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """An attention function of transformers: query [B,H,T,D], key and value [B,K,S,D] -> [B,T,H,D]."""
    form = _form.get()
    rule = form.rules.get(id(attention_mask)) if form is not None and attention_mask is not None else None
    own = form is not None and same_size(key.shape[2], form.length) and same_size(query.shape[2], form.length)
    extras = {"sinks": s_aux, "softcap": softcap}
    relative = form.relatives.get(id(position_bias)) if form is not None and position_bias is not None else None
    if rule is not None and rule.causal and own and (position_bias is None or relative is not None):
        out = positioned(form, module, query, key, value, rule, scaling, relative=relative, **extras)
    elif form is not None and is_cross(module, query, key, form, attention_mask, rule) and position_bias is None:
        out = crossed(form, module, query, key, value, rule or Rule(), scaling, **extras)
    elif s_aux is not None or softcap:
        out = whole(form, module, query, key, value, attention_mask, scaling, **extras)
    else:
        if form is not None and is_causal_self(module, own):
            form.stateless.append(form.name_of(module))
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, 0.0, scaling, is_causal=False, position_bias=position_bias
        )
    return out.transpose(1, 2).contiguous(), None


def is_cross(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    form: Form,
    mask: torch.Tensor | None,
    rule: Rule | None,
) -> bool:
    """Whether a decoder attends to the states of an encoder, all of them or those that are no padding."""
    other = same_size(query.shape[2], form.length) and not same_size(key.shape[2], form.length)
    plain = mask is None or (rule is not None and not rule.causal and not rule.window and not rule.chunk)
    return other and plain and getattr(module, "layer_idx", None) is not None


def is_causal_self(module: torch.nn.Module, own: bool) -> bool:
    """Whether a module that keeps no state would need one: a decoder's attention to its own sequence."""
    cross = getattr(module, "is_cross_attention", False)
    return own and not cross and getattr(module, "layer_idx", None) is not None and getattr(module, "is_causal", True)


def same_size(a: Any, b: Any) -> bool:
    """Whether two sizes are the same integer or the same symbol; adds no guard."""
    if isinstance(a, torch.SymInt) or isinstance(b, torch.SymInt):
        return isinstance(a, torch.SymInt) and isinstance(b, torch.SymInt) and a.node.expr == b.node.expr
    return a == b


def positioned(
    form: Form,
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    rule: Rule,
    scaling: float | None,
    sinks: torch.Tensor | None = None,
    softcap: float | None = None,
    slopes: torch.Tensor | None = None,
    relative: tuple[torch.Tensor, int] | None = None,
) -> torch.Tensor:
    """Attention to the own sequence, with a state: [B,H,T,Dv]. relative: (table [buckets,H], largest distance)."""
    name = form.name_of(module)
    form.stateful.append(name)
    table, max_distance = relative or (None, 128)
    scale = float(scaling) if scaling is not None else query.shape[-1] ** -0.5
    return attention(
        query, key, value, form.position_ids, form.positions, None, sinks, slopes, table, None, name, "paged",
        scale, float(softcap or 0.0), rule.causal, rule.window, rule.chunk, max_distance,
    )  # fmt: skip


def crossed(
    form: Form,
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    rule: Rule,
    scaling: float | None,
    sinks: torch.Tensor | None = None,
    softcap: float | None = None,
) -> torch.Tensor:
    """Attention to the states of an encoder, whose keys and values are the same in every call: [B,H,T,Dv]."""
    places = torch.arange(key.shape[2], device=key.device)[None].expand(key.shape[0], -1)
    if rule.padding is not None:
        places = torch.where(rule.padding, places, PADDING)
    scale = float(scaling) if scaling is not None else query.shape[-1] ** -0.5
    return attention(
        query, key, value, form.position_ids, places, None, sinks, None, None, None, form.name_of(module), "cross",
        scale, float(softcap or 0.0), False, 0, 0, 128,
    )  # fmt: skip


def whole(
    form: Form | None,
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
    sinks: torch.Tensor | None = None,
    softcap: float | None = None,
) -> torch.Tensor:
    """Attention under a mask that is a tensor, without a state: [B,H,T,Dv]."""
    if form is not None:
        form.stateless.append(form.name_of(module))
    batch = query.shape[0]
    places = [torch.arange(x.shape[2], device=x.device)[None].expand(batch, -1) for x in (query, key)]
    scale = float(scaling) if scaling is not None else query.shape[-1] ** -0.5
    return attention(
        query, key, value, *places, mask, sinks, None, None, None, "", "paged",
        scale, float(softcap or 0.0), False, 0, 0, 128,
    )  # fmt: skip


AttentionInterface.register(NAME, attention_interface)
AttentionMaskInterface.register(NAME, mask_interface)


@contextlib.contextmanager
def attention_form(model: torch.nn.Module, prefix: str = "") -> Iterator[Form]:
    """Puts the form in force for `model`, whose forward also takes `position_ids` [B,T], and takes it back.

    prefix: of the names of the decoder's inputs, "decoder_" in a model with an encoder.
    """
    from .decoders import patched_decoders
    from .exporter import configs_of

    form = Form(model)
    original, own = model.forward, model.__dict__.get("forward")
    positions = f"{prefix}position_ids"
    takes = positions in inspect.signature(type(model).forward).parameters

    def forward(**inputs: Any) -> Any:
        for name in ("input_ids", "inputs_embeds", "attention_mask"):
            given = inputs.get(f"{prefix}{name}")
            for axis in (0, 1) if given is not None else ():
                torch._check(given.shape[axis] == inputs[positions].shape[axis])  # one symbol for each of them
        form.begin(inputs[positions], inputs.get(f"{prefix}attention_mask"))
        if not takes:
            inputs.pop(positions)
        return original(**inputs)

    saved = [(config, config._attn_implementation_internal) for config in configs_of(model)
             if hasattr(config, "_attn_implementation_internal")]  # fmt: skip
    token = _form.set(form)
    model.forward = forward
    for config, _ in saved:
        config._attn_implementation_internal = NAME
    try:
        with patched_decoders(model, form, not takes):
            yield form
    finally:
        for config, value in saved:
            config._attn_implementation_internal = value
        model.__dict__.pop("forward", None)
        if own is not None:
            model.forward = own
        _form.reset(token)


@contextlib.contextmanager
def carried(states: States) -> Iterator[States]:
    """While entered, calls of the operator that have a state read and extend `states`."""
    token = _states.set(states)
    try:
        yield states
    finally:
        _states.reset(token)
