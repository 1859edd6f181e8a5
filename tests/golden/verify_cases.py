"""Runs `ipfs-accelerate verify` on every case folder below a folder. Usage: verify_cases.py PROGRAM FOLDER [DEVICE]."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def verdict(program: str, folder: Path, device: str) -> tuple[bool, str]:
    """Whether the case agrees, and the largest relative error or the reason."""
    command = [program, "verify", str(folder), "--json", "--no-locate", "--device", device]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    try:
        result = json.loads(run.stdout)
    except ValueError:
        return False, f"exit code {run.returncode}: {run.stderr.strip()[-300:]}"
    if result["passed"]:
        return True, f"{result['max_rel']:.1e}"
    return False, f"{result['stage']}: {result['reason']}"


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    cases = sorted(f.parent for f in folder.glob("*/model.pt2"))
    failed = 0
    for case in cases:
        passed, text = verdict(program, case, device)
        failed += not passed
        print(f"{'ok  ' if passed else 'FAIL'} {case.name:<32} {text}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
