"""Table entries of the time series families."""

from __future__ import annotations

from typing import Any

import torch

from .inputs import Inputs
from .recipe import Recipe

_LAGGED = {"prediction_length": 4, "context_length": 8, "lags_sequence": [1, 2, 3], "num_time_features": 2,
           "num_static_categorical_features": 1, "cardinality": [5], "embedding_dimension": [3]}  # fmt: skip


def _past(x: Inputs) -> int:
    return x.config.context_length + max(getattr(x.config, "lags_sequence", None) or [0])


def _series(name: str, length: Any, width: Any = None):
    """Maker of [batch, length] or [batch, length, width]."""

    def make(x: Inputs) -> torch.Tensor:
        trailing = () if width is None else (width(x),)
        return x.normal(name, x.size("batch"), length(x), *trailing)

    return make


def _observed(x: Inputs) -> torch.Tensor:
    """As past_values: one where a value was observed."""
    mask = torch.ones_like(x.make("past_values"))
    mask[1, :2] = 0
    return mask


def _channels(x: Inputs) -> int:
    return x.config.num_input_channels


_LAGGED_RECIPE = Recipe(
    only=("past_values", "past_time_features", "past_observed_mask", "static_categorical_features", "future_values",
          "future_time_features"),
    values={
        "past_values": _series("past_values", _past),
        "past_time_features": _series("past_time_features", _past, lambda x: x.config.num_time_features),
        "past_observed_mask": _observed,
        "static_categorical_features": lambda x: x.integers("static", 0, 5, x.size("batch"), 1),
        "future_values": _series("future_values", lambda x: x.config.prediction_length),
        "future_time_features": _series("future_time_features", lambda x: x.config.prediction_length,
                                        lambda x: x.config.num_time_features),
    },
)  # fmt: skip
_CHANNEL_SERIES = Recipe(values={"past_values": _series("past_values", lambda x: x.config.context_length, _channels),
                                 "past_observed_mask": _observed})  # fmt: skip

_FORECAST = Recipe(
    values={"past_values": _series("past_values", lambda x: x.config.context_length),
            "past_values_padding": lambda x: torch.zeros(x.make("past_values").shape, dtype=torch.long),
            "freq": lambda x: x.integers("freq", 0, 3, x.size("batch"), 1)},
)  # fmt: skip



def _patches_of_series(x: Inputs) -> torch.Tensor:
    """[batch, patch * patch length]"""
    return x.normal("past_values", x.size("batch"), x.size("item") * x.config.patch_length)


CONFIGS: dict[str, Any] = {
    "TimesFm2_5Config": {"context_length": 128},
    "AutoformerConfig": {**_LAGGED, "moving_average": 3, "label_length": 4}, "InformerConfig": _LAGGED, "TimeSeriesTransformerConfig": _LAGGED,
    "PatchTSTConfig": {"context_length": 32, "patch_length": 8, "patch_stride": 8, "num_input_channels": 3,
                       "prediction_length": 6},
    "PatchTSMixerConfig": {"context_length": 32, "patch_length": 8, "patch_stride": 8, "num_input_channels": 3,
                           "prediction_length": 6},
}  # fmt: skip

RECIPES: dict[str, Recipe] = {
    "autoformer": _LAGGED_RECIPE, "informer": _LAGGED_RECIPE, "time_series_transformer": _LAGGED_RECIPE,
    "TimesFm2_5Model": Recipe(values={"past_values": _patches_of_series}),
    "timesfm": _FORECAST, "timesfm2_5": _FORECAST,
    "patchtst": _CHANNEL_SERIES, "patchtsmixer": _CHANNEL_SERIES,
}  # fmt: skip
