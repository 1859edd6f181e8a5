"""Arithmetic of symbolic sizes in torch, made to hold for the large models of transformers while one is traced.

- A quotient of sizes is simplified by cancelling factors; sympy's search for the shortest form takes minutes for the sizes
  of windows in windows.
- Guards are not solved for the sizes that a caller declared: all are `Dim.AUTO`, which declares nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import sympy
from torch.export import _trace


def _is_whole(expression: Any) -> bool:
    """Whether no term of an expression has a denominator."""
    factors = [factor for term in sympy.Add.make_args(expression) for factor in sympy.Mul.make_args(term)]
    return not any(
        (isinstance(factor, sympy.Rational) and factor.q != 1) or (isinstance(factor, sympy.Pow) and factor.exp.is_negative)
        for factor in factors
    )


def simplified(original: Callable[..., Any]) -> Callable[..., Any]:
    """`sympy.simplify`; what is a sum of whole terms once its factors are distributed needs no more."""

    def simplify(expression: Any, **how: Any) -> Any:
        if isinstance(expression, sympy.Expr):
            sums = [factor for factor in sympy.Mul.make_args(expression) if isinstance(factor, sympy.Add)]
            if not sums and _is_whole(expression):
                return expression
            if len(sums) == 1:
                rest = sympy.Mul(*(factor for factor in sympy.Mul.make_args(expression) if factor is not sums[0]))
                found = sympy.Add(*(term * rest for term in sums[0].args))
                if _is_whole(found):
                    return found
        return original(expression, **how)

    return simplify


def unsolved(
    fake_mode: Any, gm: Any, dynamic_shapes: Any, equalities_inputs: Any, original_signature: Any
) -> None:  # fmt: skip
    """`produce_guards_and_solve_constraints` for sizes that are all `Dim.AUTO`: they contradict nothing."""
    fake_mode.shape_env.frozen = True


@contextlib.contextmanager
def symbolic_sizes() -> Iterator[None]:
    """Puts the above in force, and takes it back."""
    simplify, solve = sympy.simplify, _trace.produce_guards_and_solve_constraints
    sympy.simplify, _trace.produce_guards_and_solve_constraints = simplified(simplify), unsolved
    try:
        yield
    finally:
        sympy.simplify, _trace.produce_guards_and_solve_constraints = simplify, solve
