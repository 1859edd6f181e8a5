"""transformers' exporters, with this library as a backend that runs what they export.

    from ipfs_accelerate.exporters import IpfsAccelerateConfig, IpfsAccelerateExporter, for_generation

    exported = IpfsAccelerateExporter().export(model, inputs, IpfsAccelerateConfig(dynamic=True))
    exported(**inputs).last_hidden_state                     # an ExportedModel, run by an InferenceSession
    exported.save_pretrained("folder")                       # ExportedModel.from_pretrained("folder") reads it back

    stages = IpfsAccelerateExporter().export_for_generation(model, inputs, IpfsAccelerateConfig(dynamic=True), multi_token_decode=True)
    for_generation(stages).generate(input_ids, max_new_tokens=20)

Importing this module registers the format "ipfs_accelerate" with transformers. Needs torch and transformers.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind, TensorArgument
from transformers import GenerationConfig, GenerationMixin
from transformers.cache_utils import DynamicCache
from transformers.exporters import DynamoConfig, ExportedModel, register_backend
from transformers.exporters.auto import EXPORT_BACKENDS
from transformers.exporters.exporter_dynamo import DynamoExporter
from transformers.exporters.metadata import ExportMetadata, load_treespec
from transformers.exporters.runners.base import ModelRunner
from transformers.modeling_outputs import CausalLMOutputWithPast

from ._core import InferenceSession, Model
from .calls import device_name
from .errors import InvalidArgumentError

FORMAT = "ipfs_accelerate"


@dataclasses.dataclass
class IpfsAccelerateConfig(DynamoConfig):
    """Options of the export format `ipfs_accelerate`: those of `DynamoConfig`."""

    export_format: str = FORMAT


class IpfsAccelerateExporter(DynamoExporter):
    """Exports as `DynamoExporter` does, with the program decomposed to the ops that this library converts."""

    export_format = FORMAT
    config_class = IpfsAccelerateConfig
    tested_versions = {}

    def export_program(
        self, model: Any, sample_inputs: MutableMapping[str, Any], config: IpfsAccelerateConfig
    ) -> tuple[ExportedProgram, ExportMetadata]:
        program, metadata = super().export_program(model, sample_inputs, config)
        with torch.no_grad():
            return program.run_decompositions({}), metadata


def load_program(session: InferenceSession, program: ExportedProgram) -> Model:
    """Compiles a `torch.export` program; its parameters are read where they are. Inputs and outputs in its order.

    Errors: UnsupportedOpError that lists the ops without a conversion, and those of InferenceSession.load.
    """
    from .capture.archive import without_weights

    weights = {name: value.detach().cpu() for name, value in program.state_dict.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt2"
        torch.export.save(without_weights(program, set(weights)), path)
        return session.load_pt2(str(path), weights)


class IpfsAccelerateRunner(ModelRunner):
    """Runs an exported program on an InferenceSession."""

    def __init__(self, metadata: ExportMetadata, model: Model, taken: list[bool]):
        super().__init__(metadata)
        self.model = model
        self.in_spec = load_treespec(metadata.in_spec)
        self.kwarg_order = self.in_spec.child(1).context
        self._taken = taken

    @classmethod
    def from_program(
        cls, program: ExportedProgram, metadata: ExportMetadata, device: Any = None, strict: bool = False, dtype: str = "auto", threads: int = 0
    ) -> IpfsAccelerateRunner:
        """device: as in `ipfs_accelerate.pipeline`; `strict`, `dtype` and `threads` are those of InferenceSession."""
        session = InferenceSession(device_name(device) or "auto", strict=strict, dtype=dtype, threads=threads)
        taken = [isinstance(spec.arg, TensorArgument) for spec in program.graph_signature.input_specs if spec.kind == InputKind.USER_INPUT]
        return cls(metadata, load_program(session, program), taken)

    @property
    def device(self) -> torch.device:
        """Where inputs and outputs are: the host."""
        return torch.device("cpu")

    def __call__(self, share_inputs: bool = True, share_outputs: bool = False, **kwargs: Any) -> Any:
        kwargs = {**self.metadata.in_constants, **kwargs}
        missing = [name for name in self.kwarg_order if name not in kwargs]
        if missing:
            raise InvalidArgumentError(f"the export was traced with {', '.join(self.kwarg_order)}; missing: {', '.join(missing)}")
        leaves = torch.utils._pytree.tree_leaves([kwargs[name] for name in self.kwarg_order])
        if len(leaves) != len(self._taken):
            raise InvalidArgumentError(f"the inputs have {len(leaves)} tensors and numbers; the export was traced with {len(self._taken)}")
        tensors = [leaf.detach().cpu() for leaf, taken in zip(leaves, self._taken) if taken]
        return self.unflatten([output.torch() for output in self.model.execute(tensors)])


if FORMAT not in EXPORT_BACKENDS:
    register_backend(IpfsAccelerateExporter, IpfsAccelerateRunner)


class ExportedForGeneration(GenerationMixin):
    """The stages of `export_for_generation` as a model that transformers' own `generate` drives.

    The stage `decode` runs every step when it was exported with `multi_token_decode`; else `prefill` runs the first.
    """

    main_input_name = "input_ids"
    _is_stateful = False
    _supports_cache_class = True
    base_model_prefix = "model"
    input_modalities = ("text",)
    training = False

    def __init__(self, exported: ExportedModel):
        unknown = set(exported.components) - {"prefill", "decode"}
        if unknown or "decode" not in exported.components:
            raise InvalidArgumentError(f"the export has the components {', '.join(exported.components)}; expected prefill and decode of a decoder of texts")
        self.exported = exported
        self.config = exported.config
        self.generation_config = exported.generation_config or GenerationConfig.from_model_config(exported.config)
        decode = exported.components["decode"].metadata.kwargs
        self._many = decode.get("input_ids", {}).get("shape", [0, 1])[-1] > 1

    @property
    def device(self) -> torch.device:
        return self.exported.device

    @property
    def dtype(self) -> torch.dtype:
        return self.exported.dtype

    @classmethod
    def can_generate(cls) -> bool:
        return True

    @classmethod
    def is_remote_code(cls) -> bool:
        return False

    def get_experts_implementation(self) -> dict[str, str]:
        """Nothing to choose: the export has decided."""
        return {}

    def __call__(self, *args: Any, **kwargs: Any) -> CausalLMOutputWithPast:
        return self.forward(*args, **kwargs)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        past_key_values: Any = None,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """One step: the logits of the given tokens, and the cache with them in it."""
        length = past_key_values.get_seq_length() if past_key_values is not None else 0
        name = "prefill" if length == 0 and "prefill" in self.exported.components and not self._many else "decode"
        runner = self.exported.runners[name]
        given = {"input_ids": input_ids, "attention_mask": attention_mask, "position_ids": position_ids, "past_key_values": past_key_values, **kwargs}
        if length == 0 and name == "decode" and "past_key_values" in runner.metadata.kwargs:
            given["past_key_values"] = self._empty_cache(runner, input_ids.shape[0])
        return runner(**{key: value for key, value in given.items() if key in runner.metadata.kwargs})

    def _empty_cache(self, runner: IpfsAccelerateRunner, batch: int) -> DynamicCache:
        """A cache of no positions whose layers have their shapes, which a cache that nothing went into lacks."""
        config = self.config.get_text_config(decoder=True)
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        cache = DynamicCache(config=config)
        for layer in range(config.num_hidden_layers):
            empty = torch.zeros(batch, heads, 0, size, dtype=self.dtype)
            cache.update(empty, empty.clone(), layer)
        return cache


def for_generation(exported: ExportedModel) -> ExportedForGeneration:
    """An export of `export_for_generation` with transformers' `generate`."""
    return ExportedForGeneration(exported)
