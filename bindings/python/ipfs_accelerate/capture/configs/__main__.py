"""Runs classes on their cases, each in a child process of its own.

A line a class on standard output and, with --out, a JSON record: ok, or the stage and reason of the failure. With the
same --out a second run continues the first.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import importlib
import json
import os
import random
import resource
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch

from .. import randomize as _randomize
from . import case as cases
from .classes import list_classes, modality_of, model_class, module_of


# Loaded once, so that the children inherit them.
_PRELOADED = (
    "torch._dynamo", "transformers.modeling_utils", "transformers.masking_utils", "transformers.generation",
    "transformers.image_processing_utils", "transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama",
)  # fmt: skip


def _tensors(item: Any) -> list[torch.Tensor]:
    if isinstance(item, torch.Tensor):
        return [item]
    if isinstance(item, dict):
        return [tensor for part in item.values() for tensor in _tensors(part)]
    if isinstance(item, (list, tuple)):
        return [tensor for part in item for tensor in _tensors(part)]
    return []


def check_class(name: str) -> dict[str, Any]:
    """The record of one class: status, stage, reason, seconds, parameters, varied axes."""
    record: dict[str, Any] = {"class": name, "module": module_of(name)}
    started = time.time()
    try:
        case = cases.make_case(name)
        record["modality"] = modality_of(name)
        if case.requires or case.own_reason:
            return record | {"status": "excused", "stage": "requires" if case.requires else "own",
                             "reason": case.requires or case.own_reason}  # fmt: skip
        model = case.build_model()
        record["parameters"] = sum(parameter.numel() for parameter in model.parameters())
        _randomize.randomize(model, 0)
        finite = True
        for inputs in case.inputs:
            run = time.time()
            outputs = _tensors(cases.forward(model, inputs, case.forward_kwargs))
            record["forward_s"] = round(time.time() - run, 3)
            if not outputs:
                raise cases.CaseError(name, "forward", ValueError("the model returned no tensor"))
            finite &= all(bool(torch.isfinite(o).all()) for o in outputs if o.is_floating_point() and o.numel())
        record |= {"status": "ok", "finite": finite, "inert": _inert(model, case), "arguments": list(case.inputs[0]), "fixed": case.fixed,
                   "varied": {axis: values for axis, values in case.varied.items()}}  # fmt: skip
    except cases.CaseError as error:
        record |= {"status": "failed", "stage": error.stage, "reason": str(error).split(": ", 2)[-1][:400],
                   "where": _where(error.__cause__)}  # fmt: skip
    except ImportError as error:
        record |= {"status": "failed", "stage": "import", "reason": " ".join(str(error.__cause__ or error).split())[:400]}
    record["seconds"] = round(time.time() - started, 2)
    return record


def _inert(model: torch.nn.Module, case: cases.Case) -> list[str]:
    """The real-valued inputs that change no output: a case with one of these would not test what it feeds."""
    inputs = case.inputs[0]
    base = _tensors(cases.forward(model, inputs, case.forward_kwargs))
    inert = []
    for name, item in inputs.items():
        if isinstance(item, torch.Tensor) and item.is_floating_point():
            outputs = _tensors(cases.forward(model, inputs | {name: item * 0.5 + 0.1}, case.forward_kwargs))
            if len(outputs) == len(base) and all(torch.equal(a, b) for a, b in zip(outputs, base, strict=True)):
                inert.append(name)
    return inert


def _where(error: BaseException | None) -> str:
    """The innermost frame of transformers in an error's traceback."""
    import traceback

    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/transformers/" in f.filename] if error else []
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""


def _in_child(name: str, seconds: float, memory: int) -> dict[str, Any]:
    """`check_class` in a forked child with limits on processor time (twenty times as much by the clock) and memory."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            try:
                record = check_class(name)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the parent prints it
                record = {"class": name, "module": module_of(name), "status": "failed", "stage": "harness",
                          "reason": f"{type(error).__name__}: {' '.join(str(error).split())}"[:400],
                          "where": _where(error)}  # fmt: skip
            with os.fdopen(writer, "w") as pipe:
                json.dump(record, pipe, default=str)
        finally:
            os._exit(0)
    os.close(writer)
    limit, started, stopped = time.time() + 20 * seconds, time.time(), ""
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.time() > limit or _resident(child) > memory:
            stopped = f"over {20 * seconds:.0f} s" if time.time() > limit else f"over {memory >> 20} MiB"
            os.kill(child, 9)
            os.waitpid(child, 0)
            break
        time.sleep(0.01)
    else:
        if os.WIFSIGNALED(ended[1]):
            over = os.WTERMSIG(ended[1]) in (signal.SIGXCPU, signal.SIGKILL)
            stopped = f"over {seconds:.0f} s of processor time" if over else f"signal {os.WTERMSIG(ended[1])}"
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    if text:
        return json.loads(text)
    return {"class": name, "module": module_of(name), "status": "failed", "stage": "limit",
            "reason": stopped or "the process died", "seconds": round(time.time() - started, 2)}  # fmt: skip


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ipfs_accelerate.capture.configs", description=__doc__)
    parser.add_argument("--class", dest="classes", action="append", default=[], metavar="NAME", help="only this class")
    parser.add_argument("--module", action="append", default=[], help="only classes of this transformers folder")
    parser.add_argument("--sample", type=int, help="this many classes, chosen at random but always the same")
    parser.add_argument("--out", type=Path, help="JSONL file; classes that it has are skipped")
    parser.add_argument("--retry", action="store_true", help="with --out: classes that failed are run again")
    parser.add_argument("--seconds", type=float, default=60, help="processor time for a class (60)")
    parser.add_argument("--memory", type=int, default=4096, help="limit of a class in MiB (4096)")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    names = options.classes or [n for n in list_classes() if not options.module or module_of(n) in options.module]
    if options.sample:
        names = random.Random(0).sample(names, min(options.sample, len(names)))
    known: dict[str, dict[str, Any]] = {}
    if options.out and options.out.exists():
        for line in options.out.read_text().splitlines():
            record = json.loads(line)
            known[record["class"]] = record
        names = [n for n in names if n not in known or (options.retry and known[n]["status"] == "failed")]
    for module in _PRELOADED:
        importlib.import_module(module)
    for index, name in enumerate(names, 1):
        with contextlib.suppress(ImportError, ValueError):
            model_class(name)  # the children inherit the module
        record = _in_child(name, options.seconds, options.memory << 20)
        known[name] = record
        if options.out:
            with options.out.open("a") as file:
                file.write(json.dumps(record) + "\n")
        detail = "" if record["status"] == "ok" else f"{record.get('stage')}: {record.get('reason')} [{record.get('where', '')}]"
        print(f"{index}/{len(names)} {name} {record['status']} {record.get('seconds', '')} {detail}", flush=True)
    totals = collections.Counter(record["status"] for record in known.values())
    print(", ".join(f"{count} {status}" for status, count in totals.most_common()))
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
