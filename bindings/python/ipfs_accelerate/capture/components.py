"""Models that generate from more than text, as several graphs: what runs once, and what runs a token at a time.

An encoder and a decoder (translation, speech recognition, captions):
    encoder         the encoder's inputs -> encoder_hidden_states
    decoder         encoder_hidden_states, decoder_input_ids, masks -> logits
A language model that sees or hears:
    image_encoder   pixel_values, ... -> image_features [N,C], a row a placeholder token; also audio_encoder
    embedding       input_ids -> inputs_embeds
    merge           input_ids, inputs_embeds, image_features -> inputs_embeds with the features at the placeholders
    language_model  inputs_embeds, attention_mask, position_ids -> logits

This is transformers' decomposition for generation, with the step that it leaves to the caller, the merge, as a graph of its
own. A component is the whole model with another forward, so that its weights have the names that they have in the model.
Decoders are captured in the form of `attention` where that gives the same numbers, else in the plain form.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput

from .config_file import CaptureError
from .exporter import Sample

MANIFEST = "components.json"
MODALITIES = {
    "image": ("get_image_features", "pixel_values", ("image_token_id", "image_token_index")),
    "audio": ("get_audio_features", "input_features", ("audio_token_id", "audio_token_index")),
}


@dataclasses.dataclass(frozen=True)
class Component:
    """One graph: `inputs(given, values)` makes its keyword arguments of those of the whole model and of earlier outputs.

    `values` are the outputs of the components so far, by name. decodes: whether it is called a token at a time; its inputs
    of the text begin with `prefix`.
    """

    role: str
    forward: Callable[..., dict[str, torch.Tensor]]
    inputs: Callable[[dict[str, Any], dict[str, torch.Tensor]], dict[str, Any]]
    decodes: bool = False
    prefix: str = ""


@dataclasses.dataclass(frozen=True)
class Decomposition:
    """Components in the order in which they run, and (output, input) pairs as "ROLE.NAME"."""

    components: tuple[Component, ...]
    links: tuple[tuple[str, str], ...]


def first_output(output: Any, *names: str) -> torch.Tensor:
    """The first of the fields that is there."""
    for name in names:
        value = getattr(output, name, None)
        if isinstance(value, torch.Tensor):
            return value
    raise CaptureError("components", f"{type(output).__name__} has none of {', '.join(names)}", True)


def decomposition_of(model: torch.nn.Module, inputs: dict[str, Any]) -> Decomposition:
    """The components of a model that takes these inputs. Errors: CaptureError where it is no model of several."""
    modality = next((name for name, (getter, given, _) in MODALITIES.items()
                     if hasattr(model, getter) and inputs.get(given) is not None and "input_ids" in inputs), None)  # fmt: skip
    if modality:
        return multimodal(model, modality)
    if getattr(model.config, "is_encoder_decoder", False):
        return encoder_decoder(model)
    raise CaptureError("components", f"{type(model).__name__} is one graph; capture it in the form attention or plain", True)


def encoder_decoder(model: torch.nn.Module) -> Decomposition:
    """An encoder, and a decoder with attention to its states."""
    part = model.get_encoder()
    accepted = set(inspect.signature(part.forward).parameters)
    own = {name for name in inspect.signature(type(model).forward).parameters if name.startswith("decoder_")}
    takes_mask = "attention_mask" in inspect.signature(type(model).forward).parameters

    def encode(**given: Any) -> dict[str, torch.Tensor]:
        return {"encoder_hidden_states": first_output(part(**given, return_dict=True), "last_hidden_state")}

    def decode(*, encoder_hidden_states: torch.Tensor, **given: Any) -> dict[str, torch.Tensor]:
        states = BaseModelOutput(last_hidden_state=encoder_hidden_states)
        output = original(encoder_outputs=states, use_cache=False, return_dict=True, **given)
        return {"logits": first_output(output, "logits", "last_hidden_state")}

    def of_encoder(given: dict[str, Any], _: dict[str, torch.Tensor]) -> dict[str, Any]:
        names = [name for name in given if name in accepted and isinstance(given[name], torch.Tensor)]
        return {name: given[name] for name in names if not name.startswith("decoder_")}

    def of_decoder(given: dict[str, Any], values: dict[str, torch.Tensor]) -> dict[str, Any]:
        found = {name: given[name] for name in given if name in own and isinstance(given[name], torch.Tensor)}
        mask = given.get("attention_mask")
        states = values["encoder_hidden_states"]
        if takes_mask and isinstance(mask, torch.Tensor) and mask.shape == states.shape[:2]:
            found["attention_mask"] = mask
        return {**found, "encoder_hidden_states": states}

    original = model.forward
    return Decomposition(
        (Component("encoder", encode, of_encoder), Component("decoder", decode, of_decoder, True, "decoder_")),
        (("encoder.encoder_hidden_states", "decoder.encoder_hidden_states"),),
    )


def multimodal(model: torch.nn.Module, modality: str) -> Decomposition:
    """A tower with its projector, the embedding, the merge, and the language model."""
    getter, _, names = MODALITIES[modality]
    token = next((getattr(model.config, name) for name in names if isinstance(getattr(model.config, name, None), int)), None)
    if token is None:
        raise CaptureError("components", f"{type(model).__name__} names no placeholder token for its {modality}", True)
    features_name = f"{modality}_features"
    accepted = set(inspect.signature(getattr(model, getter)).parameters)
    original = model.forward
    takes = set(inspect.signature(type(model).forward).parameters)

    def encode(**given: Any) -> dict[str, torch.Tensor]:
        found = getattr(model, getter)(**given)
        found = getattr(found, "pooler_output", found)
        if isinstance(found, (list, tuple)):
            found = torch.cat([x.reshape(-1, x.shape[-1]) for x in found])
        return {features_name: found.reshape(-1, found.shape[-1])}

    def embed(*, input_ids: torch.Tensor) -> dict[str, torch.Tensor]:
        ids = torch.where(input_ids == token, 0, input_ids)  # a placeholder may lie beyond the vocabulary
        return {"inputs_embeds": model.get_input_embeddings()(ids)}

    def merge(*, input_ids: torch.Tensor, inputs_embeds: torch.Tensor, **given: Any) -> dict[str, torch.Tensor]:
        places = (input_ids == token).unsqueeze(-1).expand_as(inputs_embeds)
        return {"inputs_embeds": inputs_embeds.masked_scatter(places, given[features_name].to(inputs_embeds.dtype))}

    def speak(**given: Any) -> dict[str, torch.Tensor]:
        return {"logits": first_output(original(**given, use_cache=False, return_dict=True), "logits", "last_hidden_state")}

    def of_encoder(given: dict[str, Any], _: dict[str, torch.Tensor]) -> dict[str, Any]:
        text = {"input_ids", "attention_mask", "position_ids", "token_type_ids"}
        return {name: x for name, x in given.items()
                if name in accepted and name not in text and x is not None and not isinstance(x, bool)}  # fmt: skip

    def of_language_model(given: dict[str, Any], values: dict[str, torch.Tensor]) -> dict[str, Any]:
        names = ("attention_mask", "position_ids")
        found = {name: given[name] for name in names if name in takes and isinstance(given.get(name), torch.Tensor)}
        return {"inputs_embeds": values["inputs_embeds"], **found}

    encoder = f"{modality}_encoder"
    return Decomposition(
        (
            Component(encoder, encode, of_encoder),
            Component("embedding", embed, lambda given, _: {"input_ids": given["input_ids"]}),
            Component("merge", merge, lambda given, values: {
                "input_ids": given["input_ids"],
                "inputs_embeds": values["inputs_embeds"],
                features_name: values[features_name],
            }),
            Component("language_model", speak, of_language_model, True),
        ),
        (
            (f"{encoder}.{features_name}", f"merge.{features_name}"),
            ("embedding.inputs_embeds", "merge.inputs_embeds"),
            ("merge.inputs_embeds", "language_model.inputs_embeds"),
        ),
    )  # fmt: skip


@contextlib.contextmanager
def acting_as(model: torch.nn.Module, component: Component) -> Iterator[None]:
    """Gives `model` the forward of a component, and takes it back."""
    before = model.__dict__.get("forward")
    model.forward = component.forward
    try:
        yield
    finally:
        model.__dict__.pop("forward", None)
        if before is not None:
            model.forward = before


def samples_of(
    model: torch.nn.Module,
    parts: Decomposition,
    calls: list[dict[str, Any]],
    run: Callable[[torch.nn.Module, dict[str, Any]], dict[str, torch.Tensor]],
) -> list[list[Sample]]:
    """For each component, a sample of each call of the whole model; `run` gives the outputs of one."""
    values: list[dict[str, torch.Tensor]] = [{} for _ in calls]
    found = []
    for component in parts.components:
        samples = []
        for given, known in zip(calls, values):
            inputs = component.inputs(given, known)
            with acting_as(model, component):
                outputs = run(model, inputs)
            known |= outputs
            samples.append(Sample(inputs, outputs=dict(outputs)))
        found.append(samples)
    return found
