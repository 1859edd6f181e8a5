"""What the generated Python classes of skills have in common, and their source."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import errors
from .mojo_max import MojoMaxTargetMixin, is_requested
from .skills import Skill


class GeneratedSkill(MojoMaxTargetMixin):
    """A model as a class: `process(inputs)` gives the result and how it was computed.

    device: None follows the policy of `MojoMaxTargetMixin`; else a name as in `ipfs_accelerate.pipeline`. The model is opened by the
    first `process`, so that making the object needs neither the model nor the device.
    """

    MODEL = ""
    ARCHITECTURE = ""
    TASK = ""
    DEVICE: str | None = None
    BUNDLE: Path | None = None

    def __init__(self, device: str | None = None):
        self.requested_device = device or self.DEVICE or ("mojo_max" if is_requested() else None)

    @property
    def device(self) -> str:
        """The device that is asked for: the given one, else the first that works by policy."""
        return self.requested_device or self.get_default_device_with_mojo_max()

    @property
    def skill(self) -> Skill:
        """The compiled skill. Errors: NotFoundError if neither the bundle nor the model is there, ..."""
        bundle = self.BUNDLE
        return self._skill_on(str(bundle) if bundle is not None and bundle.is_dir() else self.MODEL, self.device)

    def process(self, inputs: Any, **options: Any) -> dict[str, Any]:
        """The task on one input or a list of them.

        Returns {result, task, backend, device, requested_device, fallback_reason, model, success, timing, ...}: `result`
        is that of transformers' pipeline of the task. Errors: classes of ipfs_accelerate.errors.
        """
        out = self.skill.process(inputs, **options)
        out["model"] = self.MODEL
        return out

    @classmethod
    def main(cls, arguments: list[str] | None = None) -> int:
        """Runs the skill from a command line: inputs as arguments, the result as JSON."""
        parser = argparse.ArgumentParser(description=cls.__doc__)
        parser.add_argument("inputs", nargs="+")
        parser.add_argument("--device")
        given = parser.parse_args(arguments)
        try:
            inputs = given.inputs[0] if len(given.inputs) == 1 else given.inputs
            print(json.dumps(cls(given.device).process(inputs), ensure_ascii=False))
        except errors.Error as error:
            print(json.dumps({"success": False, "error": {"code": error.code, "message": error.message, "context": error.context}}))
            return 1
        return 0


def module_name(model: str) -> str:
    """"skill_hf_bert_base_uncased" of "bert-base-uncased"."""
    return "skill_hf_" + re.sub(r"[^a-z0-9]+", "_", model.lower()).strip("_")


def class_name(model: str) -> str:
    """"BertbaseuncasedSkill" of "bert-base-uncased"."""
    letters = re.sub(r"[^A-Za-z0-9]", "", model) or "Model"
    return ("Model" + letters if letters[0].isdigit() else letters.capitalize()) + "Skill"


def source_of(model: str, manifest: dict[str, Any], bundle: str, device: str | None) -> str:
    """The module of a generated class. `bundle`: the skill's folder, relative to the module's. Every text of the model stands in
    it as a literal."""
    name = class_name(model)
    return f'''"""A skill that IPFS Accelerate generated; it is yours to change."""

from pathlib import Path

from ipfs_accelerate.skill_class import GeneratedSkill


class {name}(GeneratedSkill):
    """Runs the model MODEL for TASK; see GeneratedSkill."""

    MODEL = {_literal(model)}
    ARCHITECTURE = {_literal(manifest["class"])}
    TASK = {_literal(manifest["task"] or "")}
    DEVICE = {_literal(device)}
    BUNDLE = Path(__file__).resolve().parent / {_literal(bundle)}


if __name__ == "__main__":
    raise SystemExit({name}.main())
'''


def _literal(value: str | None) -> str:
    plain = value is not None and value.isascii() and value.isprintable() and not set('"\\') & set(value)
    return f'"{value}"' if plain else ascii(value)


def class_path(folder: Path, model: str, force: bool) -> Path:
    """The module of a model's class. Errors: InvalidArgumentError if it is there already and not to be replaced."""
    path = folder / (module_name(model) + ".py")
    if path.exists() and not force:
        raise errors.InvalidArgumentError(f"{path} is there already; use --force to replace it")
    return path


def write_class(path: Path, model: str, manifest: dict[str, Any], bundle: str, device: str | None) -> None:
    """Writes the module of a class, at once or not at all. Errors: IoError."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source_of(model, manifest, bundle, device))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise errors.IoError(f"cannot write {path}: {error.strerror}") from error


def import_class(path: Path) -> type[GeneratedSkill]:
    """The class of a generated module."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return next(value for value in vars(module).values() if isinstance(value, type) and issubclass(value, GeneratedSkill) and value is not GeneratedSkill)
