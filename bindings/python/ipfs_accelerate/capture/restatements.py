"""Lines of transformers' modelling code that decide by data, or fix a size, and lines that compute the same without.

`EDITS` maps (module, path of the function) to (old lines, new lines); `restate` says how they are applied. `HELPERS` are
names that new lines may use. `FORWARDS` maps a class to a maker of its forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers.integrations.moe import grouped_mm_experts_forward

from .windowed import longformer_attention, without_padding


def dbrx_experts(original: Callable[..., Any]) -> Callable[..., Any]:
    """Experts of Dbrx: tokens grouped by expert, as transformers does for other mixtures."""

    def forward(self: Any, hidden_states: Any, top_k_index: Any, top_k_weights: Any) -> Any:
        shape = hidden_states.shape
        each = (self.num_experts, self.ffn_hidden_size, self.hidden_size)
        experts = torch.nn.Module()
        experts.num_experts, experts.has_gate, experts.has_bias = self.num_experts, True, False
        experts.is_transposed, experts._is_expert_parallel = False, False
        experts.gate_up_proj = torch.cat([self.mlp.w1.view(each), self.mlp.v1.view(each)], 1)
        experts.down_proj = self.mlp.w2.view(each).transpose(1, 2)
        width = self.ffn_hidden_size
        experts._apply_gate = lambda both: self.mlp.activation_fn(both[..., :width]) * both[..., width:]
        flat = hidden_states.reshape(-1, self.hidden_size)
        return grouped_mm_experts_forward(experts, flat, top_k_index, top_k_weights).view(shape)

    return forward


def longcat_experts(original: Callable[..., Any]) -> Callable[..., Any]:
    """Experts of LongCat: the zero experts return their input, the others run grouped."""

    def forward(self: Any, hidden_states: Any, top_k_index: Any, top_k_weights: Any) -> Any:
        zero = top_k_index >= self.num_routed_experts
        passed = hidden_states * (top_k_weights * zero).sum(-1, keepdim=True).to(hidden_states.dtype)
        if self.gate_up_proj is None:
            return passed
        experts = torch.nn.Module()
        experts.num_experts, experts.has_gate, experts.has_bias = self.num_routed_experts, True, False
        experts.is_transposed, experts._is_expert_parallel = False, False
        experts.gate_up_proj = self.gate_up_proj[: self.num_routed_experts]
        experts.down_proj = self.down_proj

        def gated(both: torch.Tensor) -> torch.Tensor:
            gate, up = both.chunk(2, dim=-1)
            return self.act_fn(gate) * up

        experts._apply_gate = gated
        index = top_k_index.masked_fill(zero, 0)
        weights = top_k_weights.masked_fill(zero, 0.0)
        return passed + grouped_mm_experts_forward(experts, hidden_states, index, weights).to(passed.dtype)

    return forward


FORWARDS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "DbrxExperts": dbrx_experts,
    "LEDEncoderSelfAttention": longformer_attention,
    "LongcatFlashExperts": longcat_experts,
    "LongformerSelfAttention": longformer_attention,
}

METHODS: dict[tuple[str, str, str], Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    ("modeling_led", "LEDEncoder", "_pad_to_window_size"): without_padding,
    ("modeling_longformer", "LongformerModel", "_pad_to_window_size"): without_padding,
}


def same_size_extra(conv: torch.nn.Module, extent: Any) -> Any:
    """What a convolution's input of this extent lacks to whole strides."""
    stride = conv.stride[0]
    return -(-extent // stride) * stride - extent


HELPERS: dict[str, Any] = {"_same_size_extra": same_size_extra}

_GLOBAL = (
    ("is_global_attn = is_index_global_attn.flatten().any().item()", "is_global_attn = True"),
)

EDITS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("modeling_cpmant", "CpmAntModel._prepare_attention_mask"): ((
        "torch.tensor(list(range(seqlen - self.prompt_length))[::-1], device=device)[None, :].repeat(batch, 1)",
        "torch.arange(seqlen - self.prompt_length, device=device).flip(0)[None, :].repeat(batch, 1)",
    ),),
    ("modeling_csm", "CsmCodebooksHead.forward"): ((
        """
        hidden_states = [
            nn.functional.linear(hidden_states[:, codebook_idx, :], codebook_weight[codebook_idx].T)
            for codebook_idx in range(codebook_weight.shape[0])
        ]
        hidden_states = torch.stack(hidden_states, dim=1)
        """,
        "hidden_states = torch.matmul(hidden_states.transpose(0, 1), codebook_weight).transpose(0, 1)",
    ),),
    ("modeling_encodec", "EncodecConv1d._get_extra_padding_for_conv1d"): ((
        """
        length = hidden_states.shape[-1]
        n_frames = (length - self.kernel_size + self.padding_total) / self.stride + 1
        n_frames = torch.ceil(n_frames).to(torch.int64) - 1
        ideal_length = n_frames * self.stride + self.kernel_size - self.padding_total

        return ideal_length - length
        """,
        "return _same_size_extra(self.conv, hidden_states.shape[-1])",
    ),),
    ("modeling_encodec", "EncodecConv1d.forward"): ((
        "extra_padding = self._get_extra_padding_for_conv1d(hidden_states)",
        """
        extra_padding = self._get_extra_padding_for_conv1d(hidden_states)
        padding_total = (self.conv.kernel_size[0] - 1) * self.conv.dilation[0] + 1 - self.conv.stride[0]
        """,
    ), (
        "hidden_states = self._pad1d(hidden_states, (self.padding_total, extra_padding), mode=self.pad_mode)",
        "hidden_states = self._pad1d(hidden_states, (padding_total, extra_padding), mode=self.pad_mode)",
    ), (
        """
        padding_right = self.padding_total // 2
        padding_left = self.padding_total - padding_right
        """,
        """
        padding_right = padding_total // 2
        padding_left = padding_total - padding_right
        """,
    )),
    ("modeling_encodec", "EncodecModel._linear_overlap_add"): ((
        """
        if sum_weight.min() == 0:
            raise ValueError(f"`sum_weight` minimum element must be bigger than zero: {sum_weight}`")
        """,
        "",
    ),),
    ("modeling_evolla", "EvollaSequenceAlignerCrossAttention.forward"): ((
        """
        if (
            (protein_kv_states is not None and protein_kv_attn_mask.any())
            or (structure_kv_states is not None and structure_kv_attn_mask.any())
            or (msa_kv_states is not None and msa_kv_attn_mask.any())
        ):
        """,
        """
        given = [
            mask.any()
            for states, mask in (
                (protein_kv_states, protein_kv_attn_mask),
                (structure_kv_states, structure_kv_attn_mask),
                (msa_kv_states, msa_kv_attn_mask),
            )
            if states is not None
        ]
        if given:
        """,
    ), (
        """
            hidden_states = self.ff(hidden_states) * torch.tanh(self.gate_ffw)
            hidden_states = residual + hidden_states
        """,
        """
            hidden_states = self.ff(hidden_states) * torch.tanh(self.gate_ffw)
            hidden_states = torch.where(torch.stack(given).any(), residual + hidden_states, query_states)
        """,
    )),
    ("modeling_fsmt", "make_padding_mask"): ((
        """
        if not padding_mask.any():
            padding_mask = None
        """,
        "",
    ),),
    ("modeling_led", "LEDEncoder.forward"): _GLOBAL,
    ("modeling_longformer", "LongformerEncoder.forward"): _GLOBAL,
}  # fmt: skip
