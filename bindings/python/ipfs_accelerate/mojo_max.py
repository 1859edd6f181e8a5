"""`MojoMaxTargetMixin`: the device policy of the original system for classes that run a model.

The environment variable USE_MOJO_MAX_TARGET asks for Modular MAX (or Mojo). It makes nothing available: a device counts
if it was found, and if it computed a small product right.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from . import errors
from ._core import Graph, InferenceSession, TensorType, find_model, hardware, ops
from .skills import Skill

POLICY = ("max", "mojo", "cuda", "rocm", "mps", "openvino", "webgpu", "webnn", "cpu")
_TRUE = ("1", "true", "yes")

_lock = threading.Lock()
_tested: dict[str, str | None] = {}


def is_requested() -> bool:
    """Does USE_MOJO_MAX_TARGET ask for MAX."""
    return os.environ.get("USE_MOJO_MAX_TARGET", "").lower() in _TRUE


def why_not(backend: str, probes: dict[str, dict[str, Any]] | None = None) -> str | None:
    """Why a backend cannot serve; None if it computed [[1,2],[3,4]] x [[5,6],[7,8]] right. Tested once a process."""
    with _lock:
        if backend in _tested:
            return _tested[backend]
        found = (probes or _probes()).get(backend)
        reason = _reason(backend, found)
        _tested[backend] = reason
        return reason


def _probes() -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in hardware.info()["backends"]}


def _reason(backend: str, found: dict[str, Any] | None) -> str | None:
    if found is None or not found["available"]:
        return found["reason"] if found else f"there is no backend {backend}"
    graph = Graph("smoke", [TensorType("f32", [2, 2]), TensorType("f32", [2, 2])])
    graph.output(ops.matmul(graph.inputs[0], graph.inputs[1]))
    try:
        model = InferenceSession(backend, strict=True).load(graph)
        (product,) = model.execute([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]])
    except errors.Error as error:
        return str(error)
    if product.tolist() != [[19.0, 22.0], [43.0, 50.0]]:
        return f"its smoke test gave {product.tolist()}; expected [[19, 22], [43, 50]]"
    return None


class MojoMaxTargetMixin:
    """For classes with a `device`: which one to use, and models that run on MAX or Mojo with a fallback that computes."""

    def supports_mojo_max_target(self) -> bool:
        """Does MAX or Mojo work on this machine: it was found, and passed its smoke test."""
        return why_not("max") is None or why_not("mojo") is None

    def get_default_device_with_mojo_max(self) -> str:
        """"mojo_max" if USE_MOJO_MAX_TARGET asks for it and it works, else the first of `POLICY` that works."""
        if is_requested() and self.supports_mojo_max_target():
            return "mojo_max"
        return next((name for name in POLICY if why_not(name) is None), "cpu")

    def get_mojo_max_capabilities(self) -> dict[str, Any]:
        """{max_available, mojo_available, mojo_max_available, requested, max: {...}, mojo: {...}, devices, default_device}.

        `max` and `mojo` hold {available, reason, version, needs, devices} as probed; `available` also needs the smoke test.
        """
        probes = _probes()
        out: dict[str, Any] = {}
        for name in ("max", "mojo"):
            reason = why_not(name, probes)
            entry = probes.get(name, {})
            out[name] = {
                "available": reason is None,
                "reason": reason,
                "version": entry.get("version"),
                "needs": entry.get("needs"),
                "devices": [device["name"] for device in entry.get("devices", [])],
            }
            out[f"{name}_available"] = reason is None
        out["mojo_max_available"] = out["max_available"] or out["mojo_available"]
        out["requested"] = is_requested()
        out["devices"] = [name for name in POLICY if why_not(name, probes) is None]
        out["default_device"] = self.get_default_device_with_mojo_max()
        return out

    def process_with_mojo_max(self, inputs: Any, model_name: str, **options: Any) -> dict[str, Any]:
        """The model's task on `inputs`, by MAX or Mojo; where they cannot serve, by the next device, which the result names.

        model_name: a model or skill folder, or an id of the hub. Returns the dict of `Skill.process`: `backend`, `device`,
        `requested_device` ("mojo_max"), `fallback_reason`, `result`, ... Errors: those of `Skill`.
        """
        return self._skill_on(model_name, "mojo_max").process(inputs, **options)

    def _skill_on(self, model_name: str, device: str) -> Skill:
        """The compiled skill, made once for each model and device of this object."""
        skills = self.__dict__.setdefault("_skills", {})
        with _lock:
            lock = self.__dict__.setdefault("_skills_lock", threading.Lock())
        with lock:
            if (model_name, device) not in skills:
                task = getattr(self, "TASK", None) or ""
                skills[model_name, device] = Skill(find_model(model_name), task=task, device=device)
            return skills[model_name, device]
