"""The forms in which a folder is captured: what a model that generates is made of, and in what form its decoder is.

- `plain`: the whole model, as its forward is called without a cache.
- `attention`: the same with attention as one operator over positions, so that a runtime can keep keys and values
  (`attention`). Checked on the class in small: whole sequences, a few calls with states, and padding.
- `components`: several graphs (`components`), the decoder among them in the form `attention` where that works.
- `auto`: `components` for a model with an encoder, images or sounds that generates, `attention` for another one that
  generates, and `plain` for the rest, or where the wanted form does not work for the class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch

from .case import call, reference
from .components import Decomposition, acting_as, decomposition_of, samples_of
from .config_file import CaptureError
from .configs import case as cases
from .draws import Draws
from .exporter import ATTENTION_WAYS, TOLERANCE, WAYS, Capture, Sample, Way, capture
from .steps import check_steps, with_positions

FORMS = ("auto", "plain", "attention", "components")


@dataclasses.dataclass
class Part:
    """One captured graph; role "main" is the whole model."""

    role: str
    capture: Capture
    form: str


@dataclasses.dataclass
class Parts:
    """The graphs of a model, the links between them, and which forms were tried before and why they were not taken."""

    parts: list[Part]
    links: tuple[tuple[str, str], ...] = ()
    refused: list[str] = dataclasses.field(default_factory=list)


class Small:
    """The class in small, with numbers: its model and its calls, made when first asked for."""

    def __init__(self, name: str) -> None:
        self.case = cases.make_case(name)
        self.model = self.case.build_model().float()
        self.samples = reference(self.model, self.case, 0)[0]


def captured_attention(model: torch.nn.Module, name: str, samples: list[Sample], seconds: float) -> Capture:
    """A decoder in the form `attention`. Errors: CaptureError where the class in small does not agree in steps."""
    small = Small(name)
    checked = checked_attention(small.model, small.samples, seconds)
    return _again(model, [with_positions(sample) for sample in samples], checked, seconds)


def checked_attention(model: torch.nn.Module, samples: list[Sample], seconds: float, prefix: str = "") -> Capture:
    """The capture of a model with numbers, which agrees with it in one call and in several."""
    ways = tuple(dataclasses.replace(way, prefix=prefix) for way in ATTENTION_WAYS)
    placed = [with_positions(sample, prefix) for sample in samples]
    found = capture(model, placed, seconds=seconds, ways=ways)
    if not all(isinstance(error, float) and error <= TOLERANCE for error in found.errors):
        raise CaptureError("export", f"the form attention differs from the model: {found.errors}", refused=found.refused)
    error = check_steps(model, found, placed[-1], prefix)
    if not error <= TOLERANCE:
        raise CaptureError("export", f"called in steps, the form attention differs from the model by {error:.2g}")
    return found


def _again(model: torch.nn.Module, samples: list[Sample], checked: Capture, seconds: float) -> Capture:
    """`model` captured in the way that was checked."""
    order = samples[::-1] if checked.turned else samples
    return capture(model, [dataclasses.replace(x, outputs=None) for x in order], seconds=seconds, ways=(checked.settings,))


def captured_components(model: torch.nn.Module, name: str, samples: list[Sample], seconds: float) -> Parts:
    """The components of a model that generates. Errors: CaptureError where it has none, or one cannot be captured."""
    small = Small(name)
    plan = decomposition_of(small.model, small.samples[0].inputs)
    known = samples_of(small.model, plan, [sample.inputs for sample in small.samples], _numbers)
    real = decomposition_of(model, samples[0].inputs)
    shapes = samples_of(model, real, [sample.inputs for sample in samples], _shapes)
    found = Parts([], real.links)
    for index, component in enumerate(plan.components):
        with acting_as(small.model, component):
            checked, form, refused = _component_in_small(small.model, known[index], component.decodes, component.prefix, seconds)
        found.refused += [f"{component.role}: {reason}" for reason in refused]
        wanted = shapes[index]
        if form == "attention":
            wanted = [with_positions(sample, component.prefix) for sample in wanted]
        with acting_as(model, real.components[index]):
            found.parts.append(Part(component.role, _again(model, wanted, checked, seconds), form))
    return found


def _component_in_small(
    model: torch.nn.Module, samples: list[Sample], decodes: bool, prefix: str, seconds: float
) -> tuple[Capture, str, list[str]]:
    refused: list[str] = []
    if decodes:
        try:
            return checked_attention(model, samples, seconds, prefix), "attention", refused
        except (CaptureError, ValueError) as error:
            refused.append(f"attention: {error}")
    return capture(model, samples, seconds=seconds, ways=WAYS), "plain", refused


def _numbers(model: torch.nn.Module, inputs: dict[str, Any]) -> dict[str, torch.Tensor]:
    return call(model, inputs, 0, Draws())


def _shapes(model: torch.nn.Module, inputs: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Zeros of the shapes of the outputs; found without computing anything."""
    with torch._subclasses.FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
        outputs = model(**inputs)
    return {name: torch.zeros(value.shape, dtype=value.dtype) for name, value in outputs.items()}


def captured_parts(
    model: torch.nn.Module,
    name: str,
    samples: list[Sample],
    seconds: float,
    form: str,
    plain: Callable[..., Capture],
) -> Parts:
    """The graphs of `model` in a form of `FORMS`. Errors: CaptureError where a form that is asked for does not work."""
    if form == "components":
        return captured_components(model, name, samples, seconds)
    if form == "attention":
        return Parts([Part("main", captured_attention(model, name, samples, seconds), form)])
    refused: list[str] = []
    if form == "auto" and model.can_generate():
        for wanted in ("components", "attention"):
            try:
                found = captured_parts(model, name, samples, seconds, wanted, plain)
                found.refused = refused + found.refused
                return found
            except (CaptureError, ValueError, RuntimeError) as error:
                refused.append(f"{wanted}: {error}")
    return Parts([Part("main", plain(model, name, samples, seconds), "plain")], refused=refused)
