"""Finds the first op of a captured program whose value ipfs-accelerate does not reproduce.

Usage: python -m ipfs_accelerate.capture.locate CASE [--set K] [--most N] [--program FILE]. Runs the captured program node by
node in torch, and the same inputs in ipfs-accelerate with the values of all nodes. Prints JSON a line: {"op": target,
"node": name, "module": path, "type": ..., "nearest": max|a-b|/max|b| of the nearest value}; nothing if every value is there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers.integrations.moe  # noqa: F401  registers the ops of mixtures of experts
from safetensors.torch import load_file

TOLERANCE = 1e-4


class Recorder(torch.fx.Interpreter):
    """Keeps what each call of an op gives."""

    def __init__(self, module: torch.fx.GraphModule):
        super().__init__(module)
        self.values: list[tuple[torch.fx.Node, torch.Tensor]] = []

    def run_node(self, node: torch.fx.Node) -> Any:
        value = super().run_node(node)
        if "empty" in str(node.target) and isinstance(value, torch.Tensor):
            value.zero_()  # as ipfs-accelerate reads memory that nothing has written
        if node.op == "call_function":
            for part in value if isinstance(value, (tuple, list)) else [value]:
                if isinstance(part, torch.Tensor) and not part.is_complex():
                    self.values.append((node, part.detach().clone()))
        return value


def program_values(case: Path, number: int) -> list[tuple[torch.fx.Node, torch.Tensor]]:
    """The values of all nodes of the case's program on inputs-NUMBER, in order."""
    program = torch.export.load(str(case / "model.pt2"))
    stored = load_file(case / "model.safetensors")
    facts = captured_facts(case / "model.pt2")
    given = load_file(case / f"inputs-{number}.safetensors")
    arguments: dict[str, torch.Tensor] = {}
    names = iter(facts["inputs"])
    for spec in program.graph_signature.input_specs:
        name = spec.arg.name
        if spec.kind.name == "USER_INPUT":
            value = getattr(spec.arg, "value", None)
            arguments[name] = given[next(names)] if value is None and not isinstance(value, (int, float)) else value
        else:
            where = facts["weights"].get(spec.target)
            inside = program.constants.get(spec.target, program.state_dict.get(spec.target))
            arguments[name] = made_of(where, stored) if where else inside
    recorder = Recorder(program.graph_module)
    order = [node.name for node in program.graph.nodes if node.op == "placeholder"]
    with torch.no_grad():
        recorder.run(*[arguments[name] for name in order])
    return recorder.values


def made_of(where: str | dict[str, Any], stored: dict[str, torch.Tensor]) -> torch.Tensor:
    """A weight from its expression (see `weights`)."""
    if isinstance(where, str):
        return stored[where]
    parts = [made_of(part, stored) for part in where["of"]]
    match where["op"]:
        case "stack":
            return torch.stack(parts, where["axis"])
        case "concat":
            return torch.cat(parts, where["axis"])
        case "slice":
            return parts[0].narrow(where["axis"], where["start"], where["length"])
        case "transpose":
            return parts[0].transpose(*where["axes"])
        case "permute":
            return parts[0].permute(where["axes"])
    return parts[0].reshape(where["shape"])


def captured_facts(archive: Path) -> dict[str, Any]:
    import zipfile

    with zipfile.ZipFile(archive) as zipped:
        name = next(name for name in zipped.namelist() if name.endswith("extra/ipfs_accelerate.json"))
        return json.loads(zipped.read(name))


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    """max|a-b|/max|b| of the finite elements; infinite where shapes or special values differ."""
    if a.numel() != b.numel():
        return float("inf")
    a, b = a.reshape(-1).double(), b.reshape(-1).double()
    finite = b.abs() < 1e30
    if not torch.equal(a[~finite].nan_to_num(), b[~finite].nan_to_num()) and bool((a[~finite].abs() < 1e30).any()):
        return float("inf")
    a, b = a[finite], b[finite]
    if not b.numel():
        return 0.0
    largest = float(b.abs().max())
    return float((a - b).abs().nan_to_num(float("inf")).max()) / (largest or 1.0)


def locate(case: Path, number: int, program: str, most: int = 1) -> list[dict[str, Any]]:
    """The first nodes, at most `most`, whose value is among none of ours of as many elements."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "values.safetensors"
        command = [program, "execute", str(case), "--graph", "captured", "--values", str(out)]
        subprocess.run([*command, "--inputs", str(case / f"inputs-{number}.safetensors")], check=False, capture_output=True)
        ours: dict[int, list[torch.Tensor]] = {}
        for _, value in sorted(load_file(out).items()):
            ours.setdefault(value.numel(), []).append(value)
    found: list[dict[str, Any]] = []
    for node, value in program_values(case, number):
        if len(found) == most:
            break
        nearest = min((difference(mine, value) for mine in ours.get(value.numel(), [])), default=float("inf"))
        if nearest <= TOLERANCE or value.numel() <= 1:
            continue
        stack = node.meta.get("nn_module_stack") or {}
        module = list(stack.values())[-1][0] if stack else ""
        shape = f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        found.append({"op": str(node.target), "node": node.name, "module": module, "type": shape, "nearest": nearest})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=Path)
    parser.add_argument("--set", type=int, default=0, help="number of the inputs")
    parser.add_argument("--most", type=int, default=1, help="show so many ops")
    parser.add_argument("--program", default="ipfs-accelerate")
    arguments = parser.parse_args()
    for op in locate(arguments.case, arguments.set, arguments.program, arguments.most):
        print(json.dumps(op))


if __name__ == "__main__":
    main()
