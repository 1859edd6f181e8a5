"""Functions of transformers with a few lines of their source restated, for models whose Python decides by data.

An `Edit` names a function of a modelling module and gives lines of its source with other lines that compute the same for
every input. While `restated(model)` is entered, the edited functions stand in for the originals; decorators other than
documentation stay in force. An edit whose lines are not in the source raises nothing: the function stays as it is, and
tracing says what it always said.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import torch

_DOCUMENTATION = ("auto_docstring", "add_start_docstrings", "replace_return_docstrings", "deprecate_kwarg")


@functools.cache
def edited(function: FunctionType, changes: tuple[tuple[str, str], ...], helpers: tuple[tuple[str, Any], ...]) -> Any:
    """The function with each (old lines, new lines) of `changes` replaced; `helpers` are names that new lines may use.

    Lines are compared without their common indentation. Errors: ValueError when old lines do not occur, or are not once.
    """
    plain = inspect.unwrap(function)
    source = textwrap.dedent(inspect.getsource(plain))
    for old, new in changes:
        source = _replaced(source, old, new)
    definition = ast.parse(source).body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise ValueError(f"{plain.__qualname__} is no plain function")
    definition.decorator_list = [item for item in definition.decorator_list if _name(item) not in _DOCUMENTATION]
    for argument in ast.walk(definition.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    definition.returns = None
    cells = dict(zip(plain.__code__.co_freevars, (cell.cell_contents for cell in plain.__closure__ or ())))
    names = {**cells, **dict(helpers)}
    factory = ast.parse(f"def _factory({', '.join(names)}):\n    return None").body[0]
    factory.body = [definition, ast.Return(ast.Name(definition.name, ast.Load()))]
    text = ast.unparse(ast.fix_missing_locations(ast.Module([factory], [])))
    file = f"<restated {plain.__module__}.{plain.__qualname__}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)  # others rewrite its source in turn
    namespace: dict[str, Any] = {}
    exec(compile(text, file, "exec"), plain.__globals__, namespace)
    made = namespace["_factory"](**names)
    inner = inspect.unwrap(made)
    inner.__defaults__, inner.__kwdefaults__ = plain.__defaults__, plain.__kwdefaults__
    inner.__qualname__, inner.__module__ = plain.__qualname__, plain.__module__
    return made


def _name(decorator: ast.expr) -> str:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _replaced(source: str, old: str, new: str) -> str:
    """`source` with the lines of `old` replaced by those of `new`, indented as the old ones are."""
    lines, wanted = source.splitlines(), textwrap.dedent(old).strip("\n").splitlines()
    stripped = [line.strip() for line in wanted]
    places = [i for i in range(len(lines)) if [line.strip() for line in lines[i : i + len(wanted)]] == stripped]
    if len(places) != 1:
        raise ValueError(f"{len(places)} places hold {stripped[0]!r}")
    indent = lines[places[0]][: len(lines[places[0]]) - len(lines[places[0]].lstrip())]
    made = textwrap.indent(textwrap.dedent(new).strip("\n"), indent).splitlines()
    return "\n".join([*lines[: places[0]], *made, *lines[places[0] + len(wanted) :]]) + "\n"


@contextlib.contextmanager
def restated(
    model: torch.nn.Module, edits: Mapping[tuple[str, str], tuple[tuple[str, str], ...]], helpers: Mapping[str, Any]
) -> Iterator[None]:
    """Puts the edits of the model's modules in force: (module without its package, path of the function) -> changes."""
    names = {type(part).__module__ for part in model.modules()}
    modules: dict[str, ModuleType] = {
        name.rsplit(".", 1)[-1]: sys.modules[name] for name in names if name.startswith("transformers.models.")
    }
    saved: list[tuple[Any, str, Callable[..., Any]]] = []
    try:
        for (module, path), changes in edits.items():
            if module not in modules:
                continue
            *parents, name = path.split(".")
            owner = functools.reduce(getattr, parents, modules[module])
            original = vars(owner)[name]
            with contextlib.suppress(ValueError, OSError):
                plain = original.__func__ if isinstance(original, staticmethod) else original
                made = edited(plain, changes, tuple(helpers.items()))
                saved.append((owner, name, original))
                setattr(owner, name, made)
        yield
    finally:
        for owner, name, original in reversed(saved):
            setattr(owner, name, original)
