"""A long-lived process that builds case folders on request.

Requests and replies are JSON objects, one a line, on standard input and output; what libraries print goes to standard
error. Each class is built in a child process with limits on processor time and memory, so that a class that crashes or
hangs costs one reply, and a busy machine changes no reply.

Request: {"id": 1, "class": "BertModel", "folder": "/path/CASE", "seed": 0, "seconds": 120, "memory_mb": 6000,
          "kind": "case" (the class in small), or "capture" (model.pt2 of the folder "source"), or "reference" (inputs and
          outputs of transformers with the weights of "source", and model.pt2 with "captured": true)}
Reply:   {"id": 1, "ok": true, "class": ..., "seconds": {stage: s}, "peak_mb": ..., "nodes": ..., "way": ..., ...} or
         {"id": 1, "ok": false, "class": ..., "stage": ..., "reason": ..., "own": true if the reason is the model's}
The first line written is {"ready": true, versions}.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 120.0
WALL = 5.0  # most seconds by the clock for a second of processor time
MEMORY_MB = 6000.0
MAKER = "ipfs_accelerate.capture.configs:make_case"


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MiB; 0 once it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except (OSError, IndexError):
        return 0.0


def plain(message: Any) -> Any:
    """The message in what JSON has: numbers that are not finite become text."""
    if isinstance(message, dict):
        return {key: plain(value) for key, value in message.items()}
    if isinstance(message, (list, tuple)):
        return [plain(value) for value in message]
    return str(message) if isinstance(message, float) and not math.isfinite(message) else message


def warm_up() -> None:
    """Imports everything that an export needs, by doing one."""
    import torch
    import transformers.exporters.exporter_dynamo
    import transformers.generation
    import transformers.masking_utils
    import transformers.modeling_utils

    from . import case

    class Small(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.scaled_dot_product_attention(x, x, x).relu()

    sample = case.Sample({"x": torch.randn(3, 2, 5, 4)})
    case.capture(Small(), [sample])


def build(request: dict[str, Any], make_case: Callable[..., Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """The work of the child: tells each stage as it begins, then the result."""
    from .config_file import CaptureError

    began = time.process_time()
    limit = float(request.get("seconds", SECONDS))
    try:
        facts = facts_of(request, make_case, limit, lambda stage: tell({"stage": stage}))
        result = {"ok": True, **facts}
    except CaptureError as error:
        result = {
            "ok": False,
            "stage": error.stage,
            "reason": error.reason,
            "own": error.own or bool(getattr(error.__cause__, "own", False)),
            "refused": error.refused,
            "where": where(error.__cause__),
        }
    result["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    result["total_seconds"] = round(time.process_time() - began, 3)
    tell({"result": result})


def facts_of(
    request: dict[str, Any], make_case: Callable[..., Any], limit: float, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Makes what the request asks for, within `limit` seconds."""
    folder, name, kind = Path(request["folder"]), request["class"], request.get("kind", "case")
    if kind == "case":
        from .case import build_case

        return build_case(make_case, name, folder, int(request.get("seed", 0)), limit * 0.7, progress)
    source = Path(request["source"])
    if kind == "capture":
        from .folder import capture_folder

        progress("export")
        folder.mkdir(parents=True, exist_ok=True)
        return capture_folder(source, folder / "model.pt2", name, None, limit * 0.7, "plain")
    from .reference import build_reference

    progress("eager")
    return build_reference(source, folder, name, limit * 0.7, bool(request.get("captured", False)))


def where(error: BaseException | None) -> list[str]:
    """The last frames of an exception, without folders: `modeling_bert.py:120 forward`."""
    if error is None:
        return []
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used: unlike the clock's it does not depend on what else the machine does."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve_one(request: dict[str, Any], make_case: Callable[..., Any]) -> dict[str, Any]:
    """Builds one class in a child process; returns the reply without its id."""
    seconds = float(request.get("seconds", SECONDS))
    memory_mb = float(request.get("memory_mb", MEMORY_MB))
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(read_end)
            with os.fdopen(write_end, "w") as out:

                def tell(message: dict[str, Any]) -> None:
                    out.write(json.dumps(plain(message), default=str, allow_nan=False) + "\n")
                    out.flush()

                build(request, make_case, tell)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(write_end)
    os.set_blocking(read_end, False)
    began, text, peak, killed = time.monotonic(), b"", 0.0, ""
    while True:
        if select.select([read_end], [], [], 0.05)[0]:
            chunk = os.read(read_end, 1 << 16)
            if not chunk:
                break
            text += chunk
        used = resident_mb(pid)
        peak = max(peak, used)
        if used > memory_mb:
            killed = f"used more than {memory_mb:.0f} MB of memory"
        elif cpu_seconds(pid) > seconds:
            killed = f"took more than {seconds:.0f} s"
        elif time.monotonic() - began > WALL * seconds:
            killed = f"took more than {WALL * seconds:.0f} s by the clock"
        if killed:
            os.kill(pid, signal.SIGKILL)
            break
    os.close(read_end)
    _, status = os.waitpid(pid, 0)
    stage, result = "config", None
    for line in text.decode().splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        stage = message.get("stage", stage)
        result = message.get("result", result)
    if result is None:
        reason = killed or (
            f"ended by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"ended with status {os.WEXITSTATUS(status)}"
        )
        result = {"ok": False, "stage": stage, "reason": reason, "own": False, "peak_mb": round(peak, 1)}
    return {**result, "class": request["class"]}


def refusal(request: Any) -> str | None:
    """What is wrong with a request."""
    if not isinstance(request, dict):
        return "a request is a JSON object"
    for key in ("class", "folder"):
        if not isinstance(request.get(key), str):
            return f"a request has a string `{key}`"
    if not request["class"].isidentifier():
        return f"{request['class']!r} is no class name"
    kind = request.get("kind", "case")
    if kind not in ("case", "capture", "reference"):
        return f"{kind!r} is no kind of request"
    if kind != "case" and not isinstance(request.get("source"), str):
        return f"a request of the kind {kind} has a string `source`"
    for key in ("seed", "seconds", "memory_mb"):
        if key in request and (isinstance(request[key], bool) or not isinstance(request[key], (int, float))):
            return f"`{key}` is a number"
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maker", default=MAKER, metavar="MODULE:FUNCTION", help="makes configurations and inputs")
    arguments = parser.parse_args()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for name, value in {
        "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "CUDA_VISIBLE_DEVICES": "",
    }.items():  # fmt: skip
        os.environ.setdefault(name, value)

    import logging
    import warnings

    warnings.filterwarnings("ignore")
    logging.disable(logging.ERROR)
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    module, _, function = arguments.maker.partition(":")
    make_case = getattr(importlib.import_module(module), function)
    warm_up()

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(plain(message), default=str, allow_nan=False) + "\n")
        replies.flush()

    reply({"ready": True, "torch_version": torch.__version__, "transformers_version": transformers.__version__})
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
        except ValueError as error:
            reply({"id": None, "ok": False, "stage": "request", "reason": f"not JSON: {error}", "own": False})
            continue
        wrong = refusal(request)
        if wrong:
            number = request.get("id") if isinstance(request, dict) else None
            reply({"id": number, "ok": False, "stage": "request", "reason": wrong, "own": False})
            continue
        reply({"id": request.get("id"), **serve_one(request, make_case)})


if __name__ == "__main__":
    main()
