"""Restated lines, as in `restatements`, of the transformers folders from m on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import together

FORWARDS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "MiniCPMOcrMerger": together.merged_patches,
    "MiniCPMV4_6Merger": together.merged_patches,
    "MiniCPMV4_7Merger": together.merged_patches,
    "NllbMoeExperts": together.sparse_experts,
    "SuperPointForKeypointDetection": together.keypoint_detection,
    "SwitchTransformersExperts": together.sparse_experts,
}

METHODS: dict[tuple[str, str, str], Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    ("modeling_omdet_turbo", "OmDetTurboPreTrainedModel", "get_cached_class_embeddings"): together.classes_together,
    ("modeling_omdet_turbo", "OmDetTurboPreTrainedModel", "get_cached_task_embeddings"): together.tasks_together,
    ("modeling_seamless_m4t_v2", "SeamlessM4Tv2PreTrainedModel", "_hard_upsample"): together.hard_upsample,
}

HELPERS: dict[str, Any] = {
    "_aligned_video": together.aligned_video,
    "_block_centres": together.block_centres,
    "_decayed_attention": together.decayed_attention,
    "_free_patches": together.free_patches,
    "_grouped_classes": together.grouped_classes,
    "_merged_index": together.merged_index,
    "_pooled_statistics": together.pooled_statistics,
    "_same_padding": together.same_padding,
    "_selected_tokens": together.selected_tokens,
    "_series_batch": together.series_batch,
    "_structure_steps": together.structure_steps,
    "_upsampled": together.upsampled,
}

_TABLE_HEAD = ((
    """
    structure_preds_list = []
    structure_ids_list = []
    for _ in range(self.config.max_text_length + 1):
        embedding_feature = F.one_hot(predicted_chars, self.config.out_channels).float()
        features, _ = self.structure_attention_cell(features, hidden_states.float(), embedding_feature)
        structure_step = self.structure_generator(features)
        predicted_chars = structure_step.argmax(dim=1)

        structure_preds_list.append(structure_step)
        structure_ids_list.append(predicted_chars)
        if torch.stack(structure_ids_list, dim=1).eq(self.config.out_channels - 1).any(-1).all():
            break
    structure_preds = F.softmax(torch.stack(structure_preds_list, dim=1), dim=-1, dtype=torch.float32).to(
        hidden_states.dtype
    )
    """,
    """
    structure_steps = _structure_steps(self, hidden_states, features, predicted_chars)
    structure_preds = F.softmax(structure_steps, dim=-1, dtype=torch.float32).to(hidden_states.dtype)
    structure_preds_list = None
    """,
),)  # fmt: skip

_SERIES = ((
    "input_ts, input_padding = [], []",
    """
    if isinstance(inputs, torch.Tensor):
        return _series_batch(self, inputs, freq, context_len)
    input_ts, input_padding = [], []
    """,
),)  # fmt: skip


def _series_forward(context: str, least: str) -> tuple[tuple[str, str], ...]:
    """Series that are rows of one tensor stay one tensor."""
    old = (
        f"inputs = [ts[-{context}:] for ts in past_values]\n"
        f"{least} = torch.min(torch.stack([torch.min(ts) for ts in inputs]))"
    )
    new = (
        "if isinstance(past_values, torch.Tensor) and window_size is None:\n"
        f"    inputs = past_values[:, -{context}:]\n"
        f"    {least} = torch.min(inputs)\n"
        "else:\n" + old.replace("inputs =", "    inputs =").replace(f"\n{least}", f"\n    {least}")
    )
    return ((old, new),)


_STATISTICS = ((
    """
    mean_features = []
    std_features = []
    for i, length in enumerate(tdnn_output_lengths):
        mean_features.append(hidden_states[i, :length].mean(dim=0))
        std_features.append(hidden_states[i, :length].std(dim=0))
    mean_features = torch.stack(mean_features)
    std_features = torch.stack(std_features)
    """,
    "mean_features, std_features = _pooled_statistics(hidden_states, tdnn_output_lengths)",
),)  # fmt: skip

# One way for any number of rows.
_UNITS = (
    ("if hidden_states.size(0) == 1:", "if hidden_states.dim() == 3:"),
    (
        "hidden_states = torch.repeat_interleave(hidden_states, dur_out.view(-1), dim=2)",
        "hidden_states = _upsampled(hidden_states.transpose(1, 2), dur_out).transpose(1, 2)",
    ),
)

_TF_PADDING = (
    (
        """
        if in_height % stride_height == 0:
            pad_along_height = max(kernel_height - stride_height, 0)
        else:
            pad_along_height = max(kernel_height - (in_height % stride_height), 0)
        """,
        "pad_along_height = _same_padding(in_height, stride_height, kernel_height)",
    ),
    (
        """
        if in_width % stride_width == 0:
            pad_along_width = max(kernel_width - stride_width, 0)
        else:
            pad_along_width = max(kernel_width - (in_width % stride_width), 0)
        """,
        "pad_along_width = _same_padding(in_width, stride_width, kernel_width)",
    ),
)

EDITS: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("modeling_data2vec_audio", "Data2VecAudioForXVector.forward"): _STATISTICS,
    ("modeling_unispeech_sat", "UniSpeechSatForXVector.forward"): _STATISTICS,
    ("modeling_wav2vec2", "Wav2Vec2ForXVector.forward"): _STATISTICS,
    ("modeling_wav2vec2_bert", "Wav2Vec2BertForXVector.forward"): _STATISTICS,
    ("modeling_wav2vec2_conformer", "Wav2Vec2ConformerForXVector.forward"): _STATISTICS,
    ("modeling_wavlm", "WavLMForXVector.forward"): _STATISTICS,
    ("modeling_omdet_turbo", "OmDetTurboPreTrainedModel.get_language_embedding"): ((
        """
        max_class_size = torch.max(classes_structure)
        class_embeddings_regrouped = []
        start = 0
        for size in classes_structure:
            pad_size = max_class_size - size
            class_embeddings_regrouped.append(
                F.pad(batched_classes_embeddings[start : start + size], (0, 0, 0, pad_size)).unsqueeze(1)
            )
            start += size
        class_embeddings = torch.cat(class_embeddings_regrouped, dim=1)
        """,
        "class_embeddings = _grouped_classes(batched_classes_embeddings, classes_structure)",
    ),),
    ("modeling_minimax", "MiniMaxLightningAttention.forward"): ((
        """
        attn_output = []
        for i in range(num_blocks):
        """,
        """
        attn_output = []
        if past_key_values is None:
            attn_output.append(_decayed_attention(query_states, key_states, value_states, self.slope_rate))
        for i in range(0 if past_key_values is None else num_blocks):
        """,
    ),),
    ("modeling_mobilenet_v1", "apply_tf_padding"): _TF_PADDING,
    ("modeling_mobilenet_v2", "apply_tf_padding"): (
        ("in_height = int(features.shape[-2])", "in_height = features.shape[-2]"),
        ("in_width = int(features.shape[-1])", "in_width = features.shape[-1]"),
        *_TF_PADDING,
    ),
    # One row for all queries starts at the first; a number of rows less a size would stay an open maximum.
    ("modeling_mpt", "MptAttention.forward"): ((
        "position_bias_query_index = max(0, position_bias.size(1) - query_length)",
        "position_bias_query_index = 0 if position_bias.size(1) == 1 else max(0, position_bias.size(1) - query_length)",
    ),),
    ("modeling_perception_lm", "PerceptionLMModel.get_placeholder_mask"): (
        (
            'f"Image features and image tokens do not match, tokens: {n_image_tokens}, features: {image_features.size()[:-1].numel()}",',
            '"Image features and image tokens do not match",',
        ),
        (
            'f"Video features and video tokens do not match, tokens: {n_video_tokens}, features: {video_features.size()[:-1].numel()}",',
            '"Video features and video tokens do not match",',
        ),
    ),
    ("modeling_paddleocr_vl", "PaddleOCRProjector.forward"): ((
        """
        image_features_chunks = image_features.split(image_grid_thw.prod(dim=1).tolist(), dim=0)
        m1, m2 = self.merge_kernel_size

        processed_features = []
        for image_feature, image_grid in zip(image_features_chunks, image_grid_thw):
            image_feature = self.pre_norm(image_feature)
            t, h, w = image_grid
            d = image_feature.shape[-1]
            h_block = h // m1
            w_block = w // m2

            image_feature = image_feature.reshape(t, h_block, m1, w_block, m2, d)
            image_feature = image_feature.transpose(2, 3)
            image_feature = image_feature.reshape(t * h_block * w_block, m1 * m2 * d)

            hidden_states = self.linear_1(image_feature)
            hidden_states = self.act(hidden_states)
            hidden_states = self.linear_2(hidden_states)
            processed_features.append(hidden_states)

        return torch.cat(processed_features, dim=0)
        """,
        """
        m1, m2 = self.merge_kernel_size
        hidden_states = self.pre_norm(image_features)[_merged_index(image_grid_thw.tolist(), m1, m2)]
        hidden_states = self.linear_1(hidden_states.reshape(-1, m1 * m2 * hidden_states.shape[-1]))
        return self.linear_2(self.act(hidden_states))
        """,
    ),),
    ("modeling_seamless_m4t", "SeamlessM4TCodeHifiGan.forward"): _UNITS,
    ("modeling_seamless_m4t_v2", "SeamlessM4Tv2CodeHifiGan.forward"): _UNITS,
    # Bilinear reduction by a whole factor is the mean of the pixels at the centre.
    ("modeling_video_llama_3", "VideoLlama3VisionModel.pixel_unshuffle"): ((
        """
        hidden_states_chunks = hidden_states.split(grid_thw.prod(dim=1).tolist(), dim=0)
        outputs = []

        for hidden_states, (t, h, w), merge_size in zip(hidden_states_chunks, grid_thw, merge_sizes):
            c = hidden_states.shape[-1]
            hidden_states = hidden_states.view(t, h // merge_size, w // merge_size, merge_size, merge_size, c).permute(
                0, 1, 3, 2, 4, 5
            )
            hidden_states = hidden_states.reshape(t, h, w, c).permute(0, 3, 1, 2)
            hidden_states = torch.nn.functional.interpolate(
                hidden_states, size=(h // merge_size, w // merge_size), mode="bilinear"
            )
            hidden_states = hidden_states.permute(0, 2, 3, 1).view(-1, c)
            outputs.append(hidden_states)

        return torch.cat(outputs, dim=0)
        """,
        "return hidden_states[_block_centres(grid_thw.tolist(), merge_sizes.tolist())].mean(dim=1)",
    ),),
    # Writing where a mask is empty writes nothing.
    ("modeling_ovis2", "Ovis2Model.forward"): ((
        """
        if mask.any():
            inputs_embeds[mask] = visual_indicator_features[i].to(inputs_embeds.device, inputs_embeds.dtype)
        """,
        """
        indicator = visual_indicator_features[i].to(inputs_embeds.device, inputs_embeds.dtype)
        inputs_embeds = torch.where(mask.unsqueeze(-1), indicator, inputs_embeds)
        """,
    ),),
    ("modeling_pe_audio_video", "PeAudioVideoEncoderEmbedder._align_video_hidden_state"): ((
        """
        if (audio_lengths == video_hidden_state.shape[1]).all() or (
            video_lengths == audio_hidden_state.shape[1]
        ).all():
            # no need to align taking into account the padding masks
            # note: when one of the above is true, we can expect the other to be true as there is no reason
            # to have masked audio without masked video and vice versa

            return nn.functional.interpolate(
                video_hidden_state.transpose(1, 2), size=audio_hidden_state.shape[1], mode="nearest"
            ).transpose(1, 2)

        aligned_shape = (*audio_hidden_state.shape[:2], video_hidden_state.shape[-1])
        aligned_hidden_state = audio_hidden_state.new_zeros(aligned_shape)

        for i, (hidden_state, video_length, audio_length) in enumerate(
            zip(video_hidden_state, video_lengths, audio_lengths)
        ):
            hidden_state = hidden_state[:video_length]
            if hidden_state.numel() > 0 and audio_length > 0:
                interpolated_hidden_state = nn.functional.interpolate(
                    hidden_state[None].transpose(1, 2), size=audio_length, mode="nearest"
                ).transpose(1, 2)[0]
                aligned_hidden_state[i, :audio_length, :] = interpolated_hidden_state

        return aligned_hidden_state
        """,
        "return _aligned_video(video_hidden_state, audio_hidden_state, video_lengths, audio_lengths)",
    ),),
    ("modeling_qwen4_exp", "Qwen4ExpTextQSAIndexer.forward"): ((
        """
        selected_token_indices = torch.full(
            (batch_size, seq_length, self.token_budget + self.compress_ratio - 1),
            -1,
            dtype=torch.int32,
            device=hidden_states.device,
        )
        for batch_idx in range(batch_size):
            for query_idx in range(seq_length):
                local_visible_indices = torch.nonzero(
                    visible_token_indices[batch_idx, 0, query_idx], as_tuple=False
                ).flatten()
                num_complete_blocks = local_visible_indices.shape[-1] // self.compress_ratio
                # Compute selected tokens
                if num_complete_blocks > 0:
                    block_token_indices = local_visible_indices[: num_complete_blocks * self.compress_ratio].view(
                        num_complete_blocks, self.compress_ratio
                    )

                    key_groups = raw_keys[batch_idx].index_select(0, block_token_indices.flatten())
                    key_groups = key_groups.view(*block_token_indices.shape, self.index_head_dim)
                    pooled_keys = key_groups.float().mean(dim=1).to(raw_keys.dtype)
                    pooled_keys = self.k_layernorm(pooled_keys)
                    group_starts = block_token_indices[:, 0]
                    block_key_states = apply_rotary_pos_emb(
                        pooled_keys.unsqueeze(1),
                        cos=full_cos[batch_idx].index_select(0, group_starts),
                        sin=full_sin[batch_idx].index_select(0, group_starts),
                    ).squeeze(1)

                    scores = torch.matmul(
                        q[batch_idx, query_idx].float(), block_key_states.float().transpose(-1, -2)
                    ).transpose(-1, -2)
                    scores = torch.relu(scores).sum(dim=-1) / math.sqrt(self.index_head_dim)

                    selected_block_indices = scores.topk(min(self.block_topk, num_complete_blocks), dim=0).indices
                    # Remap the indices of the blocks to the indices of individual tokens
                    selected_tokens = block_token_indices.index_select(0, selected_block_indices).flatten()
                else:
                    selected_tokens = torch.tensor([], device=hidden_states.device)
                tail = local_visible_indices[num_complete_blocks * self.compress_ratio :]
                selected_tokens = torch.cat([selected_tokens, tail]).to(torch.int32)
                selected_token_indices[batch_idx, query_idx, : selected_tokens.numel()] = selected_tokens

        # Create the selection mask to combine with the main causal mask
        kv_length = attention_mask.shape[-1]
        selected_token_mask = torch.zeros(
            (*selected_token_indices.shape[:-1], kv_length + 1), device=attention_mask.device, dtype=torch.bool
        )
        # We absorb all the -1 by scaterring them to the last index that we will drop
        scatter_indices = torch.where(selected_token_indices >= 0, selected_token_indices, kv_length)
        selected_token_mask = selected_token_mask.scatter(-1, scatter_indices, True)[..., :kv_length].unsqueeze(1)

        return selected_token_mask
        """,
        """
        return _selected_tokens(
            self, q, raw_keys, full_cos, full_sin, visible_token_indices, apply_rotary_pos_emb
        )
        """,
    ),),
    # Every expert runs on the tokens that chose it, those that none chose on no token.
    ("modeling_openai_privacy_filter", "OpenAIPrivacyFilterExperts.forward"): (
        ("expert_hit = torch.greater(expert_mask.sum(dim=(-1, -2)), 0).nonzero()", "expert_hit = range(self.num_experts)"),
        (
            """
            expert_idx = expert_idx[0]
            # skip masking index
            if expert_idx == self.num_experts:
                continue
            """,
            "",
        ),
    ),
    # A bucket for padding that no token is in changes neither the order of the buckets nor what is attended to.
    ("modeling_reformer", "LSHSelfAttention._hash_vectors"): ((
        "if attention_mask is not None and (attention_mask.sum().item() < batch_size * attention_mask.shape[-1]):",
        "if attention_mask is not None:",
    ),),
    # Columns beyond the last position are not cut off; no position reads them.
    ("modeling_reformer", "AxialPositionEmbeddings.forward"): ((
        """
        max_position_id = position_ids.max().item()
        axial_h, axial_w = self.axial_pos_shape
        torch_compilable_check(max_position_id >= 0, "Axial position id underflow.")
        torch_compilable_check(
            max_position_id < axial_h * axial_w,
            "Position id exceeds axial_pos_shape[0] * axial_pos_shape[1].",
        )
        required_pos_encodings_columns = (max_position_id + axial_w) // axial_w
        """,
        "required_pos_encodings_columns = self.axial_pos_shape[0]",
    ), (
        """
        position_encodings = torch.cat(
            [
                torch.index_select(position_encodings[i], 0, position_ids[i]).unsqueeze(0)
                for i in range(batch_size)
            ],
            dim=0,
        )
        """,
        "position_encodings = position_encodings.gather("
        "1, position_ids[..., None].expand(-1, -1, position_encodings.shape[-1]))",
    )),
    ("modeling_slanet", "SLANetSLAHead.forward"): _TABLE_HEAD,
    ("modeling_slanext", "SLANeXtSLAHead.forward"): _TABLE_HEAD,
    # Without keypoints all outputs are empty; what follows says so too.
    ("modeling_superglue", "SuperGlueForKeypointMatching._match_image_pair"): ((
        "if keypoints.shape[2] == 0:  # no keypoints",
        "if isinstance(keypoints.shape[2], int) and keypoints.shape[2] == 0:",
    ),),
    ("modeling_superglue", "normalize_keypoints"): ((
        "size = torch.tensor([width, height], device=keypoints.device, dtype=keypoints.dtype)[None]",
        "size = torch.stack([torch.full((), n, device=keypoints.device, dtype=keypoints.dtype) for n in (width, height)])[None]",
    ),),
    ("modeling_switch_transformers", "SwitchTransformersTop1Router.forward"): ((
        "self.classifier = self.classifier.to(self.dtype)",
        """
        if self.classifier.weight.dtype != self.dtype:
            self.classifier = self.classifier.to(self.dtype)
        """,
    ),),
    ("modeling_nllb_moe", "NllbMoeTop2Router.forward"): ((
        "self._cast_classifier()",
        """
        if self.classifier.weight.dtype != self.dtype:
            self._cast_classifier()
        """,
    ),),
    ("modeling_timesfm", "TimesFmModelForPrediction._preprocess"): _SERIES,
    ("modeling_timesfm", "TimesFmModelForPrediction.forward"): _series_forward("fcontext_len", "inp_min") + ((
        "freq = [0] * len(inputs)",
        "freq = torch.zeros_like(inputs[:, 0]) if isinstance(inputs, torch.Tensor) else [0] * len(inputs)",
    ),),
    ("modeling_timesfm2_5", "TimesFm2_5ModelForPrediction._preprocess"): _SERIES,
    ("modeling_timesfm2_5", "TimesFm2_5ModelForPrediction.forward"): _series_forward("forecast_context_len", "input_min"),
    ("modeling_udop", "combine_image_text_embeddings"): ((
        """
        patch_inds = torch.full_like(image_embeddings[:, :, 0], True).bool()
        ind = torch.cat(
            [
                torch.arange(len(ocr_points))[:, None].repeat(1, ocr_points.size(-1))[:, :, None].to(ocr_points),
                ocr_points[:, :, None],
            ],
            dim=-1,
        )
        ind = ind.flatten(0, 1)
        rows, cols = zip(*ind)
        patch_inds[rows, cols] = False

        input_vision_patches = [image_embeddings[i][patch_inds[i]] for i in range(len(patch_inds))]
        """,
        "",
    ), (
        """
        visual_bbox = [visual_bbox[i][patch_inds[i]] for i in range(len(patch_inds))]

        if attention_mask is not None:
            visual_attention_mask = [
                torch.ones(item.size(0), dtype=attention_mask.dtype, device=attention_mask.device) for item in visual_bbox
            ]
        """,
        "",
    ), (
        """
        inputs_vision_patches = torch.stack(
            [pad_sequence(item, max_len, torch.zeros_like(image_embeddings[0, 0])) for item in input_vision_patches]
        )
        visual_bbox = torch.stack([pad_sequence(item, max_len, torch.zeros_like(bbox[0, 0])) for item in visual_bbox])
        if attention_mask is not None:
            visual_attention_mask = torch.stack(
                [pad_sequence(item, max_len, torch.zeros_like(attention_mask[0, 0])) for item in visual_attention_mask]
            )
        """,
        """
        inputs_vision_patches, visual_bbox, there = _free_patches(image_embeddings, visual_bbox, ocr_points, max_len)
        if attention_mask is not None:
            visual_attention_mask = there.to(attention_mask.dtype)
        """,
    )),
}  # fmt: skip
