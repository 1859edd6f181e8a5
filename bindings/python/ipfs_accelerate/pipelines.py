"""`pipeline`: a model folder as a function, called and answering as transformers' pipeline of the same task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import errors
from ._core import Model, Task, Tokenizer, infer_task, tasks
from .calls import TaskCall, device_name


class Pipeline:
    """A model, compiled for one task. Thread-safe.

    `pipe(inputs, **parameters)` takes one input or a list of them and gives transformers' result: of one input its own
    result, of a list a list. `pipe.run(...)` gives a dict with the result, `backend`, `device`, `requested_device`,
    `fallback_reason`, `model`, `success` and `timing`.
    """

    def __init__(self, core: Task, defaults: Mapping[str, Any]):
        self.core = core
        self._call = TaskCall(core.definition, defaults)

    def __repr__(self) -> str:
        return f"Pipeline({self.task!r}, device={self.model.device!r})"

    @property
    def task(self) -> str:
        return self._call.task

    @property
    def model(self) -> Model:
        """The compiled model."""
        return self.core.model

    @property
    def tokenizer(self) -> Tokenizer | None:
        """None for tasks without texts."""
        return self.core.tokenizer

    def __call__(self, inputs: Any = None, *more: Any, batch_size: int = 0, timeout_ms: float | None = None, **parameters: Any) -> Any:
        """Errors: InvalidArgumentError for inputs or parameters that the task cannot take; those of Model.execute."""
        gathered, single, parameters = self._call.gather(inputs, more, parameters)
        result = self.core.run(gathered, parameters, batch_size, timeout_ms)
        return self._call.shaped(result, single, parameters)

    def run(self, inputs: Any = None, *more: Any, batch_size: int = 0, timeout_ms: float | None = None, **parameters: Any) -> dict[str, Any]:
        """As calling, with where and how it was computed around the result."""
        gathered, single, parameters = self._call.gather(inputs, more, parameters)
        out = self.core.run(gathered, parameters, batch_size, timeout_ms, True)
        out["result"] = self._call.shaped(out["result"], single, parameters)
        return out


def pipeline(
    task: str | None = None,
    model: Any = None,
    device: Any = None,
    *,
    dtype: str = "auto",
    threads: int = 0,
    strict: bool = False,
    **parameters: Any,
) -> Pipeline:
    """Opens a model folder for a task.

    task: a name of transformers' pipelines (`ipfs_accelerate.tasks()` lists them); None: what the folder is made for.
    model: a Hugging Face folder, or a folder of the hub's cache. device: None or "auto", a backend ("cpu", "openvino",
    "max", "mojo_max", "cuda:0"), or as transformers writes it (-1, 0). strict: a device that cannot serve is an error instead of a
    fallback. Other keywords are parameters of the task, used in every call unless the call gives its own.

    Errors: UnsupportedTaskError, NotFoundError, UnsupportedModelError, InvalidArgumentError, ...
    """
    if model is None:
        raise errors.InvalidArgumentError("pipeline needs a model: the folder of one")
    path = str(model)
    name = task or infer_task(path)
    specs = {p["name"]: p for d in tasks() if name == d["name"] or name in d["aliases"] for p in d["parameters"]}
    at_open = {k: parameters.pop(k) for k in list(parameters) if specs.get(k, {}).get("at_open")}
    opened = Task.open(path, name, at_open, device_name(device), dtype, threads, strict)
    return Pipeline(opened, parameters)
