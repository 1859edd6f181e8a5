"""How the arguments of a call become the inputs of a task, and its result what transformers' pipeline gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import errors
from ._core import TaskInputs

_NAMED = ("question", "context", "text_pair", "images", "text")


def device_name(device: Any) -> str | None:
    """A device as transformers writes it (-1, 0, "cuda:0", torch.device) as a name of this library; None stays None."""
    if device is None:
        return None
    if isinstance(device, int) and not isinstance(device, bool):
        return "cpu" if device < 0 else f"cuda:{device}"
    return str(device)


class TaskCall:
    """The calling convention of one task, by its definition (an entry of `ipfs_accelerate.tasks()`). Immutable."""

    def __init__(self, definition: Mapping[str, Any], defaults: Mapping[str, Any]):
        self.task: str = definition["name"]
        self.contexts: bool = definition["contexts"]
        self.images: bool = definition["images"]
        self.audio: bool = definition["audio"]
        self.videos: bool = definition["videos"]
        self.texts_only = not (self.images or self.audio or self.videos)
        self.defaults = dict(defaults)
        self.at_call = {p["name"] for p in definition["parameters"] if not p["at_open"]}

    def gather(self, inputs: Any, more: tuple, parameters: dict[str, Any]) -> tuple[TaskInputs, bool, dict[str, Any]]:
        """What the call works on, whether that is one input, and the parameters of the task."""
        gathered = TaskInputs()
        if self.texts_only and isinstance(inputs, str) and not parameters and not more and not self.defaults:
            gathered.add_text(inputs)
            return gathered, True, parameters
        parameters = {**self.defaults, **parameters}
        named = {k: parameters.pop(k) for k in _NAMED if k in parameters and k not in self.at_call}
        if more:  # zero-shot's labels, or question-answering's context, by position
            if "candidate_labels" in self.at_call and "candidate_labels" not in parameters:
                parameters["candidate_labels"], more = more[0], more[1:]
            elif self.contexts and "context" not in named:
                named["context"], more = more[0], more[1:]
            if more:
                raise errors.InvalidArgumentError(f"{self.task} takes no {len(more) + 1} inputs by position; give parameters by name")
        if inputs is None:
            inputs = named.pop("question", named.pop("text", named.pop("images", None)))
        if inputs is None:
            raise errors.InvalidArgumentError(f"{self.task} was given no input")
        single = not self._is_batch(inputs)
        for entry in [inputs] if single else inputs:
            self._add(gathered, entry, parameters)
        contexts = named.pop("context", named.pop("text_pair", None))
        if contexts is not None:
            for context in [contexts] if isinstance(contexts, str) else contexts:
                gathered.add_context(context)
        if named:
            raise errors.InvalidArgumentError(f"{self.task} was given inputs and also {', '.join(named)}; give one of them")
        if isinstance(parameters.get("candidate_labels"), str):
            parameters["candidate_labels"] = [p.strip() for p in parameters["candidate_labels"].split(",") if p.strip()]
        return gathered, single, parameters

    def shaped(self, result: Any, single: bool, parameters: Mapping[str, Any]) -> Any:
        """transformers' nesting: one input gives its own result, but text-classification without top_k a list of it."""
        if not single or not isinstance(result, list):
            return result
        if self.task == "text-classification" and "top_k" not in parameters:
            return result
        return result[0]

    def _is_batch(self, inputs: Any) -> bool:
        """Is it several inputs: a list, unless it is the frames of one video."""
        if not isinstance(inputs, (list, tuple)):
            return False
        return not self.videos or (bool(inputs) and (isinstance(inputs[0], (str, list, tuple)) or hasattr(inputs[0], "__fspath__")))

    def _add(self, gathered: TaskInputs, entry: Any, parameters: dict[str, Any]) -> None:
        if self.audio:
            gathered.add_audio(entry, parameters.pop("sampling_rate", None))
        elif self.videos:
            gathered.add_video(entry)
        elif self.images:
            if isinstance(entry, Mapping):
                if "image" not in entry:
                    raise errors.InvalidArgumentError(f'{self.task}: a dict needs the key "image"; found {", ".join(map(str, entry))}')
                if "candidate_labels" in entry:
                    parameters.setdefault("candidate_labels", entry["candidate_labels"])
                entry = entry["image"]
            gathered.add_image(entry)
        else:
            if isinstance(entry, Mapping):  # {"text", "text_pair"} or {"question", "context"}
                second = entry.get("text_pair", entry.get("context"))
                if second is not None:
                    gathered.add_context(second)
                entry = entry.get("text", entry.get("question"))
            elif isinstance(entry, (tuple, list)) and len(entry) == 2 and self.contexts:
                gathered.add_context(entry[1])
                entry = entry[0]
            if not isinstance(entry, str):
                raise errors.InvalidArgumentError(f"{self.task} works on texts, and an input is a {type(entry).__name__}")
            gathered.add_text(entry)
