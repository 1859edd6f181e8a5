"""Rewrites functions so that loops over a symbolic number of steps become torch's `scan` operator.

In a function, a loop

    for i in range(steps):
        state = f(state, x[:, i])
        out[:, i] = g(state)            # or: outputs.append(g(state))

becomes, when `steps` is symbolic,

    def step(state, x_i, ...): ...
    (state,), (ys,) = scan(step, (state,), (x along its axis 1,), ...)
    out = ys with the steps on axis 1   # or: outputs = all steps at once, for torch.stack and torch.cat

and stays as it is otherwise. What a step does is the function's own code. A loop is rewritten when it uses its variable
only to index tensors that it does not change, all axes before being whole, and to write one whole slice a step; others
are left alone.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch._higher_order_ops.scan import scan_op


MAX_UNROLLED = 64


class Stacked(list):
    """What a loop appended to a list: `steps` [T, ...] holds all entries."""

    def __init__(self, steps: torch.Tensor):
        super().__init__()
        self.steps = steps

    def __bool__(self) -> bool:
        return bool(self.steps.shape[0] > 0)

    def _unknown(self, *_: Any) -> Any:
        raise TypeError("a list of a symbolic number of steps can only be stacked or concatenated")

    __iter__ = __getitem__ = __len__ = _unknown


def scan_steps(
    step: Callable[..., tuple[tuple, tuple]],
    carried: Sequence[torch.Tensor],
    sequences: Sequence[tuple[torch.Tensor, int]],
    free: Sequence[Any],
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Runs step(*carried, *slices, *free) -> (carried, outputs) along the axes of the sequences.

    Returns the carried values at the end and each output of all steps [T, ...].
    """
    tensors = [i for i, value in enumerate(free) if isinstance(value, torch.Tensor)]

    def combine(*flat: torch.Tensor) -> list[torch.Tensor]:
        split = len(carried) + len(sequences)
        values = list(free)
        for i, value in zip(tensors, flat[split:]):
            values[i] = value
        new, outputs = step(*flat[:split], *values)
        return [value.clone() for value in (*new, *outputs)]  # a result must not be an operand or another result

    xs = [value.movedim(axis, 0) for value, axis in sequences]
    found = scan_op(combine, list(carried), xs, tuple(free[i] for i in tensors))
    return list(found[: len(carried)]), list(found[len(carried) :])


def stack(values: Any, dim: int = 0) -> torch.Tensor:
    """torch.stack, also of what a loop appended."""
    return values.steps.movedim(0, dim) if isinstance(values, Stacked) else torch.stack(values, dim=dim)


def concatenate(values: Any, dim: int = 0) -> torch.Tensor:
    """torch.cat, also of what a loop appended."""
    if not isinstance(values, Stacked):
        return torch.cat(values, dim=dim)
    axis = dim if dim >= 0 else dim + values.steps.dim() - 1
    return values.steps.movedim(0, axis).flatten(axis, axis + 1)


def is_symbolic(steps: Any) -> bool:
    """Whether a loop of so many steps is a scan: of a symbolic number, or of too many to be written out."""
    return isinstance(steps, torch.SymInt) or steps > MAX_UNROLLED


_HELPERS = {
    "_scan_steps": scan_steps,
    "_scan_stacked": Stacked,
    "_scan_stack": stack,
    "_scan_concatenate": concatenate,
    "_scan_is_symbolic": is_symbolic,
    "_scan_contiguous": torch.contiguous_format,
}


@functools.cache
def with_scans(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its loops rewritten. Errors: ValueError when it has none that can be."""
    plain = inspect.unwrap(function)
    definition = ast.parse(textwrap.dedent(inspect.getsource(plain))).body[0]
    if not isinstance(definition, ast.FunctionDef) or plain.__closure__:
        raise ValueError(f"{plain.__qualname__} is no plain function")
    definition.decorator_list = []
    rewriter = _Rewriter(definition)
    definition.body = rewriter.block(definition.body)
    if not rewriter.count:
        raise ValueError(f"{plain.__qualname__} has no loop that can be a scan")
    definition = _Lists().visit(definition)
    factory = ast.parse(f"def _scan_factory({', '.join(_HELPERS)}):\n    return None").body[0]
    factory.body = [definition, ast.Return(ast.Name(definition.name, ast.Load()))]
    module = ast.fix_missing_locations(ast.Module([factory], []))
    namespace: dict[str, Any] = {}
    exec(compile(module, f"<scans of {plain.__qualname__}>", "exec"), plain.__globals__, namespace)
    made = namespace["_scan_factory"](**_HELPERS)
    made.__defaults__, made.__kwdefaults__ = plain.__defaults__, plain.__kwdefaults__
    made.__qualname__, made.__module__ = plain.__qualname__, plain.__module__
    return made


class _Cannot(Exception):
    """A loop is not of the form that can be rewritten."""


class _Lists(ast.NodeTransformer):
    """torch.stack and torch.cat become ours."""

    NAMES = {"stack": "_scan_stack", "cat": "_scan_concatenate", "concat": "_scan_concatenate"}

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "torch":
            if called.attr in self.NAMES:
                node.func = ast.Name(self.NAMES[called.attr], ast.Load())
        return node


class _Rewriter:
    """Rewrites the loops of one function."""

    def __init__(self, definition: ast.FunctionDef):
        arguments = definition.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self.locals = {argument.arg for argument in every if argument} | _stored(definition.body)
        self.definition = definition
        self.count = 0

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, ast.For):
                out.extend(self._loop(statement))
                continue
            for field in ("body", "orelse"):
                if isinstance(statement, (ast.If, ast.With)) and getattr(statement, field, None):
                    setattr(statement, field, self.block(getattr(statement, field)))
            out.append(statement)
        return out

    def _loop(self, loop: ast.For) -> list[ast.stmt]:
        try:
            made = self._scan(loop)
        except _Cannot:
            return [loop]
        self.count += 1
        return made

    def _scan(self, loop: ast.For) -> list[ast.stmt]:
        steps = loop.iter
        if not (isinstance(steps, ast.Call) and isinstance(steps.func, ast.Name) and steps.func.id == "range"):
            raise _Cannot
        if len(steps.args) != 1 or not isinstance(loop.target, ast.Name) or loop.orelse:
            raise _Cannot
        body = _copy(loop.body)
        slices = _Slices(loop.target.id, _stored(body))
        body = [slices.statement(statement) for statement in body]
        uses = _Uses(body)
        if loop.target.id in uses.loaded or set(slices.written) & (uses.loaded | uses.stored):
            raise _Cannot
        carried = sorted(uses.stored & uses.needed)
        if self._read_after(loop, uses.stored - set(carried)):
            raise _Cannot
        own = {name for name, _, _ in slices.taken.values()} | set(carried) | {name for name, *_ in slices.outputs}
        free = sorted((uses.needed & self.locals) - own)
        return self._statements(loop, steps.args[0], body, carried, slices, free)

    def _statements(
        self, loop: ast.For, steps: ast.expr, body: list[ast.stmt], carried: list[str], slices: _Slices, free: list[str]
    ) -> list[ast.stmt]:
        n = self.count
        taken = list(slices.taken.values())
        parameters = ", ".join([*carried, *(name for name, _, _ in taken), *free])
        outputs = [name for name, *_ in slices.outputs]
        step = ast.parse(f"def _scan_step{n}({parameters}):\n    return {_tuple(carried)}, {_tuple(outputs)}").body[0]
        step.body = [*body, *step.body]
        sequences = _tuple(f"({tensor}, {axis})" for _, tensor, axis in taken)
        lines = [
            f"_scan_new{n}, _scan_ys{n} = _scan_steps(_scan_step{n}, {_tuple(carried)}, {sequences}, {_tuple(free)})",
            *(f"{name} = _scan_new{n}[{i}]" for i, name in enumerate(carried)),
        ]
        for i, (_, target, axis) in enumerate(slices.outputs):
            ys = f"_scan_ys{n}[{i}]"
            if axis is None:
                lines.append(f"{target} = _scan_stacked({ys})")
            else:
                # A copy: what is a view of one step's strides need not be one of those of several steps.
                lines.append(f"{target} = {ys}.movedim(0, {axis}).to({target}.dtype).clone(memory_format=_scan_contiguous)")
        choice = ast.parse("if _scan_is_symbolic(0):\n    pass").body[0]
        choice.test.args = [steps]
        choice.body = [step, *ast.parse("\n".join(lines)).body]
        choice.orelse = [loop]
        return [choice]

    def _read_after(self, loop: ast.For, names: set[str]) -> bool:
        """Whether a name that a step sets, and does not carry, is read after the loop."""
        loads = [n for n in ast.walk(self.definition) if isinstance(n, ast.Name) and n.id in names]
        later = sorted((n for n in loads if n.lineno > loop.end_lineno), key=lambda n: (n.lineno, -n.col_offset))
        first: dict[str, ast.Name] = {}
        for node in later:
            first.setdefault(node.id, node)
        return any(isinstance(node.ctx, ast.Load) for node in first.values())


class _Slices(ast.NodeTransformer):
    """Replaces what a step takes at the loop's index, and what it writes there.

    `taken`: (source, axis) -> (name of the slice, source, axis). `outputs`: (name in the step, target, axis); the axis of
    a list is None. `written`: the targets.
    """

    def __init__(self, index: str, assigned: set[str]):
        self.index, self.assigned = index, assigned
        self.taken: dict[tuple[str, int], tuple[str, str, int]] = {}
        self.outputs: list[tuple[str, str, int | None]] = []
        self.written: list[str] = []

    def statement(self, node: ast.stmt) -> ast.stmt:
        """A statement of the step."""
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            tensor, axis, rest = self._place(node.targets[0])
            if rest:
                raise _Cannot
            return self._output(tensor, axis, node.value)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Attribute) and called.attr == "append" and isinstance(called.value, ast.Name):
                return self._output(called.value.id, None, node.value.args[0])
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            raise _Cannot
        return self.visit(node)

    def _output(self, target: str, axis: int | None, value: ast.expr) -> ast.stmt:
        if target in self.written:
            raise _Cannot
        self.written.append(target)
        name = f"_scan_y{len(self.outputs)}"
        self.outputs.append((name, target, axis))
        return ast.Assign([ast.Name(name, ast.Store())], self.visit(value))

    def _place(self, node: ast.Subscript) -> tuple[str, int, list[ast.expr]]:
        """tensor[:, :, index, rest...] as (tensor, axis, rest)."""
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        at = next((k for k, part in enumerate(parts) if isinstance(part, ast.Name) and part.id == self.index), None)
        if at is None or not isinstance(node.value, ast.Name):
            raise _Cannot
        if not all(isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None for p in parts[:at]):
            raise _Cannot
        return node.value.id, at, list(parts[at + 1 :])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not any(isinstance(n, ast.Name) and n.id == self.index for n in ast.walk(node.slice)):
            return self.generic_visit(node)
        tensor, axis, rest = self._place(node)
        if tensor in self.assigned or not isinstance(node.ctx, ast.Load):
            raise _Cannot
        name, _, _ = self.taken.setdefault((tensor, axis), (f"_scan_x{len(self.taken)}", tensor, axis))
        slice_ = ast.Name(name, ast.Load())
        if all(isinstance(p, ast.Slice) and p.lower is p.upper is p.step is None for p in rest):
            return slice_
        whole = [ast.Slice() for _ in range(axis)]
        return ast.Subscript(slice_, ast.Tuple([*whole, *rest], ast.Load()), ast.Load())


class _Uses(ast.NodeVisitor):
    """Names of a block: `loaded` for their values, `stored`, and `needed`, those read before they are set."""

    def __init__(self, body: list[ast.stmt]):
        self.loaded: set[str] = set()
        self.stored: set[str] = set()
        self.needed: set[str] = set()
        for statement in body:
            self.visit(statement)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.attr in ("dtype", "device"):
            self.needed |= {node.value.id} - self.stored
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.stored.add(node.id)
            return
        self.loaded.add(node.id)
        if node.id not in self.stored:
            self.needed.add(node.id)


def _stored(body: list[ast.stmt]) -> set[str]:
    nodes = [node for statement in body for node in ast.walk(statement)]
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _copy(body: list[ast.stmt]) -> list[ast.stmt]:
    return ast.parse(ast.unparse(ast.Module(body, []))).body


def _tuple(names: Any) -> str:
    return "(" + "".join(f"{name}, " for name in names) + ")"
