"""Skills: models that can be made, shared, checked and called."""

from __future__ import annotations

from typing import Any

from . import errors
from ._core import Model, SkillCore
from .calls import TaskCall, device_name


class Skill:
    """A skill (a folder with skill.json, or ipfs://CID) or a plain model folder, compiled. Thread-safe.

        skill = Skill("path/to/skill")
        skill.process("some text")["result"]

    task: another task than the one it is made for. device: as in `pipeline`. Other keywords are parameters of the task that
    decide what is compiled. A task that is not built in is no error here: `process` then says so, and `process_tensors` works.

    Errors: NotFoundError, InvalidModelError (a digest that is wrong), UnsupportedFormatError (a newer schema), ...
    """

    def __init__(self, path: Any, *, task: str = "", device: Any = None, dtype: str = "auto", threads: int = 0, strict: bool = False, **parameters: Any):
        self.core = SkillCore.open(str(path), task, parameters, device_name(device), dtype, threads, strict)
        definition = self.core.definition
        self._call = TaskCall(definition, {}) if definition is not None else None

    def __repr__(self) -> str:
        return f"Skill({self.name!r}, task={self.task!r})"

    @property
    def name(self) -> str:
        return self.core.name

    @property
    def task(self) -> str | None:
        """None if the task is not built in."""
        return self._call.task if self._call else None

    @property
    def model(self) -> Model:
        """The compiled model."""
        return self.core.model

    @property
    def manifest(self) -> dict[str, Any] | None:
        """What skill.json says; None for a plain model folder."""
        return self.core.manifest

    def process(self, inputs: Any = None, *more: Any, batch_size: int = 0, timeout_ms: float | None = None, **parameters: Any) -> dict[str, Any]:
        """The task on one input or a list of them.

        Returns {result, task, backend, device, requested_device, fallback_reason, model, dtype, truncated, success,
        timing: {load_ms, preprocess_ms, execute_ms, total_ms}}; `result` is that of transformers' pipeline of the task.

        Errors: UnsupportedTaskError if the task is not built in; those of `Pipeline`.
        """
        if self._call is None:
            from ._core import TaskInputs

            return self.core.process(TaskInputs())  # raises, with the reason
        gathered, single, parameters = self._call.gather(inputs, more, parameters)
        out = self.core.process(gathered, parameters, batch_size, timeout_ms)
        out["result"] = self._call.shaped(out["result"], single, parameters)
        return out

    def process_tensors(self, inputs: dict[str, Any], timeout_ms: float | None = None) -> dict[str, Any]:
        """The main graph on arrays by the names of its inputs, whatever the task; `result` holds a Tensor an output."""
        if not isinstance(inputs, dict):
            raise errors.InvalidArgumentError(f"inputs are a {type(inputs).__name__}; expected a dict of arrays by name")
        return self.core.process_tensors(inputs, timeout_ms)
