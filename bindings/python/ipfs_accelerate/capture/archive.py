"""Writing a capture as a `.pt2` archive without weights.

The archive is torch.export's own. What is left out: the bytes of parameters and persistent buffers (they stay in the
safetensors files), stack traces and other local paths, and sample inputs. What is added: `extra/ipfs_accelerate.json`, which names inputs and
outputs and says where each weight is stored. `torch.export.load` reads the archive; its program has meta tensors for
weights.
"""

from __future__ import annotations

import copy
import io
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.export import ExportedProgram

from .exporter import Capture
from .weights import Expression, stored_names, weight_map

SCHEMA = 1
EXTRA = "ipfs_accelerate.json"
_KEPT_METADATA = ("val", "tensor_meta", "nn_module_stack", "torch_fn", "unbacked_bindings")


def write_archive(
    path: Path, model: torch.nn.Module, capture: Capture, stored: dict[str, torch.Size] | None = None
) -> dict[str, Any]:
    """Writes `capture` of `model` to `path`, at once or not at all; returns the added description.

    `stored`: names and shapes of the tensors in the model's safetensors files; by default those that `save_pretrained`
    would write. Parameters and buffers that are not stored are in the archive with their values. Errors: ValueError if a
    constant of the program has no data.
    """
    description = describe(model, capture, stored if stored is not None else stored_names(model))
    program = without_weights(capture.program, set(description["weights"]))
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={EXTRA: json.dumps(description, separators=(",", ":"))})
    write_atomically(path, _rewritten(buffer))
    return description


def describe(model: torch.nn.Module, capture: Capture, stored: dict[str, torch.Size]) -> dict[str, Any]:
    """What `extra/ipfs_accelerate.json` holds."""
    weights: dict[str, Expression] = weight_map(model, stored)
    used = set(capture.program.state_dict)
    config = getattr(model, "config", None)
    return {
        "schema": SCHEMA,
        "class": type(model).__name__,
        "model_type": getattr(config, "model_type", None) or "",
        "transformers_version": transformers.__version__,
        "torch_version": torch.__version__.split("+")[0],
        "inputs": capture.inputs,
        "outputs": capture.outputs,
        "weights": {name: value for name, value in weights.items() if name in used},
        "dynamic": capture.dynamic,
        "way": capture.way,
        "form": capture.form,
        "attention": "operator" if capture.settings and capture.settings.form == "attention" else "inline",
    }


def without_weights(program: ExportedProgram, stored: set[str]) -> ExportedProgram:
    """A copy of `program` whose `stored` state has shapes and no data, and whose nodes show nothing of the local machine."""
    for name, value in program.constants.items():
        if isinstance(value, torch.Tensor) and (value.is_meta or isinstance(value, torch._subclasses.FakeTensor)):
            raise ValueError(f"constant {name} has no data: it was computed from weights that were not there")
    stripped = copy.copy(program)
    stripped._example_inputs = None
    stripped._state_dict = {}
    for name, value in program.state_dict.items():
        bare = value.detach().to("meta") if name in stored else value.detach().clone()
        kept = torch.nn.Parameter(bare, requires_grad=False) if isinstance(value, torch.nn.Parameter) else bare
        stripped._state_dict[name] = kept
    stripped._constants = {
        name: value.detach().clone() if isinstance(value, torch.Tensor) else value
        for name, value in program.constants.items()
        if name not in program.state_dict
    }
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta = {key: value for key, value in node.meta.items() if key in _KEPT_METADATA}
    return stripped


def _rewritten(source: io.BytesIO) -> bytes:
    """The same archive for the same program: no times of writing, entries uncompressed and aligned to 64 bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            info = zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0))
            pad = -(out.tell() + 30 + len(entry.filename.encode()) + 4) % 64
            info.extra = b"FB" + pad.to_bytes(2, "little") + b"Z" * pad
            new.writestr(info, old.read(entry))
    return out.getvalue()


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file beside `path`, then renames it over `path`."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
