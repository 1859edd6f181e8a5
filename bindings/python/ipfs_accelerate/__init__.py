"""IPFS Accelerate: Hugging Face models on any hardware, from one C++ library.

    import ipfs_accelerate as ia

    classify = ia.pipeline("text-classification", "path/to/model")
    classify("a fine day")                                    # the result of transformers' pipeline

    graph = ia.Graph("relu_matmul", [ia.TensorType("f32", ["n", 256]), ia.TensorType("f32", [256, 256])])
    graph.output(ia.ops.relu(graph.inputs[0] @ graph.inputs[1]))
    model = ia.InferenceSession(device="auto").load(graph)
    y, = model.execute([x, w])                                # arrays of NumPy or torch are read in place
    y.numpy()

Needs NumPy for arrays and nothing else; `ipfs_accelerate.capture` and `ipfs_accelerate.exporters` need torch and
transformers, and are imported only when they are asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys

from . import errors
from .errors import Error

_CORE = (
    "Graph", "InferenceSession", "Model", "Task", "TaskInputs", "Tensor", "TensorType", "Tokenizer", "Value", "__version__",
    "classes", "find_model", "generate", "hardware", "infer_task", "ops", "tasks",
)  # fmt: skip
_OWN = {"DType": "dtypes", "Pipeline": "pipelines", "pipeline": "pipelines", "Skill": "skills", "MojoMaxTargetMixin": "mojo_max"}
_LAZY = ("capture", "exporters")

__all__ = sorted({"Error", "errors", *_CORE, *_OWN})

# The sources without the compiled part: capture works, and whatever else is asked for says what is missing.
if importlib.util.find_spec(f"{__name__}._core"):
    from . import _core
    from .dtypes import DType
    from .mojo_max import MojoMaxTargetMixin
    from .pipelines import Pipeline, pipeline
    from .skills import Skill

    globals().update({name: getattr(_core, name) for name in _CORE})
    sys.modules[__name__ + ".ops"] = _core.ops
    sys.modules[__name__ + ".hardware"] = _core.hardware


def __getattr__(name: str):
    if name in _LAZY:
        return importlib.import_module(f".{name}", __name__)
    if name in __all__:
        raise ImportError(f"ipfs_accelerate.{name} needs the compiled part of the package; install it with: pip install .")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_LAZY])
