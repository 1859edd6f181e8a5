"""Small configurations: one set of rules by field name, then the per-family tables.

`shrink(ConfigClass)` starts from the class's defaults and reduces widths, depths and vocabularies so that they stay
consistent; every kind of layer that the defaults contain stays present.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from transformers import PreTrainedConfig

VOCABULARY = 512
WIDTH = 64
INNER_WIDTH = 96
HEADS = 4
HEAD_WIDTH = 16

# A mode says how widths shrink: to one common width; to an eighth; to a quarter, the same value to the same value wherever
# it stands (pyramids, whose stages refer to each other); or not at all (layers and vocabulary only).
UNIFORM, EIGHTH, QUARTER, KEEP = "uniform", "eighth", "quarter", "keep"

# Fields that describe no size of the model.
_SKIP = {
    "transformers_version", "architectures", "dtype", "_name_or_path", "id2label", "label2id", "num_labels",
    "problem_type", "output_hidden_states", "output_attentions", "return_dict", "is_encoder_decoder",
    "chunk_size_feed_forward", "use_cache",
}  # fmt: skip

# Integer fields with a value of their own: name -> the most that is kept.
_AT_MOST = {
    "first_k_dense_replace": 1, "num_dense_layers": 1, "moe_layer_start_index": 1,
    "num_nextn_predict_layers": 1, "num_mtp_layers": 1,
    "num_experts_per_tok": 2, "num_experts_per_token": 2, "moe_topk": 2, "moe_k": 2, "top_k_experts": 2,
    "n_group": 1, "topk_group": 1, "num_expert_group": 1,
    "attn_layer_period": 2, "expert_layer_period": 2, "full_attention_interval": 2, "sliding_window_pattern": 2,
    "attn_layer_offset": 1, "expert_layer_offset": 1,
    "moe_layer_freq": 2, "global_attn_every_n_layers": 2, "moe_layer_interval": 2,
    "num_queries": 10, "num_query_tokens": 6, "num_latents": 6, "n_latents": 6, "resampler_n_latents": 6,
    "max_num_bins": 16, "num_proposals": 10, "num_object_queries": 10,
    "index_topk": 4, "index_head_dim": 16, "index_n_heads": 4,
    "q_lora_rank": 16, "kv_lora_rank": 16, "num_denoising": 4,
    "qk_rope_head_dim": 8, "qk_nope_head_dim": 16, "v_head_dim": 16, "qk_head_dim": 24,
    "d_kv": 16, "d_head": 16, "kv_channels": 16,
    "upsample_groups": 64, "mm_tokens_per_image": 4, "linear_key_head_dim": 16, "linear_value_head_dim": 16, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
}  # fmt: skip

_LAYERS = re.compile(r"(^|_)(n_layers?|num_layers|layers|depth|num_blocks|n_block|num_block)$|num_(hidden|encoder|decoder)_layers?$|^num_\w+_layers$")  # fmt: skip
_NOT_LAYERS = re.compile(r"conv|feat_extract|no_rope|skip|exclude|cross_attention_layers|fullatt|deepstack|feature_layer|upsampl|max_window|shared?_")  # fmt: skip
_EXPERTS = re.compile(r"^(num_experts|n_routed_experts|num_local_experts|moe_num_experts|num_expert|n_experts|num_routed_experts|ffn_num_experts)$")  # fmt: skip
_VOCABULARY = re.compile(r"vocab_size$|^n_vocab$|_vocab$")
_POSITIONS = re.compile(r"^(max_position_embeddings|n_positions|max_seq_len\w*|n_ctx|max_sequence_length)$")
_KEY_HEADS = re.compile(r"key_value_heads|kv_heads|num_kv|key_value_head")
_HEADS = re.compile(r"(^|_)(num_heads|n_heads?|attention_heads|heads|nheads|n_head)$")
_HEAD_WIDTH = re.compile(r"head_dim$|head_size$|dim_head$|key_dim$")
_IMAGE_SIZE = {"image_size", "img_size", "crop_size", "input_image_size"}
_INNER = re.compile(r"intermediate|ffn|mlp_dim|d_ff|n_inner|feedforward|ff_dim|feed_forward|dim_ff|mlp_hidden|inner_dim")
_WIDTH = re.compile(r"hidden_size|d_model|n_embd|n_embed|hidden_channels|^width$|_width$|_dim$|^dim$|_size$|_channels$|_features$")  # fmt: skip
_NOT_WIDTH = re.compile(
    r"vocab|image|patch|kernel|window|stride|chunk|block|crop|pad|batch|cache|tile|grid|max_|num_|in_channels|input_channels"
    r"|_ratio|sampling|frame|hop|fft|n_mels|mel|spatial|temporal|merge|conv_size|bias|pos_|position|type_|context|query_size"
    r"|queue|pool|resolution|codebook|group|rope|lora|state_size|rank|bucket|segment|axial|input_size|prediction|horizon|freq"
    r"|lag|feature_size|target_size|downsample|scale|sequence|output_channels|out_channels|bbox|coordinate|_shape"
)
_TOKEN_ID = re.compile(r"(_token_id|_token_index|_token|_token_ids|_id|_ids|_idx|_index|_indexes|_token_indexes)$")
_DEPTH_LISTS = {"depths", "layers", "num_blocks", "stage_blocks", "block_depths", "num_block_repeats", "stage_repeats",
                "layer_depths", "depth", "num_stages_blocks"}  # fmt: skip
_WIDTH_LIST = re.compile(r"hidden_sizes|embed_dims?|dims?$|channels|neck_hidden|widths|hidden_size")
_NOT_WIDTH_LIST = re.compile(r"in_channels|window|patch|kernel|group|stride|scale|pool|image|conv_dim|tdnn")
_LAYER_TYPE_LISTS = ("layer_types", "layers_block_type", "block_types_list", "layer_type_list", "mlp_layer_types",
                     "attn_types")  # fmt: skip


def walk(config: PreTrainedConfig, seen: set[int] | None = None) -> Iterator[PreTrainedConfig]:
    """The configuration and every configuration inside it, outermost first."""
    seen = set() if seen is None else seen
    if id(config) in seen:
        return
    seen.add(id(config))
    yield config
    for value in list(vars(config).values()):
        for item in value.values() if isinstance(value, dict) else (value,):
            if isinstance(item, PreTrainedConfig):
                yield from walk(item, seen)


def read(config: PreTrainedConfig, name: str, default: Any = None) -> Any:
    """The field's value; the default where it has none, or one for each layer."""
    try:
        return getattr(config, name, default)
    except RuntimeError:
        return default


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _quarter(value: int) -> int:
    return value // 4 if value >= 32 and value % 4 == 0 else value


def _plain(value: Any) -> Any:
    """Tuples as lists, as a configuration read from JSON has them."""
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _shrink_int(name: str, value: int, mode: str, base: dict[str, Any]) -> int:
    """The small value of an integer field; `base` holds all fields of the defaults."""
    low = name.lower()
    if _TOKEN_ID.search(low):
        return value
    if _VOCABULARY.search(low):
        return min(value, VOCABULARY)
    if low in _AT_MOST and (mode != KEEP or low.startswith(("num_ex", "first_k", "n_group", "topk"))):
        return min(value, _AT_MOST[low])
    if _LAYERS.search(low) and not _NOT_LAYERS.search(low):
        return min(value, 2)
    if _EXPERTS.search(low):
        return min(value, 4)
    if _POSITIONS.search(low):
        return min(value, 512)
    if low in _IMAGE_SIZE:
        patch = base.get("patch_size") or base.get("vision_patch_size")
        patch = patch[-1] if isinstance(patch, (list, tuple)) else patch
        return min(value, patch * 4 if _is_int(patch) and patch >= 8 else 64)
    if mode == KEEP:
        return value
    if mode == QUARTER:
        wide = _INNER.search(low) or _WIDTH.search(low) and not _NOT_WIDTH.search(low) or "out_channels" in low
        return _quarter(value) if wide else value
    if low == "max_source_positions":
        return min(value, 64) if value <= 3000 else 512
    if low in ("max_target_positions", "max_text_len"):
        return min(value, 128)
    uniform = mode == UNIFORM
    if _KEY_HEADS.search(low):
        heads = next((base[k] for k in ("num_attention_heads", "num_heads", "n_head") if _is_int(base.get(k))), value)
        return value if not uniform else 1 if value == 1 else HEADS if value == heads else 2
    if _HEADS.search(low):
        return min(value, HEADS) if uniform else value
    if _HEAD_WIDTH.search(low):
        return value if value <= HEAD_WIDTH else HEAD_WIDTH if uniform else max(8, value // 8)
    if low.endswith(("lora_rank", "_rank")):
        return min(value, 16)
    if _INNER.search(low) and value > WIDTH:
        return INNER_WIDTH if uniform else max(16, value // 8)
    if _WIDTH.search(low) and not _NOT_WIDTH.search(low) and value > WIDTH:
        return WIDTH if uniform else max(16, value // 8)
    if low in ("sliding_window", "attention_window") and value > 8:
        return 4
    return value


def _shrink_ints(name: str, value: list[int], mode: str) -> list[int]:
    """The small value of a field that is a list of integers."""
    low = name.lower()
    if low in _DEPTH_LISTS:
        return [min(item, 1) if item < 20 else 2 for item in value]
    if low in _IMAGE_SIZE or "resolution" in low:
        return [min(item, 64) for item in value] if max(value) < 2000 else value
    if mode == KEEP or low == "mrope_section":
        return value
    if mode == QUARTER:
        wide = _WIDTH_LIST.search(low) and not re.search("window|patch|kernel|group|stride|scale|pool|image", low)
        return [_quarter(item) for item in value] if wide else value
    if "heads" in low:
        return [max(1, item // min(value)) for item in value] if mode == UNIFORM else value
    if low in ("conv_dim", "tdnn_dim"):
        return [32] * len(value) if min(value) > 32 else value
    if _WIDTH_LIST.search(low) and not _NOT_WIDTH_LIST.search(low) and max(value) > WIDTH:
        factor = 1
        while min(value) // (factor * 2) >= 16 and all(item % (factor * 2) == 0 for item in value):
            factor *= 2
        return [item // factor for item in value]
    if low == "attention_window":
        return [4, 4]
    return value


def _defaults(config_class: type, instance: PreTrainedConfig) -> dict[str, Any]:
    return {field.name: read(instance, field.name, _declared(field)) for field in dataclasses.fields(config_class)}


def _declared(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None


def _kinds_of_layers(config_class: type, base: dict[str, Any]) -> dict[str, Any]:
    """Layer-type lists cut to one layer of each kind that occurs, and the number of layers that goes with them."""
    lists = {name: list(base[name]) for name in _LAYER_TYPE_LISTS
             if isinstance(base.get(name), (list, tuple)) and base[name] and isinstance(base[name][0], str)}  # fmt: skip
    count = getattr(config_class, "attribute_map", {}).get("num_hidden_layers", "num_hidden_layers")
    if not lists or count not in base:
        return {}
    length = min(len(items) for items in lists.values())
    kinds = list(dict.fromkeys(tuple(items[i] for items in lists.values()) for i in range(length)))
    kinds = (kinds * 2 if len(kinds) == 1 else kinds)[:6]
    return {name: [kind[i] for kind in kinds] for i, name in enumerate(lists)} | {count: len(kinds)}


def _unset_widths(base: dict[str, Any], mode: str) -> dict[str, Any]:
    """Head widths and counts that the class neither defaults nor derives."""
    if mode != UNIFORM:
        return {}
    wished = {"head_dim": HEAD_WIDTH, "num_key_value_heads": 2}
    return {name: value for name, value in wished.items() if name in base and base[name] is None}


def _sections(config_class: type, base: dict[str, Any], small: dict[str, Any]) -> dict[str, Any]:
    """Multi-axis rotary sections that fit the small head width."""
    key = next((k for k in ("rope_parameters", "rope_scaling") if k in base), None)
    if key is None:
        return {}
    rope = dict(base[key]) if isinstance(base[key], dict) else {}
    ignored = getattr(config_class, "ignore_keys_at_rope_validation", None) or ()
    if "mrope_section" not in rope and "mrope_section" not in ignored:
        return {}
    value = {**base, **small}
    heads = value.get("num_attention_heads") or value.get("num_heads") or 1
    width = small.get("head_dim") or (base.get("head_dim") if "head_dim" in base and _declared_width(config_class) else None)
    width = width or value["hidden_size"] // heads
    half = int(width * (rope.get("partial_rotary_factor") or 1.0)) // 2
    sections = rope.get("mrope_section") or [2, 3, 3]
    scaled = [max(1, item * half // sum(sections)) for item in sections]
    scaled[-1] += half - sum(scaled)
    rope = rope or {"rope_type": "default", "rope_theta": 10000.0}
    return {key: {**rope, "mrope_section": scaled}}


def _declared_width(config_class: type) -> bool:
    """Whether the class's head_dim is a default of its own, not derived from other fields."""
    return any(f.name == "head_dim" and _is_int(_declared(f)) for f in dataclasses.fields(config_class))


def shrink(
    config_class: type,
    overrides: dict[str, dict[str, Any]],
    modes: dict[str, str],
    instance: PreTrainedConfig | None = None,
    mode: str | None = None,
) -> PreTrainedConfig:
    """A small instance of the class.

    config_class: a PreTrainedConfig class. overrides, modes: the family tables, keyed by configuration class name.
    instance: the defaults to start from (a parent's sub-configuration); None: `config_class()`.
    """
    table = overrides.get(config_class.__name__) or {}
    nested = instance is not None
    if callable(table):
        return table(instance)
    try:
        fresh = config_class()
    except Exception:
        if not nested:
            raise
        fresh = instance  # the class has no defaults of its own: what the parent gave is all there is
    instance = fresh if instance is None else instance
    base = _defaults(config_class, instance)
    mode = modes.get(config_class.__name__, mode or _mode_of(base))
    small: dict[str, Any] = {}
    for field in dataclasses.fields(config_class):
        name, current, declared = field.name, base[field.name], _declared(field)
        if name in _SKIP or name in _LAYER_TYPE_LISTS or name in table:
            continue
        if isinstance(current, PreTrainedConfig):
            inherited = modes.get(config_class.__name__) or (QUARTER if mode == QUARTER else None)
            small[name] = shrink(type(current), overrides, modes, current, inherited)
            continue
        if isinstance(current, dict) and current and all(isinstance(v, PreTrainedConfig) for v in current.values()):
            small[name] = {k: shrink(type(v), overrides, modes, v) for k, v in current.items()}
            continue
        given = declared is None and isinstance(current, (bool, int, float, str)) and current != read(fresh, name)
        kept = nested and (given or declared is not None and type(current) is type(declared))
        value = current if kept else declared
        if value is None:
            continue
        if _is_int(value):
            reduced: Any = _shrink_int(name, value, mode, base)
        elif isinstance(value, (list, tuple)) and value and all(_is_int(item) for item in value):
            reduced = _shrink_ints(name, list(value), mode)
        else:
            reduced = _plain(value)
        if reduced != declared:
            small[name] = reduced
    small |= _unset_widths(base, mode)
    small |= _kinds_of_layers(config_class, base)
    small |= _backbone_taps(config_class, base, instance) if nested else {}
    small |= _sections(config_class, base, small)
    for name, value in table.items():
        small[name] = value({**base, **small}) if callable(value) else copy.deepcopy(value)
    return config_class(**small)


def _mode_of(base: dict[str, Any]) -> str:
    """Pyramids, which have lists of widths, keep the proportions of their stages."""
    wide = [name for name, value in base.items()
            if isinstance(value, (list, tuple)) and value and all(_is_int(item) for item in value) and max(value) > WIDTH
            and _WIDTH_LIST.search(name) and not re.search("conv_dim|tdnn", name)]  # fmt: skip
    return QUARTER if wide else UNIFORM


def _backbone_taps(config_class: type, base: dict[str, Any], instance: PreTrainedConfig) -> dict[str, Any]:
    """A transformer backbone gets as many layers as stages are tapped; a pyramid keeps its taps."""
    taps = getattr(instance, "out_features", None)
    if not taps:
        return {}
    pyramid = any(isinstance(base.get(name), (list, tuple)) for name in ("depths", "hidden_sizes"))
    if "num_hidden_layers" in base and not pyramid:
        layers = max(2, len(taps))
        return {"num_hidden_layers": layers, "out_indices": list(range(layers + 1 - len(taps), layers + 1))}
    if any(field.name in ("out_features", "_out_features") for field in dataclasses.fields(config_class)):
        return {"out_features": list(taps)}
    return {}


def settle_token_ids(config: PreTrainedConfig) -> None:
    """Moves special token ids that lie outside a shrunk vocabulary inside it; equal ids stay equal."""
    sizes = [v for part in walk(config) for k in ("vocab_size", "n_vocab", "text_vocab_size")
             if _is_int(v := read(part, k)) and v > 0]  # fmt: skip
    smallest = min((size for size in sizes if size >= 64), default=max(sizes, default=VOCABULARY))
    moved: dict[int, int] = {}

    def move(value: int, limit: int) -> int:
        if value < limit:
            return value
        return moved.setdefault(value, smallest - 1 - len(moved))

    for part in walk(config):
        own = read(part, "vocab_size")
        limit = min(own if _is_int(own) and own > 0 else smallest, max(sizes, default=VOCABULARY))
        for name, value in list(vars(part).items()):
            if name.startswith("_") or not _TOKEN_ID.search(name):
                continue
            if _is_int(value):
                setattr(part, name, move(value, limit))
            elif isinstance(value, (list, tuple)) and value and all(_is_int(item) for item in value):
                setattr(part, name, type(value)(move(item, limit) for item in value))
        pad = read(part, "pad_token_id")
        if pad is None or (_is_int(pad) and pad < 0):
            part.pad_token_id = 0
        if getattr(part, "use_cache", False):
            part.use_cache = False
    if read(config, "is_encoder_decoder") and read(config, "decoder_start_token_id") is None:
        config.decoder_start_token_id = read(config, "pad_token_id", 0)
