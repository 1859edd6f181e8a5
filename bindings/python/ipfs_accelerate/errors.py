"""The exceptions of the package: one class a code of the C++ library, in groups.

    Error
      UserError       the request is wrong        (also ValueError, TypeError or LookupError where one fits)
      ModelError      the files are wrong, or of a kind that is not supported
      BackendError    a device, engine or kernel cannot serve
      SystemFailure   input and output, memory, time

Each has `code` ("invalid_shape"), `group` ("user"), `message` and `context`, the files and nodes that it came through.
"""

from __future__ import annotations


class Error(Exception):
    """Anything that the library reports."""

    code = "internal"
    group = "system"

    def __init__(self, message: str, context: list[str] | None = None):
        self.message = message
        self.context = list(context or [])
        super().__init__("".join([message, *(f"\n  in {frame}" for frame in self.context)]))

    def __reduce__(self):
        return type(self), (self.message, self.context)


class UserError(Error):
    """The request is wrong."""

    group = "user"


class ModelError(Error):
    """The files are wrong, or of a kind that is not supported."""

    group = "model"


class BackendError(Error):
    """A device, engine or kernel cannot serve."""

    group = "backend"


class SystemFailure(Error):
    """Input and output, memory, time, or a fault of the library."""


class InvalidArgumentError(UserError, ValueError):
    code = "invalid_argument"


class NotFoundError(UserError, LookupError):
    code = "not_found"


class InvalidShapeError(UserError, ValueError):
    code = "invalid_shape"


class InvalidDtypeError(UserError, TypeError):
    code = "invalid_dtype"


class UnsupportedTaskError(UserError, NotImplementedError):
    code = "unsupported_task"


class InvalidModelError(ModelError, ValueError):
    code = "invalid_model"


class InvalidWeightsError(ModelError, ValueError):
    code = "invalid_weights"


class UnsupportedModelError(ModelError, NotImplementedError):
    code = "unsupported_model"


class UnsupportedFormatError(ModelError, NotImplementedError):
    code = "unsupported_format"


class InvalidGraphError(ModelError, ValueError):
    code = "invalid_graph"


class BackendUnavailableError(BackendError):
    code = "backend_unavailable"


class UnsupportedOpError(BackendError, NotImplementedError):
    code = "unsupported_op"


class CompileFailedError(BackendError):
    code = "compile_failed"


class ExecutionFailedError(BackendError):
    code = "execution_failed"


class IoError(SystemFailure, OSError):
    code = "io_error"


class OutOfMemoryError(SystemFailure, MemoryError):
    code = "out_of_memory"


class CancelledError(SystemFailure):
    code = "cancelled"


class DeadlineExceededError(SystemFailure, TimeoutError):
    code = "deadline_exceeded"


class InternalError(SystemFailure):
    code = "internal"


def _classes(base: type[Error]) -> dict[str, type[Error]]:
    found = {}
    for group in base.__subclasses__():
        found.update({cls.code: cls for cls in group.__subclasses__()})
    return found


_BY_CODE = _classes(Error)


def make_error(code: str, group: str, message: str, context: list[str]) -> Error:
    """The exception of a code; of a code without a class of its own, one of its group."""
    groups = {"user": UserError, "model": ModelError, "backend": BackendError, "system": SystemFailure}
    error = _BY_CODE.get(code, groups[group])(message, context)
    error.code = code
    return error
