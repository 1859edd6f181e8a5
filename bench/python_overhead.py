#!/usr/bin/env python3
"""What the Python package costs: the time of `import ipfs_accelerate`, and of Skill.process around the C++ call.

Usage: python_overhead.py [--package FOLDER] [--model FOLDER] [--calls N]. Prints JSON with the median and the raw samples. The
C++ call is timed by itself (Task::run, `timing.total_ms` without `load_ms`); all else of the Python call is overhead: gathering
inputs, the envelope and the conversion of the result to Python objects.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def import_ms(package, times):
    """Of `import ipfs_accelerate` in a fresh interpreter, with a warm file cache."""
    code = "import time; t = time.perf_counter(); import ipfs_accelerate; print((time.perf_counter() - t) * 1e3)"
    run = lambda: float(subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(package)}, check=True, capture_output=True, text=True).stdout)
    run()
    return [run() for _ in range(times)]


def overhead_us(skill, text, calls):
    """Of each call, with the C++ call taken off."""
    samples = []
    for i in range(calls + 20):
        begin = time.perf_counter()
        out = skill.process(text)
        wall = (time.perf_counter() - begin) * 1e6
        timing = out["timing"]
        if i >= 20:
            samples.append(wall - (timing["total_ms"] - timing["load_ms"]) * 1e3)
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=pathlib.Path, default=ROOT / "build/release/python")
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--calls", type=int, default=200)
    given = parser.parse_args()
    sys.path.insert(0, str(given.package))
    import ipfs_accelerate

    model = given.model or subprocess.run([sys.executable, str(ROOT / "tools/model_path.py"), "minilm"], check=True, capture_output=True, text=True).stdout.strip()
    skill = ipfs_accelerate.Skill(model, task="feature-extraction", device="cpu", threads=1)
    found = {"import_ms": import_ms(given.package, 15), "process_overhead_us": overhead_us(skill, "A short text.", given.calls)}
    print(json.dumps({name: {"median": statistics.median(samples), "samples": samples} for name, samples in found.items()}))


if __name__ == "__main__":
    main()
