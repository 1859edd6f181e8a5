"""Table entries of the biology families."""

from __future__ import annotations

from typing import Any

from .recipe import Recipe

CONFIGS: dict[str, Any] = {
    "EsmConfig": {"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32},
}

RECIPES: dict[str, Recipe] = {}
