"""A case: a small model of a class with valid inputs at three sizes."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import torch
import transformers
from transformers import PreTrainedConfig, PreTrainedModel

from . import tables
from .classes import model_class, module_of
from .inputs import AXES, Inputs
from .recipe import Recipe
from .shrink import read, settle_token_ids, shrink, walk

_BAKED = {"use_cache": False, "return_dict": True, "return_loss": False}


@dataclasses.dataclass
class Case:
    """A small configuration of a class and inputs that its eager forward accepts.

    inputs: keyword arguments of the forward, at the sizes of the capture and at two others in every axis of `varied`.
    forward_kwargs: Python values that are part of the call. fixed: axis -> why the model does not accept another value.
    requires: package that the class cannot do without here. own_reason: why the class itself cannot run; with either of
    these, `inputs` is empty.
    """

    class_name: str
    model_class: type
    config: PreTrainedConfig | None
    inputs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    forward_kwargs: dict[str, Any] = dataclasses.field(default_factory=dict)
    varied: dict[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)
    fixed: dict[str, str] = dataclasses.field(default_factory=dict)
    requires: str = ""
    own_reason: str = ""

    def build_model(self, seed: int = 0) -> PreTrainedModel:
        """A fresh model in evaluation mode, with eager attention."""
        return build_model(self.model_class, self.config, seed)


class CaseError(RuntimeError):
    """A case could not be made. stage: "config", "build", "inputs" or "forward"."""

    def __init__(self, class_name: str, stage: str, cause: BaseException) -> None:
        text = " ".join(str(cause).split())
        super().__init__(f"{class_name}: {stage}: {type(cause).__name__}: {text}")
        self.stage = stage


def recipe_of(class_name: str) -> Recipe:
    """The class's own entry over its folder's."""
    base = tables.RECIPES.get(module_of(class_name), Recipe())
    own = tables.RECIPES.get(class_name)
    return own.over(base) if own else base


def make_config(class_name: str) -> PreTrainedConfig:
    """The small configuration of a class."""
    named = tables.CONFIG_CLASSES.get(class_name)
    config_class = getattr(transformers, named) if named else model_class(class_name).config_class
    config = shrink(config_class, tables.CONFIGS, tables.MODES)
    settle_token_ids(config)
    if adjust := tables.ADJUST.get(class_name) or tables.ADJUST.get(module_of(class_name)):
        adjust(config)
    return config


def build_model(cls: type, config: PreTrainedConfig, seed: int) -> PreTrainedModel:
    """An instance in evaluation mode with eager attention; what its class leaves uninitialised becomes small and finite."""
    torch.manual_seed(seed)
    config = copy.deepcopy(config)
    model = cls._from_config(config, attn_implementation=tables.ATTENTION.get(cls.__name__, "eager")).eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.is_floating_point() and not torch.isfinite(parameter).all():
            parameter.normal_(0, 0.02, generator=generator)
    return model


def make_case(class_name: str, seed: int = 0) -> Case:
    """The case of a public model class; raises CaseError where the tables do not serve it."""
    recipe = recipe_of(class_name)
    if recipe.own_reason or recipe.requires:
        cls = None if recipe.requires else model_class(class_name)
        return Case(class_name, cls, None, requires=recipe.requires, own_reason=recipe.own_reason)
    cls = model_class(class_name)
    if getattr(cls.forward, "__name__", "") == "_forward_unimplemented":
        return Case(class_name, cls, None, own_reason="the class has no forward")
    config = _staged(class_name, "config", make_config, class_name)
    model = _staged(class_name, "build", build_model, cls, config, seed)
    maker = _Sizer(class_name, model, recipe, seed)
    plan, read = maker.settle()
    inputs = [maker.inputs(maker.sizes(plan, step))[0] for step in range(3)]
    varied = {axis: values for axis, values in plan.items() if axis in read and len(set(values)) > 1}
    fixed = {axis: why for axis, why in maker.fixed.items() if axis in read}
    return Case(class_name, cls, config, inputs, maker.kwargs, varied, fixed)


def _staged(class_name: str, stage: str, function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except (CaseError, ImportError):
        raise
    except Exception as cause:
        raise CaseError(class_name, stage, cause) from cause


class _Sizer:
    """Finds the axes that the eager model accepts to vary, by running it."""

    def __init__(self, class_name: str, model: PreTrainedModel, recipe: Recipe, seed: int) -> None:
        self.class_name, self.model, self.recipe, self.seed = class_name, model, recipe, seed
        parameters = Inputs(model, recipe, {}, seed).parameters
        self.kwargs = {k: v for k, v in _BAKED.items() if k in parameters} | dict(recipe.forward)
        self.fixed: dict[str, str] = {}

    def _plans(self) -> tuple[dict[str, tuple], dict[str, tuple]]:
        """The wished values of every axis, and those that any model of the family accepts."""
        probe = Inputs(self.model, self.recipe, {}, self.seed)
        safe = {axis: (values[0],) * 3 for axis, values in AXES.items()}
        wish = dict(AXES)
        size = _image_size(probe)
        unit = probe.patch() if size and 8 <= probe.patch() <= 32 else 32
        square = size or (4 * unit, 4 * unit)
        safe["image"] = (square,) * 3
        wish["image"] = ((4 * unit, 6 * unit), (6 * unit, 8 * unit), (8 * unit, 10 * unit))
        wish["grid"] = ((2, 3), (3, 4), (4, 5))
        safe["grid"] = ((2, 3),) * 3
        positions = probe.first("max_source_positions", None, probe.audio)
        if positions and positions <= 512:
            safe["feature_frames"] = (2 * positions,) * 3
        if frames := probe.first(("num_frames", "frames_per_clip", "num_video_frames", "tubelet_num_frames")):
            safe["frame"] = (frames,) * 3
        for axis, values in self.recipe.sizes.items():
            wish[axis] = tuple(values)
            safe[axis] = (values[0],) * 3
        for axis in self.recipe.fixed:
            wish[axis] = safe[axis]
            self.fixed[axis] = "the family's entry"
        return wish, safe

    def sizes(self, plan: dict[str, tuple], step: int) -> dict[str, Any]:
        return {axis: values[step] for axis, values in plan.items()}

    def inputs(self, sizes: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        maker = Inputs(self.model, self.recipe, sizes, self.seed)
        return maker.all(), maker.read

    def run(self, sizes: dict[str, Any]) -> set[str]:
        """Runs the model at these sizes; the axes that its inputs depend on."""
        inputs, read = _staged(self.class_name, "inputs", self.inputs, sizes)
        _staged(self.class_name, "forward", forward, self.model, inputs, self.kwargs)
        return read

    def _runs(self, plan: dict[str, tuple]) -> str:
        """Empty where the model runs at all three sizes of the plan, else the error."""
        try:
            for step in range(3):
                self.run(self.sizes(plan, step))
            return ""
        except CaseError as error:
            return str(error)

    def settle(self) -> tuple[dict[str, tuple], set[str]]:
        """(axis -> three values, equal ones where the class accepts one only; the axes that its inputs have)."""
        wish, safe = self._plans()
        if not self._runs(wish):
            return wish, self._inputs_read(wish)
        read = self.run(self.sizes(safe, 0))
        plan = dict(safe)
        for axis in sorted(read, key=list(wish).index):
            if wish[axis] == safe[axis]:
                continue
            if error := self._runs({**plan, axis: wish[axis]}):
                self.fixed[axis] = error.split(": ", 2)[-1][:160]
            else:
                plan[axis] = wish[axis]
        return plan, read

    def _inputs_read(self, plan: dict[str, tuple]) -> set[str]:
        return self.inputs(self.sizes(plan, 0))[1]


def _image_size(x: Inputs) -> tuple[int, int] | None:
    """(height, width) that the configuration names."""
    for config in (x.config, x.vision, *walk(x.config)):
        for name in ("image_size", "img_size", "input_image_size", "input_size", "resolution"):
            size = read(config, name)
            if isinstance(size, dict):
                size = [size.get("height", 64), size.get("width", 64)]
            if isinstance(size, int) and size > 8:
                return size, size
            if isinstance(size, (list, tuple)) and len(size) == 2 and min(size) > 8:
                return int(size[0]), int(size[1])
    return None


def forward(model: PreTrainedModel, inputs: dict[str, Any], kwargs: dict[str, Any]) -> Any:
    """One eager call with a fixed random state; the inputs are not changed."""
    torch.manual_seed(0)
    with torch.no_grad():
        return model(**copy.deepcopy(inputs), **kwargs)
