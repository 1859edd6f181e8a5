"""Table entries of the text families."""

from __future__ import annotations

from typing import Any

from .recipe import Recipe

CONFIGS: dict[str, Any] = {}

RECIPES: dict[str, Recipe] = {}
