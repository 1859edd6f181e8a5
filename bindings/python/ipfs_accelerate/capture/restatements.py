"""Lines of transformers' modelling code that decide by data, or fix a size, and lines that compute the same without.

`EDITS` maps (module, path of the function) to (old lines, new lines); `restate` says how they are applied. `HELPERS` are
names that new lines may use. `FORWARDS` maps a class to a maker of its forward.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from typing import Any

import torch
from transformers.integrations.moe import grouped_mm_experts_forward

from . import grids
from .windowed import longformer_attention, without_padding


def dbrx_experts(original: Callable[..., Any]) -> Callable[..., Any]:
    """Experts of Dbrx: tokens grouped by expert, as transformers does for other mixtures."""

    def forward(self: Any, hidden_states: Any, top_k_index: Any, top_k_weights: Any) -> Any:
        shape = hidden_states.shape
        each = (self.num_experts, self.ffn_hidden_size, self.hidden_size)
        experts = torch.nn.Module()
        experts.num_experts, experts.has_gate, experts.has_bias = self.num_experts, True, False
        experts.is_transposed = experts._is_expert_parallel = experts.has_post_expert_norm = False
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
        experts.is_transposed = experts._is_expert_parallel = experts.has_post_expert_norm = False
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


def isolated_experts(original: Callable[..., Any]) -> Callable[..., Any]:
    """Mixtures of ERNIE 4.5 VL: each token goes through both, and takes the one of its kind."""

    def forward(self: Any, hidden_states: Any, moe_mm_token_type_ids: Any = None) -> Any:
        if moe_mm_token_type_ids is None:
            return original(self, hidden_states)
        shape = hidden_states.shape
        (text, text_logits), (vision, vision_logits) = self.text_moe(hidden_states), self.vision_moe(hidden_states)
        is_vision = moe_mm_token_type_ids.bool()
        found = torch.where(is_vision[..., None], vision.reshape(shape), text.reshape(shape))
        logits = (part.reshape(-1, self.num_experts) for part in (vision_logits, text_logits))
        logits = torch.where(is_vision.reshape(-1, 1), *logits)
        if self.shared_experts is not None:
            found = found + self.shared_experts(hidden_states)
        return found, logits

    return forward


FORWARDS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "DbrxExperts": dbrx_experts,
    "Ernie4_5_VLMoeMoeBlock": isolated_experts,
    "LEDEncoderSelfAttention": longformer_attention,
    "LongcatFlashExperts": longcat_experts,
    "LongformerSelfAttention": longformer_attention,
}

METHODS: dict[tuple[str, str, str], Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    ("modeling_led", "LEDEncoder", "_pad_to_window_size"): without_padding,
    ("modeling_longformer", "LongformerModel", "_pad_to_window_size"): without_padding,
}


def patches(mask: torch.Tensor, size: int) -> torch.Tensor:
    """[image, row, column] -> [image, patch row, patch column, size, size]: the whole patches of a mask."""
    rows, columns = (extent // size for extent in mask.shape[1:])
    whole = mask[:, : rows * size, : columns * size]
    return whole.reshape(mask.shape[0], rows, size, columns, size).transpose(2, 3)


def side(total: Any, length: Any) -> int:
    """The side of the squares that `total` places are pooled by, to `length`; a symbolic total is whole squares."""
    ratio = total // length
    found = int((ratio.node.hint if isinstance(ratio, torch.SymInt) else ratio) ** 0.5)
    if isinstance(total, torch.SymInt):
        torch._check(found * found * length == total)
    return found


def length_of(value: torch.Tensor) -> Any:
    """A positive integer of the data as a size."""
    found = value.item()
    torch._check(found > 0)
    return found


def relative_sinusoids(states: torch.Tensor, width: int) -> torch.Tensor:
    """[1, 2 * time - 1, width]: sinusoids of the distances time - 1, ..., 1 - time, sines and cosines in turn."""
    time = states.shape[1]
    distances = (time - 1 - torch.arange(2 * time - 1, device=states.device)).float()
    steps = torch.exp(torch.arange(0, width, 2, device=states.device).float() * -(math.log(10000.0) / width))
    angles = distances[:, None] * steps
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[None].to(states.dtype)


def same_size_extra(conv: torch.nn.Module, extent: Any) -> Any:
    """What a convolution's input of this extent lacks to whole strides."""
    stride = conv.stride[0]
    return -(-extent // stride) * stride - extent


HELPERS: dict[str, Any] = {
    "_same_size_extra": same_size_extra, "_patches": patches, "_line_places": grids.line_places,
    "_neighbours": grids.neighbours, "_depthwise": grids.depthwise, "_tiles": grids.tiles, "_unshuffled": grids.unshuffled,
    "_padded_positions": grids.padded_positions,
    "_valid_rows": grids.valid_rows, "_packed": grids.packed, "_length_of": length_of, "_side": side,
    "_relative_sinusoids": relative_sinusoids, "_interpolated": grids.interpolated,
    "_patch_places": grids.patch_places, "_hunyuan_merged": grids.hunyuan_merged,
    "_merged_patches": grids.merged_patches, "_same_image": grids.same_image,
}  # fmt: skip

_GLOBAL = (
    ("is_global_attn = is_index_global_attn.flatten().any().item()", "is_global_attn = True"),
)
# Images of any resolution: tiles of all images at once, features placed by a table.
_TILES = ((
    """
    _pixel_values_list = [pix_val[:num_patch] for pix_val, num_patch in zip(pixel_values, image_num_patches)]
    pixel_values = torch.cat(_pixel_values_list, dim=0)
    """,
    """
    places = _tiles(image_sizes, image_num_patches)
    pixel_values = pixel_values[places[:, 0], places[:, 1]]
    """,
),)


def _packed_by(source: str, split: str, found: str, call: str, strategy: str) -> tuple[tuple[str, str], ...]:
    """Edits that pack `split`, in parts, no more, and `source` by a table; `call` is what the model called."""
    made = f"{found} = _packed({source}, image_sizes, image_num_patches, self.image_newline, "
    pack = f"lambda parts, sizes, image_newline: self.pack_image_features(parts, sizes, {strategy}, "
    pack += "image_newline=image_newline))"
    return ((f"{split} = torch.split({source}, image_num_patches, dim=0)", ""), (call, made + pack))


_STRATEGY = "vision_feature_select_strategy=vision_feature_select_strategy"

# The rows of all images stay one part; the model concatenates the parts anyhow.
_ONE_PART = (
    "vision_outputs.pooler_output = torch.split(pooler_output, split_sizes)",
    "vision_outputs.pooler_output = (pooler_output,)",
)
_POOLED_IMAGES = (
    ("k_squared = int((image_position_ids.shape[1] // output_length) ** 0.5) ** 2", ""),
    ("split_sizes = (non_pad_mask.sum(dim=-1) // k_squared).tolist()", ""),
    _ONE_PART,
)
# Whether a block is masked is a buffer of its own, 0 or 1 once a model is trained.
_MASKED_BLOCKS = (
    ("self.training or self.attn_mask_probs[idx - self.num_hidden_layers + self.config.num_blocks] > 0", "True"),
    (
        "norm_hidden_states = self.layernorm(hidden_states)",
        """
        previous = attention_mask
        norm_hidden_states = self.layernorm(hidden_states)
        """,
    ),
    (
        """
        attention_mask = self._disable_attention_mask(
            attention_mask,
            prob=self.attn_mask_probs[idx - self.num_hidden_layers + self.config.num_blocks],
            num_query_tokens=num_query_tokens,
            encoder_start_tokens=encoder_start_tokens,
            device=attention_mask.device,
        )
        """,
        "",
    ),
)



def _masked_blocks(line: str) -> tuple[tuple[str, str], ...]:
    """The edits of a model whose `line` makes the mask of a block."""
    chosen = """
    probability = self.attn_mask_probs[idx - self.num_hidden_layers + self.config.num_blocks]
    previous = torch.zeros_like(attention_mask) if previous is None else previous
    attention_mask = torch.where(probability > 0, attention_mask, previous)
    """
    return (*_MASKED_BLOCKS, (line, line + textwrap.dedent(chosen)))


# Blocks of frames, the last one padded: what is beyond is masked in the last block of each sample.
_BLOCKS = (
    (
        """
        num_blocks = math.ceil(num_features / self.context_size)
        remainder = num_features % self.context_size
        if remainder > 0:
            # right padding to reach block size
            hidden_states = torch.nn.functional.pad(hidden_states, (0, 0, 0, self.context_size - remainder))
        """,
        """
        num_blocks = -(-num_features // self.context_size)
        hidden_states = torch.nn.functional.pad(hidden_states, (0, 0, 0, num_blocks * self.context_size - num_features))
        """,
    ),
    (
        """
        if remainder > 0:
            # masked attention in the extended block
            mask = torch.ones(self.context_size, self.context_size, dtype=bool, device=hidden_states.device)
            mask[:remainder, :remainder] = 0
            mask_value = -torch.finfo(pos_attn.dtype).max
            pos_attn[num_blocks - 1 : pos_attn.shape[0] : num_blocks].masked_fill_(mask, mask_value)
        """,
        """
        blocks = torch.arange(flat_bsz, device=hidden_states.device) % num_blocks
        frames = torch.arange(self.context_size, device=hidden_states.device)
        beyond = blocks[:, None] * self.context_size + frames >= num_features
        mask = (beyond[:, :, None] | beyond[:, None, :])[:, None]
        pos_attn = pos_attn.masked_fill(mask, -torch.finfo(pos_attn.dtype).max)
        """,
    ),
)

# Padding images go through the encoder too; their features are left out.
_REAL_IMAGES = (
    ("nb_values_per_image = pixel_values.shape[1:].numel()", "nb_values_per_image = pixel_values[0].numel()"),
    ("pixel_values = pixel_values[real_images_inds].contiguous()", ""),
    ("pixel_attention_mask = pixel_attention_mask[real_images_inds].contiguous()", ""),
    (
        """
        patches_subgrid = pixel_attention_mask.unfold(dimension=1, size=patch_size, step=patch_size)
        patches_subgrid = patches_subgrid.unfold(dimension=2, size=patch_size, step=patch_size)
        """,
        "patches_subgrid = _patches(pixel_attention_mask, patch_size)",
    ),
    (
        """
        image_outputs.pooler_output = [
            f.reshape(-1, f.shape[-1]) for f in image_features.split(num_real_images_per_batch.tolist())
        ]
        """,
        "image_outputs.pooler_output = [image_features[real_images_inds].flatten(0, 1)]",
    ),
)
_MERGER = ((
    """
    image_sizes = [
        (image_size[0] // self.patch_size, image_size[1] // self.patch_size) for image_size in image_sizes
    ]

    tokens_per_image = [h * w for h, w in image_sizes]
    d = image_features.shape[-1]

    permuted_tensor = []
    for image_index, image_tokens in enumerate(image_features.split(tokens_per_image)):
        # Reshape image_tokens into a 2D grid
        h, w = image_sizes[image_index]
        image_grid = image_tokens.view(h, w, d).permute(2, 0, 1).unsqueeze(0)
        grid = torch.nn.functional.unfold(
            image_grid, kernel_size=self.spatial_merge_size, stride=self.spatial_merge_size
        )
        grid = grid.view(d * self.spatial_merge_size**2, -1).t()
        permuted_tensor.append(grid)

    image_features = torch.cat(permuted_tensor, dim=0)
    image_features = self.merging_layer(image_features)
    return image_features
    """,
    "return _merged_patches(self, image_features, image_sizes)",
),)

# Cut where there is nothing to cut, audio stays as it is.
_CUT_AUDIO = ((
    "if padding_mask is not None and padding_mask.shape[-1] < audio_values.shape[-1]:",
    "if padding_mask is not None:",
),)

EDITS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("modeling_clvp", "ClvpModelForConditionalGeneration.fix_speech_decoder_output"): ((
        """
        filler = torch.full((seq_len,), decoder_fixing_codes[0], device=speech_ids.device, dtype=speech_ids.dtype)
        num_fixing_codes = min(len(decoder_fixing_codes) - 1, seq_len)
        if num_fixing_codes > 0:
            filler[-num_fixing_codes:] = torch.tensor(
                decoder_fixing_codes[1:][-num_fixing_codes:], device=speech_ids.device, dtype=speech_ids.dtype
            )
        """,
        """
        codes = torch.tensor(decoder_fixing_codes[::-1], device=speech_ids.device, dtype=speech_ids.dtype)
        from_end = seq_len - 1 - torch.arange(seq_len, device=speech_ids.device)
        filler = codes[from_end.clamp(max=len(decoder_fixing_codes) - 1)]
        """,
    ),),
    ("modeling_colqwen2", "ColQwen2ForRetrieval.forward"): ((
        """
        offsets = image_grid_thw[:, 1] * image_grid_thw[:, 2]  # (batch_size,)
        arange = torch.arange(pixel_values.shape[1], device=offsets.device)  # (max_len,)
        mask = arange.unsqueeze(0) < offsets.unsqueeze(1)  # (batch_size, max_len)
        pixel_values = pixel_values[mask]  # (total_valid_patches, channels, height, width)
        """,
        """
        places = _valid_rows(image_grid_thw)
        pixel_values = pixel_values[places[:, 0], places[:, 1]]
        """,
    ),),
    ("modeling_cosmos3_edge", "Cosmos3EdgeVisionEmbeddings.forward"): ((
        """
        positional_embeddings = self.position_embedding.weight.reshape(
            self.position_embedding_size, self.position_embedding_size, -1
        )
        position_embeddings = self.resize_positional_embeddings(
            positional_embeddings, grid_thw, self.config.spatial_merge_size
        )
        """,
        """
        edge, merge = self.position_embedding_size, self.config.spatial_merge_size
        position_embeddings = _interpolated(self.position_embedding.weight, grid_thw, edge, "bilinear", True, merge)
        """,
    ),),
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
    ("modeling_encodec", "EncodecModel.encode"): ((
        "for offset in range(0, input_length, stride):",
        "for offset in (0,) if self.config.chunk_length is None else range(0, input_length, stride):",
    ),),
    ("modeling_encodec", "EncodecModel.decode"): _CUT_AUDIO,
    ("modeling_mimi", "MimiDecoderModel.forward"): _CUT_AUDIO,
    ("modeling_pocket_tts_audio_tokenizer", "PocketTTSAudioTokenizerDecoderModel.forward"): _CUT_AUDIO,
    ("modeling_encodec", "EncodecModel._linear_overlap_add"): ((
        """
        if sum_weight.min() == 0:
            raise ValueError(f"`sum_weight` minimum element must be bigger than zero: {sum_weight}`")
        """,
        "",
    ),),
    # Without local views, the rows of all images are one part.
    ("modeling_deepseek_ocr2", "DeepseekOcr2Model.get_image_features"): ((
        "for idx in range(batch_size):",
        """
        if pixel_values_local is None:
            separators = view_sep.expand(batch_size, 1, -1)
            all_features.append(torch.cat([global_features, separators], dim=1).flatten(0, 1))
        for idx in range(batch_size if pixel_values_local is not None else 0):
        """,
    ),),
    ("modeling_efficientloftr", "EfficientLoFTRAggregatedAttention.forward"): ((
        "batch_size, embed_dim, _, _ = hidden_states.shape",
        """
        batch_size, embed_dim, height, width = hidden_states.shape
        torch._check(height % self.q_aggregation_kernel_size == 0)
        torch._check(width % self.q_aggregation_kernel_size == 0)
        """,
    ), (
        'attn_output, scale_factor=self.q_aggregation_kernel_size, mode="bilinear", align_corners=False',
        'attn_output, size=(height, width), mode="bilinear", align_corners=False',
    )),
    ("modeling_embedding_gemma2", "EmbeddingGemma2Model.get_image_features"): _POOLED_IMAGES,
    ("modeling_eomt", "EomtForUniversalSegmentation.forward"): _masked_blocks(
        "attention_mask = attention_mask.float().masked_fill(~attention_mask, -1e9)"
    ),
    ("modeling_eomt_dinov3", "EomtDinov3ForUniversalSegmentation.forward"): _masked_blocks(
        "attention_mask = attention_mask.to(hidden_states.dtype).masked_fill(~attention_mask, dtype_min)"
    ),
    ("modeling_emu3", "Emu3VQVAE.encode"): ((
        """
        image_tokens = [
            single_image[: int(size[0] / self.vision_spatial_factor), : int(size[1] / self.vision_spatial_factor)]
            for single_image, size in zip(image_tokens, image_sizes)
        ]
        """,
        "image_tokens = (image_tokens, _line_places(image_sizes, self.vision_spatial_factor))",
    ),),
    ("modeling_emu3", "Emu3Model.get_image_features"): ((
        """
        split_sizes = [
            (height // self.vqmodel.vision_spatial_factor) * (width // self.vqmodel.vision_spatial_factor + 1)
            for height, width in image_sizes
        ]
        bpe_tokens_list = [
            self.vocabulary_mapping.convert_img2bpe(tokens).flatten() for tokens in vqmodel_outputs.image_tokens
        ]
        bpe_tokens = torch.cat(bpe_tokens_list)
        """,
        """
        codes, places = vqmodel_outputs.image_tokens
        bpe_tokens = self.vocabulary_mapping.img2bpe_mapping_tensor[codes[places[:, 0], places[:, 1], places[:, 2]]]
        bpe_tokens = bpe_tokens.masked_fill(places[:, 3] > 0, self.vocabulary_mapping.eol_token_id)
        """,
    ), (
        "vqmodel_outputs.pooler_output = torch.split(image_embeddings, split_sizes)",
        "vqmodel_outputs.pooler_output = (image_embeddings,)",
    )),
    ("modeling_esmfold", "compute_tm"): (
        ("clipped_n = max(n, 19)", "clipped_n = torch.full((), n, dtype=logits.dtype, device=logits.device).clamp(min=19)"),
        (
            """
            argmax = (weighted == torch.max(weighted)).nonzero()[0]
            return per_alignment[tuple(argmax)]
            """,
            "return per_alignment.flatten()[weighted.flatten().argmax()]",
        ),
    ),
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
    ("modeling_fastspeech2_conformer", "length_regulator"): ((
        """
        if duration_labels.sum() == 0:
            duration_labels[duration_labels.sum(dim=1).eq(0)] = 1
        """,
        """
        ones = torch.ones_like(duration_labels)
        duration_labels.copy_(torch.where(duration_labels.sum() == 0, ones, duration_labels))
        """,
    ), (
        "max_len = torch.sum(duration_labels, dim=1).max()",
        """
        ends = duration_labels.cumsum(1)
        max_len = _length_of(ends[:, -1].max())
        places = torch.arange(max_len, device=encoded_embeddings.device)
        source = (places[None, :, None] >= ends[:, None, :]).sum(-1).clamp(max=encoded_embeddings.size(1) - 1)
        found = encoded_embeddings.gather(1, source[:, :, None].expand(-1, -1, encoded_embeddings.size(2)))
        return found.float().masked_fill((places[None, :] >= ends[:, -1:])[:, :, None], 0.0)
        """,
    )),
    ("modeling_fastspeech2_conformer", "FastSpeech2ConformerRelPositionalEncoding.forward"): ((
        """
        self.pos_enc = self.extend_pos_enc(feature_representation, self.pos_enc)
        hidden_states = feature_representation * self.input_scale
        center_idx = self.pos_enc.size(1) // 2
        pos_emb = self.pos_enc[:, center_idx - hidden_states.size(1) + 1 : center_idx + hidden_states.size(1)]
        """,
        """
        hidden_states = feature_representation * self.input_scale
        pos_emb = _relative_sinusoids(hidden_states, self.embed_dim)
        """,
    ),),
    ("modeling_fastspeech2_conformer", "FastSpeech2ConformerAttention.shift_relative_position_tensor"): ((
        "zero_pad = torch.zeros((*pos_tensor.size()[:3], 1), device=pos_tensor.device, dtype=pos_tensor.dtype)",
        """
        steps = torch.arange(pos_tensor.size(2), device=pos_tensor.device)
        places = pos_tensor.size(2) - 1 - steps[:, None] + steps[None, :]
        return pos_tensor.gather(3, places.expand(*pos_tensor.size()[:2], -1, -1))
        """,
    ),),
    ("modeling_florence2", "Florence2VisionChannelAttention.forward"): (
        ("scale = num_tokens**-0.5", "query = query * query.new_ones(num_tokens).sum().rsqrt()"),
        ("scaling=scale,", "scaling=1.0,"),
    ),
    ("modeling_fsmt", "make_padding_mask"): ((
        """
        if not padding_mask.any():
            padding_mask = None
        """,
        "",
    ),),
    ("modeling_funnel", "_relative_shift_gather"): ((
        """
        positional_attn = torch.reshape(positional_attn, [batch_size, n_head, max_rel_len, seq_len])
        positional_attn = positional_attn[:, :, shift:, :]
        positional_attn = torch.reshape(positional_attn, [batch_size, n_head, seq_len, max_rel_len - shift])
        positional_attn = positional_attn[..., :context_len]
        return positional_attn
        """,
        """
        rows = torch.arange(seq_len, device=positional_attn.device)[:, None] * (max_rel_len - shift)
        places = shift * seq_len + rows + torch.arange(context_len, device=positional_attn.device)[None, :]
        return positional_attn.flatten(2)[:, :, places]
        """,
    ),),
    ("modeling_funnel", "FunnelRelMultiheadAttention.relative_positional_attention"): (
        ("positional_attn *= cls_mask", "positional_attn = positional_attn * cls_mask"),
    ),
    ("modeling_funnel", "FunnelRelMultiheadAttention.relative_token_type_attention"): (
        ("token_type_attn *= cls_mask", "token_type_attn = token_type_attn * cls_mask"),
    ),
    ("modeling_gemma4", "Gemma4Model.get_image_features"): _POOLED_IMAGES,
    ("modeling_gemma4", "Gemma4VisionPooler._avg_pool_by_positions"): (
        ("k = int((input_seq_len // length) ** 0.5)", "k = _side(input_seq_len, length)"),
        (
            "weights = F.one_hot(kernel_idxs.long(), length).float() / k_squared",
            """
            places = torch.arange(length, device=kernel_idxs.device)
            weights = (kernel_idxs.long()[..., None] == places).float() / k_squared
            """,
        ),
    ),
    ("modeling_gemma4_unified", "Gemma4UnifiedModel.get_image_features"): (
        ("split_sizes = non_pad_mask.sum(dim=-1).tolist()", ""),
        _ONE_PART,
    ),
    ("modeling_glm_image", "GlmImageModel.get_image_features"): ((
        """
        split_sizes = (image_grid_thw.prod(-1) // self.visual.spatial_merge_size**2).tolist()
        image_embeds = torch.split(vision_outputs.pooler_output, split_sizes)

        reshaped_embeds = []
        for i, embed in enumerate(image_embeds):
            grid_t, grid_h, grid_w = image_grid_thw[i].tolist()
            embed = embed.view(grid_t, grid_h, grid_w, -1)
            # grid-h is always one for images, so we squeeze the extrac dim back in reality
            embed = embed.permute(0, 3, 1, 2).reshape(-1, grid_h, grid_w)
            reshaped_embeds.append(embed.contiguous())

        vision_outputs.pooler_output = reshaped_embeds
        """,
        "vision_outputs.pooler_output = (vision_outputs.pooler_output.T[:, :, None],)",
    ),),
    ("modeling_glm_image", "GlmImageModel.get_placeholder_mask"): ((
        """
        if n_placeholder_tokens != n_image_tokens:
            raise ValueError(
                f"Number of image placeholder tokens ({n_placeholder_tokens.item()}) does not match "
                f"number of image tokens from VQVAE ({n_image_tokens})"
            )
        """,
        "",
    ),),
    ("modeling_granite4_vision", "Granite4VisionModel.get_image_features"): _TILES + _packed_by(
        "projected_features", "projected_features", "packed_features",
        """
        packed_features = self.pack_image_features(
            projected_features,
            image_sizes,
            vision_feature_select_strategy=vision_feature_select_strategy,
            image_newline=self.image_newline,
        )
        """, _STRATEGY,
    ) + _packed_by(
        "projected_group", "projected_group_split", "packed_group",
        """
        packed_group = self.pack_image_features(
            projected_group_split,
            image_sizes,
            vision_feature_select_strategy=vision_feature_select_strategy,
            image_newline=self.image_newline,
        )
        """, _STRATEGY,
    ),
    ("modeling_llava_next", "LlavaNextModel.get_image_features"): _TILES + _packed_by(
        "image_features", "image_features", "image_features",
        """
        image_features, feature_lens = self.pack_image_features(
            image_features,
            image_sizes,
            vision_feature_select_strategy=vision_feature_select_strategy,
            image_newline=self.image_newline,
        )
        """, _STRATEGY,
    ),
    ("modeling_llava_next_video", "LlavaNextVideoModel.get_image_features"): _TILES + _packed_by(
        "image_features", "image_features", "image_features",
        """
        image_features, feature_lens = self.pack_image_features(
            image_features,
            image_sizes,
            vision_feature_select_strategy,
            image_newline=self.image_newline,
        )
        """, _STRATEGY,
    ),
    ("modeling_llava_onevision", "LlavaOnevisionModel.get_image_features"): _TILES + _packed_by(
        "image_features", "image_features", "image_features",
        """
        image_features, feature_lens = self.pack_image_features(
            image_features,
            image_sizes,
            image_newline=self.image_newline,
            vision_aspect_ratio=vision_aspect_ratio,
        )
        """, "vision_aspect_ratio=vision_aspect_ratio",
    ),
    ("modeling_granite_docling", "GraniteDoclingModel.get_image_features"): (
        ("tiles_per_sample = pixel_attention_mask.sum(-1)", "places = pixel_attention_mask.nonzero()"),
        (
            "pixel_values=pixel_values[pixel_attention_mask].to(self.dtype), fine=fine, return_dict=True, **kwargs",
            "pixel_values=pixel_values[places[:, 0], places[:, 1]].to(self.dtype), fine=fine, return_dict=True, **kwargs",
        ),
        ("split_sizes = (tiles_per_sample * tokens_per_tile).tolist()", ""),
        (
            "image_outputs.pooler_output = torch.split(image_outputs.pooler_output, split_sizes)",
            "image_outputs.pooler_output = (image_outputs.pooler_output,)",
        ),
        (
            """
            image_outputs.deepstack_features = [
                torch.split(features, split_sizes) for features in image_outputs.deepstack_features
            ]
            """,
            "image_outputs.deepstack_features = [(features,) for features in image_outputs.deepstack_features]",
        ),
        (
            """
            tile_sample_index = torch.arange(batch_size, device=pixel_values.device).repeat_interleave(
                tiles_per_sample
            )
            """,
            "tile_sample_index = places[:, 0]",
        ),
    ),
    ("modeling_granite_speech", "GraniteSpeechConformerAttention.forward"): _BLOCKS,
    ("modeling_granite_speech_plus", "GraniteSpeechPlusConformerAttention.forward"): _BLOCKS,
    # As many mask units are kept in each row.
    ("modeling_hiera", "HieraModel.forward"): ((
        """
        positions = bool_masked_pos.unsqueeze(-1).tile(1, mask_unit_area, hidden_size)
        hidden_states = hidden_states[positions]
        hidden_states = hidden_states.view(batch_size, -1, hidden_size)
        """,
        """
        count = bool_masked_pos.shape[1]
        keep = int(count * (1 - self.embeddings.patch_embeddings.mask_ratio))
        units = torch.argsort((~bool_masked_pos).long(), dim=1, stable=True)[:, :keep]
        places = torch.arange(mask_unit_area, device=units.device)[:, None] * count + units[:, None, :]
        hidden_states = hidden_states.gather(1, places.flatten(1)[..., None].expand(-1, -1, hidden_size))
        """,
    ),),
    ("modeling_hiera", "HieraDecoder.forward"): ((
        "decoder_hidden_states[bool_masked_pos] = hidden_states.flatten()",
        """
        rank = (bool_masked_pos[:, :, :1, :1, :1].long().cumsum(1) - 1).clamp(min=0)
        decoder_hidden_states = hidden_states.gather(1, rank.expand_as(bool_masked_pos))
        """,
    ),),
    ("modeling_hiera", "HieraForPreTraining.get_pixel_label_2d"): (("label = label[bool_masked_pos]", ""),),
    ("modeling_hiera", "HieraForPreTraining.forward_loss"): (
        ("logits = logits[bool_masked_pos]", ""),
        (
            "loss = loss.mean()",
            "loss = torch.where(bool_masked_pos[..., None], loss, 0.0).sum() / (bool_masked_pos.sum() * loss.shape[-1])",
        ),
    ),
    ("modeling_hunyuan_vl", "HunYuanVLVisionPatchEmbed.forward"): ((
        """
        position_embeddings_list = []
        for t, h, w in grid_thw:
            position_embeddings_list.append(self.interpolate_pos_encoding(embeddings, h, w).squeeze(0).repeat(t, 1))
        position_embeddings = torch.concat(position_embeddings_list, dim=0)
        """,
        """
        table, mode = self.position_embedding.weight[1:], self.config.interpolate_mode
        position_embeddings = _interpolated(table, grid_thw, self.position_edge, mode).to(embeddings.dtype)
        """,
    ),),
    ("modeling_hunyuan_vl", "HunYuanVLVisionTransformer.forward"): ((
        """
        split_sizes = grid_thw.prod(dim=-1).tolist()
        split_items = torch.split(hidden_states, split_sizes, dim=1)

        processed_items = []
        for grid, item in zip(grid_thw.tolist(), split_items):
            _, h, w = grid
            processed_items.append(self.patch_merger(item, size=(h, w)))

        image_features = torch.cat(processed_items, dim=1)
        """,
        "image_features = _hunyuan_merged(self.patch_merger, hidden_states, grid_thw)",
    ),),
    ("modeling_hunyuan_vl", "HunYuanVLModel.get_placeholder_mask"): ((
        """
        if image_features is not None and inputs_embeds[special_image_mask].numel() != image_features.numel():
            raise ValueError(
                f"Image features and image tokens do not match: tokens: {n_image_tokens}, "
                f"features {image_features.shape[0]}"
            )
        """,
        "",
    ),),
    ("modeling_idefics2", "Idefics2Model.get_image_features"): _REAL_IMAGES,
    ("modeling_idefics3", "Idefics3Model.get_image_features"): _REAL_IMAGES,
    ("modeling_inkling2", "Inkling2VisionEmbeddings.forward"): ((
        "embeddings = cls_embedding.repeat(patch_embeddings.shape[0] + patch_grid_thw.shape[0], 1)",
        """
        each = patch_grid_thw.prod(-1)
        rows = torch.repeat_interleave(torch.ones_like(each), each + 1)
        embeddings = cls_embedding * rows[:, None].to(patch_embeddings)
        """,
    ),),
    ("modeling_modernvbert", "ModernVBertModel.get_image_features"): _REAL_IMAGES,
    ("modeling_smolvlm", "SmolVLMModel.get_image_features"): _REAL_IMAGES,
    ("modeling_ultravbert", "UltraVBertModel.get_image_features"): _REAL_IMAGES,
    ("modeling_led", "LEDEncoder.forward"): _GLOBAL,
    ("modeling_kimi_k25", "Kimi_K25VisionPositionEmbeddings.forward"): ((
        'pos = F.embedding_bag(interp_indices, table, per_sample_weights=interp_weights.to(table.dtype), mode="sum")',
        "pos = (table[interp_indices] * interp_weights.to(table.dtype)[..., None]).sum(1)",
    ),),
    ("modeling_lfm2_vl", "Lfm2VlModel.get_image_features"): ((
        """
        img_feature_lengths = pixel_attention_mask.sum(dim=1)
        image_features = []

        for img_idx in range(last_hidden_state.size(0)):
            feature = last_hidden_state[img_idx]
            # unpad the image representation
            feature = feature[: img_feature_lengths[img_idx], :].unsqueeze(0)

            # reshape to original height and width
            feature_org_h, feature_org_w = spatial_shapes[img_idx]
            feature = feature.reshape(1, feature_org_h, feature_org_w, -1)

            # project the image representation
            img_embedding = self.multi_modal_projector(feature)

            # flatten here to handle variable length in naflex
            img_embedding = img_embedding.reshape(-1, img_embedding.size(-1))
            image_features.append(img_embedding)

        image_outputs.pooler_output = image_features
        """,
        "image_outputs.pooler_output = (_unshuffled(self.multi_modal_projector, last_hidden_state, spatial_shapes),)",
    ),),
    ("modeling_lfm3_vl", "Lfm3VlVisionShortConv.forward"): ((
        """
        merge = self.spatial_merge_size
        # patches arrive in merge-block order: raster the frames of each image or video to their grid, convolve them
        # as one batch (the frames of an item share a shape), and go back
        conv_outputs = []
        channels = gated.shape[-1]
        lengths = [temporal * height * width for temporal, height, width in grid_thw]
        for frames, (temporal, height, width) in zip(torch.split(gated, lengths, dim=0), grid_thw):
            frames = frames.view(temporal, height // merge, width // merge, merge, merge, channels)
            frames = frames.permute(0, 5, 1, 3, 2, 4).reshape(temporal, channels, height, width)
            frames = self.spatial_conv(frames)
            frames = frames.view(temporal, channels, height // merge, merge, width // merge, merge)
            conv_outputs.append(frames.permute(0, 2, 4, 3, 5, 1).reshape(temporal * height * width, channels))
        hidden_states = torch.cat(conv_outputs, dim=0)
        """,
        "hidden_states = _depthwise(self.spatial_conv, gated, grid_thw)",
    ),),
    ("modeling_lfm3_vl", "Lfm3VlVisionModel.forward"): ((
        "grid_thw_list = grid_thw.tolist()  # trf-ignore: TRF056",
        "grid_thw_list = _neighbours(grid_thw, self.config.spatial_merge_size, self.config.conv_kernel_size)",
    ),),
    ("modeling_lightglue", "LightGlueForKeypointMatching._match_image_pair"): ((
        "if keypoints.shape[2] == 0:  # no keypoints",
        "if isinstance(keypoints.shape[2], int) and keypoints.shape[2] == 0:",
    ),),
    ("modeling_lightglue", "normalize_keypoints"): ((
        "size = torch.tensor([width, height], device=keypoints.device, dtype=keypoints.dtype)[None]",
        """
        extents = [torch.full((), n, device=keypoints.device, dtype=keypoints.dtype) for n in (width, height)]
        size = torch.stack(extents)[None]
        """,
    ),),
    ("modeling_lighton_ocr", "LightOnOcrModel.get_image_features"): ((
        "split_sizes = [(height // downsample_ratio) * (width // downsample_ratio) for height, width in image_sizes]",
        "split_sizes = (torch.as_tensor(image_sizes) // downsample_ratio).prod(-1).tolist()",
    ),),
    ("modeling_lighton_ocr", "LightOnOcrPatchMerger.forward"): _MERGER,
    ("modeling_longformer", "LongformerEncoder.forward"): _GLOBAL,
    ("modeling_longformer", "LongformerForMultipleChoice.forward"): ((
        """
        global_attention_mask = torch.stack(
            [
                _compute_global_attention_mask(input_ids[:, i], self.config.sep_token_id, before_sep_token=False)
                for i in range(num_choices)
            ],
            dim=1,
        )
        """,
        """
        global_attention_mask = _compute_global_attention_mask(
            input_ids.flatten(0, 1), self.config.sep_token_id, before_sep_token=False
        ).view(input_ids.shape)
        """,
    ),),
    ("modeling_longformer", "_get_question_end_index"): ((
        """
        sep_token_indices = (input_ids == sep_token_id).nonzero()
        batch_size = input_ids.shape[0]

        assert sep_token_indices.shape[1] == 2, "`input_ids` should have two dimensions"
        assert sep_token_indices.shape[0] == 3 * batch_size, (
            f"There should be exactly three separator tokens: {sep_token_id} in every sample for questions answering. You"
            " might also consider to set `global_attention_mask` manually in the forward function to avoid this error."
        )
        return sep_token_indices.view(batch_size, 3, 2)[:, 0, 1]
        """,
        """
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        return places.masked_fill(input_ids != sep_token_id, torch.iinfo(torch.long).max).amin(1)
        """,
    ),),
    ("modeling_mistral3", "Mistral3PatchMerger.forward"): _MERGER,
    ("modeling_mistral_large4", "MistralLarge4PatchMerger.forward"): _MERGER,
    ("modeling_pixtral", "PixtralVisionModel.forward"): ((
        """
        if image_sizes is None:
            batch_size, _, height, width = pixel_values.shape
            image_sizes = [(height, width)] * batch_size
        """,
        "",
    ), (
        """
        patch_embeds_list = [
            embed[..., : (size[0] // self.patch_size), : (size[1] // self.patch_size)]
            for embed, size in zip(patch_embeds, image_sizes)
        ]
        """,
        "places = _patch_places(patch_embeds, image_sizes, self.patch_size)",
    ), (
        "patch_embeds = torch.cat([p.flatten(1).T for p in patch_embeds_list], dim=0).unsqueeze(0)",
        "patch_embeds = patch_embeds.permute(0, 2, 3, 1)[places[:, 0], places[:, 1], places[:, 2]].unsqueeze(0)",
    ), (
        """
        position_ids = []
        for patch in patch_embeds_list:
            hpos_ids, wpos_ids = torch.meshgrid(
                torch.arange(patch.shape[-2], device=patch.device),
                torch.arange(patch.shape[-1], device=patch.device),
                indexing="ij",
            )
            position_ids.append(torch.stack([hpos_ids.flatten(), wpos_ids.flatten()], dim=-1))
        position_ids = torch.cat(position_ids, dim=0)
        """,
        "position_ids = places[:, 1:]",
    ), (
        "sequence_lengths = [p.shape[-2] * p.shape[-1] for p in patch_embeds_list]",
        "raise ValueError('a capture does not trace flash attention')",
    ), (
        """
        attention_mask = generate_block_attention_mask(
            [p.shape[-2] * p.shape[-1] for p in patch_embeds_list], patch_embeds
        )
        """,
        "attention_mask = _same_image(places, patch_embeds)",
    )),
    ("modeling_siglip2", "Siglip2VisionEmbeddings.forward"): ((
        """
        positional_embeddings = self.position_embedding.weight.reshape(
            self.position_embedding_size, self.position_embedding_size, -1
        )
        resized_positional_embeddings = self.resize_positional_embeddings(
            positional_embeddings, spatial_shapes, max_length=pixel_values.shape[1]
        )
        """,
        """
        rows, edge = self.position_embedding.weight, self.position_embedding_size
        resized_positional_embeddings = _padded_positions(rows, spatial_shapes, edge, pixel_values.shape[1])
        """,
    ),),
}  # fmt: skip
