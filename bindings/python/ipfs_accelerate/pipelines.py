"""`pipeline`: a model folder as a function, called and answering as transformers' pipeline of the same task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import errors
from ._core import Task, TaskInputs, infer_task, tasks


def device_name(device: Any) -> str | None:
    """A device as transformers writes it (-1, 0, "cuda:0", torch.device) as a name of this library; None stays None."""
    if device is None:
        return None
    if isinstance(device, int) and not isinstance(device, bool):
        return "cpu" if device < 0 else f"cuda:{device}"
    return str(device)


class Pipeline:
    """A model, compiled for one task. Thread-safe.

    `pipe(inputs, **parameters)` takes one input or a list of them and gives transformers' result: of one input its own
    result, of a list a list. `pipe.run(...)` gives a dict with the result, `backend`, `device`, `requested_device`,
    `fallback_reason`, `model`, `success` and `timing`.
    """

    def __init__(self, task: Task, defaults: Mapping[str, Any]):
        self.core = task
        self.definition = task.definition
        self.task = task.name
        self._defaults = dict(defaults)
        self._at_call = {p["name"] for p in self.definition["parameters"] if not p["at_open"]}

    def __repr__(self) -> str:
        return f"Pipeline({self.task!r}, device={self.core.model.device!r})"

    @property
    def model(self):
        """The compiled model."""
        return self.core.model

    @property
    def tokenizer(self):
        """The tokenizer, or None for tasks without texts."""
        return self.core.tokenizer

    def __call__(self, inputs: Any = None, *more: Any, batch_size: int = 0, timeout_ms: float | None = None, **parameters: Any) -> Any:
        """Errors: those of Task.run, as classes of ipfs_accelerate.errors."""
        gathered, single, parameters = self._gather(inputs, more, parameters)
        result = self.core.run(gathered, parameters, batch_size, timeout_ms)
        return self._shaped(result, single, parameters)

    def run(self, inputs: Any = None, *more: Any, batch_size: int = 0, timeout_ms: float | None = None, **parameters: Any) -> dict[str, Any]:
        """As calling, with where and how it was computed around the result."""
        gathered, single, parameters = self._gather(inputs, more, parameters)
        out = self.core.run(gathered, parameters, batch_size, timeout_ms, True)
        out["result"] = self._shaped(out["result"], single, parameters)
        return out

    def _gather(self, inputs: Any, more: tuple, parameters: dict[str, Any]) -> tuple[TaskInputs, bool, dict[str, Any]]:
        """What the call works on, whether that is one input, and the parameters of the task."""
        definition, gathered = self.definition, TaskInputs()
        parameters = {**self._defaults, **parameters}
        named = {k: parameters.pop(k) for k in ("question", "context", "text_pair", "images", "text") if k in parameters and k not in self._at_call}
        if more:  # zero-shot's labels, or question-answering's context, by position
            if "candidate_labels" in self._at_call and "candidate_labels" not in parameters:
                parameters["candidate_labels"], more = more[0], more[1:]
            elif definition["contexts"] and "context" not in named:
                named["context"], more = more[0], more[1:]
            if more:
                raise errors.InvalidArgumentError(f"{self.task} takes no {len(more) + 1} inputs by position; give parameters by name")
        if isinstance(parameters.get("candidate_labels"), str):
            parameters["candidate_labels"] = [p.strip() for p in parameters["candidate_labels"].split(",") if p.strip()]
        if inputs is None:
            inputs = named.pop("question", named.pop("text", named.pop("images", None)))
        contexts = named.get("context", named.get("text_pair"))
        if inputs is None:
            raise errors.InvalidArgumentError(f"{self.task} was given no input")
        single = not _is_batch(inputs, definition)
        for entry in [inputs] if single else inputs:
            self._add(gathered, entry, parameters)
        if contexts is not None:
            for context in [contexts] if isinstance(contexts, str) else contexts:
                gathered.add_context(context)
        return gathered, single, parameters

    def _add(self, gathered: TaskInputs, entry: Any, parameters: dict[str, Any]) -> None:
        definition = self.definition
        if definition["audio"]:
            rate = parameters.get("sampling_rate") if "sampling_rate" not in self._at_call else None
            gathered.add_audio(entry, rate)
        elif definition["videos"]:
            gathered.add_video(entry)
        elif definition["images"]:
            if isinstance(entry, Mapping):
                if "candidate_labels" in entry:
                    parameters.setdefault("candidate_labels", entry["candidate_labels"])
                entry = entry["image"]
            gathered.add_image(entry)
        else:
            if isinstance(entry, Mapping):  # {"text", "text_pair"} or {"question", "context"}
                first = entry.get("text", entry.get("question"))
                second = entry.get("text_pair", entry.get("context"))
                if second is not None:
                    gathered.add_context(second)
                entry = first
            elif isinstance(entry, (tuple, list)) and len(entry) == 2 and definition["contexts"]:
                gathered.add_context(entry[1])
                entry = entry[0]
            if not isinstance(entry, str):
                raise errors.InvalidArgumentError(f"{self.task} works on texts, and an input is a {type(entry).__name__}")
            gathered.add_text(entry)

    def _shaped(self, result: Any, single: bool, parameters: dict[str, Any]) -> Any:
        """transformers' nesting: one input gives its own result, but text-classification without top_k a list of it."""
        if not single or not isinstance(result, list):
            return result
        one = result[0]
        if self.task == "text-classification" and "top_k" not in parameters:
            return [one]
        return one


def _is_batch(inputs: Any, definition: Mapping[str, Any]) -> bool:
    """Is it several inputs: a list that is no picture, no sound, no video."""
    if not isinstance(inputs, (list, tuple)):
        return False
    if not definition["videos"]:
        return True
    # frames of one video, or several videos: a picture has no pictures in it
    return bool(inputs) and (isinstance(inputs[0], (str, list, tuple)) or hasattr(inputs[0], "__fspath__"))


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
