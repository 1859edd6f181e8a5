"""The model classes of the installed transformers: their names, modules, modalities and families.

Names are read from the class statements of the modeling files, so that listing them imports no model.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto.auto_mappings import CONFIG_MAPPING_NAMES
from transformers.utils.import_utils import BACKENDS_MAPPING

_CLASS_STATEMENT = re.compile(
    r"^(?:@requires\(backends=\(([^)]*)\)\)\n(?:@.*\n)*)?class (\w+)\(([^)]*)\)\s*:", re.MULTILINE
)
_SUBSCRIPT = re.compile(r"\[[^\]]*\]")

# Families whose modality is not told by the words below; everything else is text.
_VIDEO = {
    "timesformer", "vivit", "videomae", "vjepa2", "videomt", "video_llama_3", "video_llava", "videoprism", "pe_video",
    "sam2_video", "sam3_video", "sam3_tracker_video", "sam3_lite_text_video", "edgetam_video", "instructblipvideo", "tvp",
    "x_clip", "xclip", "llava_next_video",
}  # fmt: skip
_TIME_SERIES = {
    "autoformer", "informer", "time_series_transformer", "patchtst", "patchtsmixer", "timesfm", "timesfm2_5", "ctsm",
}  # fmt: skip
_BIOLOGY = {"esm", "esmc", "esmfold2", "evolla"}
_DECISION = {"decision_transformer", "pi0"}
_CODE = {"codegen", "gpt_bigcode", "starcoder2", "plbart"}
_DOCUMENT_WORDS = ("layout", "ocr", "doc", "udop", "donut", "nougat", "markuplm", "tapas", "bros", "pix2struct", "lilt",
                   "trocr", "table_transformer", "kosmos2_5", "slanet", "slanext", "uvdoc", "mgp_str", "florence")  # fmt: skip


def _is_available(backend: str) -> bool:
    return backend not in BACKENDS_MAPPING or BACKENDS_MAPPING[backend][0]()


@functools.cache
def _statements() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Class name -> (module path below transformers, names of its bases), of every file that defines models.

    Classes that transformers itself hides, because a backend is missing, are left out.
    """
    root = Path(transformers.__file__).parent
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    files = [file for pattern in ("models/*/modeling_*.py", "modeling_*.py", "generation/*.py") for file in root.glob(pattern)]
    for file in sorted(files):
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        for backends, name, bases in _CLASS_STATEMENT.findall(file.read_text(encoding="utf-8")):
            if not all(_is_available(backend.strip(" \"'")) for backend in backends.split(",")):
                continue
            parts = _SUBSCRIPT.sub("", bases).split(",")
            found.setdefault(name, (module, tuple(part.strip().split(".")[-1] for part in parts if "=" not in part)))
    return found


@functools.cache
def _model_names() -> frozenset[str]:
    """Names of all classes that descend from PreTrainedModel."""
    statements = _statements()
    names = {"PreTrainedModel"}
    while True:
        more = {name for name, (_, bases) in statements.items() if name not in names and names.intersection(bases)}
        if not more:
            return frozenset(names)
        names |= more


@functools.cache
def _public() -> dict[str, str]:
    """Public class name -> module path below transformers."""
    return dict(transformers._class_to_module)


def list_classes() -> list[str]:
    """Names of the concrete public PreTrainedModel classes, in alphabetical order."""
    public = _public()
    return sorted(name for name in _model_names() if name in public and not name.endswith("PreTrainedModel"))


def list_auto_classes() -> list[str]:
    """Names of the public AutoModel classes, in alphabetical order."""
    return sorted(name for name in _public() if name.startswith("AutoModel"))


@functools.cache
def auto_class_members(auto_name: str) -> tuple[str, ...]:
    """The concrete classes that `AutoModelX.from_config` can build, in the order of transformers' mapping."""
    mapping = getattr(getattr(transformers, auto_name), "_model_mapping", None)
    if mapping is None:
        return ()
    concrete = set(list_classes())
    names: list[str] = []
    for value in mapping._model_mapping.values():
        for name in value if isinstance(value, (tuple, list)) else (value,):
            if name in concrete and name not in names:
                names.append(name)
    return tuple(names)


def module_of(class_name: str) -> str:
    """Name of the transformers folder that defines the class, such as "bert"."""
    try:
        module = _public()[class_name]
    except KeyError:
        raise ValueError(f"{class_name!r} is no public class of transformers {transformers.__version__}") from None
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def model_class(class_name: str) -> type:
    """The class itself; imports its module."""
    module_of(class_name)
    return getattr(transformers, class_name)


def _attribute(class_name: str, name: str, fallback: Any) -> Any:
    """An attribute of the class; `fallback` also where a dependency of the class is missing."""
    try:
        return getattr(model_class(class_name), name, fallback)
    except ImportError:
        return fallback


def family_of(class_name: str) -> str:
    """The model_type of the class's configuration, such as "bert", or its folder's name where it has none."""
    config = _attribute(class_name, "config_class", None)
    return getattr(config, "model_type", "") or module_of(class_name)


def modality_of(class_name: str) -> str:
    """One of text, code, image, audio, video, multimodal, document, biology, time_series, decision."""
    folder = module_of(class_name)
    for modality, folders in (("video", _VIDEO), ("time_series", _TIME_SERIES), ("biology", _BIOLOGY),
                              ("decision", _DECISION), ("code", _CODE)):  # fmt: skip
        if folder in folders:
            return modality
    if any(word in folder for word in _DOCUMENT_WORDS):
        return "document"
    declared = _attribute(class_name, "input_modalities", "text")
    kinds = {declared} if isinstance(declared, str) else set(declared)
    if len(kinds) > 1:
        return "multimodal"
    return {"image": "image", "audio": "audio", "video": "video", "time": "time_series"}.get(kinds.pop(), "text")


def known_model_types() -> list[str]:
    """Every model_type of the installed transformers."""
    return sorted(CONFIG_MAPPING_NAMES)
