#!/usr/bin/env python3
"""Runs every suite and closes with `N passed, N failed, N skipped` over all of them.

Usage: run_tests.py BUILD_FOLDER [--suite NAME]...
Suites: layers, format, ctest (units, op conformance on each backend and instruction set, golden models), e2e, coverage (a
sample of transformers' classes, captured and verified), openvino (the real engine), fuzz; on request max; ENGINES=none
leaves the engines out. MAX takes minutes for a new graph: its suite runs a sample of the ops; all of them:
tests/conformance/op_conformance --regions max --gaps src/backends/max/known_gaps.txt --minutes 60.
A suite's own closing line, or its cases, are counted; each suite has a budget in minutes and is stopped past twice that.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNT = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


def say(text):
    print(f"[test] {text}", flush=True)


def run(command, minutes, cwd=ROOT, env=None):
    """Runs a command, shows its output, returns (exit code, lines)."""
    lines = []
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    deadline = time.monotonic() + 120 * minutes
    try:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            print(line, end="", flush=True)
            if time.monotonic() > deadline:
                process.kill()
                lines.append("stopped: over twice its budget")
                say(lines[-1])
                break
    finally:
        code = process.wait()
    return code, lines


def counted(code, lines):
    """The counts of the last closing line; a run without one counts as one test."""
    for line in reversed(lines):
        found = COUNT.match(line.strip())
        if found:
            passed, failed, skipped = (int(n or 0) for n in found.groups())
            return passed, max(failed, 1 if code != 0 else 0), skipped
    return (1, 0, 0) if code == 0 else (0, 1, 0)


def suite_layers(build):
    return counted(*run([sys.executable, "tools/check_layers.py"], 1))


def suite_format(build):
    return counted(*run(["tools/lint.sh", "format"], 1))


def suite_ctest(build):
    """Each ctest program; the cases it reports are counted, not the program."""
    listing = json.loads(subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    say(f"{len(listing['tests'])} programs")
    code, lines = run(["ctest", "--test-dir", str(build), "--output-on-failure", "-j", "2", "--timeout", "900"], 25)
    log = (build / "Testing/Temporary/LastTest.log").read_text(errors="replace")
    total = [0, 0, 0]
    skipped_programs = {m.group(1) for line in lines if (m := re.search(r"Test\s+#\d+: (\S+) .*\*\*\*Skipped", line))}
    failed_programs = {m.group(1) for line in lines if (m := re.search(r"Test\s+#\d+: (\S+) .*\*\*\*(?!Skipped)", line))}
    for block in re.split(r"\n(?=\d+/\d+ Testing: )", log):
        head = re.match(r"\d+/\d+ Testing: (\S+)", block)
        if not head:
            continue
        name = head.group(1)
        if name in skipped_programs:
            reason = next((line for line in block.splitlines() if "skip" in line.lower()), "it reported no reason")
            say(f"skipped {name}: {reason.strip()}")
            total[2] += 1
            continue
        counts = None
        for line in block.splitlines():
            if found := COUNT.match(line.strip()):
                counts = [int(n or 0) for n in found.groups()]
        if counts is None:
            passed = re.search(r"\[  PASSED  \] (\d+) test", block)
            failed = re.search(r"\[  FAILED  \] (\d+) test", block)
            skipped = re.search(r"\[  SKIPPED \] (\d+) test", block)
            counts = [int(m.group(1)) if m else 0 for m in (passed, failed, skipped)]
            if not any(counts):
                counts = [0, 0, 0] if name in failed_programs else [1, 0, 0]
        if name in failed_programs and counts[1] == 0:
            counts[1] = 1
        total = [a + b for a, b in zip(total, counts)]
    if code != 0 and total[1] == 0:
        total[1] = 1
    return tuple(total)


def suite_e2e(build):
    total = [0, 0, 0]
    for script in sorted((ROOT / "tests/e2e").glob("*_test.py")):
        say(script.name)
        code, lines = run([str(ROOT / ".venv/bin/python"), str(script), "--build", str(build)], 8)
        total = [a + b for a, b in zip(total, counted(code, lines))]
    return tuple(total)


def suite_coverage(build):
    """A stratified sample: what the committed table says runs here must; another failure is skipped with its reason."""
    records = ROOT / "build/coverage/sample.jsonl"
    env = dict(os.environ, PYTHONPATH=str(ROOT / "bindings/python"), ACCELERATE_PYTHON=str(ROOT / ".venv/bin/python"))
    command = [str(build / "ipfs-accelerate"), "coverage", "--sample", "64", "-j", "2", "--out", str(records)]
    code, _ = run(command, 15, env=env)
    if code not in (0, 1):
        return 0, 1, 0
    table = (ROOT / "docs/coverage/classes.tsv").read_text().splitlines()
    columns = table[0].split("\t")
    known = {row["class"]: row for row in (dict(zip(columns, line.split("\t"))) for line in table[1:])}
    total = [0, 0, 0]
    for record in map(json.loads, records.read_text().splitlines()):
        name, committed = record["class"], known.get(record["class"], {"stage": "passed"})
        if record["stage"] == "passed":
            total[0] += 1
        elif committed["stage"] == "passed":
            say(f"FAILED {name}: {record['stage']}: {record['reason']}")
            total[1] += 1
        else:
            say(f"skipped {name}: known not to run here: {committed['stage']}: {committed['reason']}")
            total[2] += 1
    return tuple(total)


def suite_max(build):
    """MAX as it is installed in .venv: op conformance (many cases a graph) and whole models against the CPU."""
    if os.environ.get("ENGINES", "all") == "none":
        say("skipped max: ENGINES=none")
        return 0, 0, 1
    env = dict(os.environ, VIRTUAL_ENV=str(ROOT / ".venv"), ACCELERATE_CACHE_DIR=str(ROOT / "build/engine-cache"))
    conformance = [str(build / "tests/conformance/op_conformance"), "--regions", "max", "--gaps", "src/backends/max/known_gaps.txt", "--sample", "20", "--minutes", "3"]
    code, lines = run(conformance, 5, env=env)
    if code == 77:
        say(f"skipped max: {lines[-1]}")
        return 0, 0, 1
    total = counted(code, lines)
    code, lines = run([str(ROOT / ".venv/bin/python"), "tests/e2e/engines/max_test.py", "--build", str(build)], 5, env=env)
    return tuple(a + b for a, b in zip(total, counted(code, lines)))


def suite_openvino(build):
    """OpenVINO as it is installed in .venv: op conformance (many cases a graph) and a whole model against the CPU."""
    if os.environ.get("ENGINES", "all") == "none":
        say("skipped openvino: ENGINES=none")
        return 0, 0, 1
    env = dict(os.environ, VIRTUAL_ENV=str(ROOT / ".venv"), ACCELERATE_CACHE_DIR=str(ROOT / "build/engine-cache"))
    conformance = [str(build / "tests/conformance/op_conformance"), "--regions", "openvino", "--gaps", "src/backends/openvino/known_gaps.txt", "--minutes", "1.5"]
    code, lines = run(conformance, 2, env=env)
    if code == 77:
        say(f"skipped openvino: {lines[-1]}")
        return 0, 0, 1
    total = counted(code, lines)
    code, lines = run([str(ROOT / ".venv/bin/python"), "tests/e2e/engines/openvino_test.py", "--build", str(build)], 2, env=env)
    return tuple(a + b for a, b in zip(total, counted(code, lines)))


def suite_fuzz(build):
    return counted(*run(["tools/fuzz.sh"], 12))


SUITES = {"layers": suite_layers, "format": suite_format, "ctest": suite_ctest, "e2e": suite_e2e, "coverage": suite_coverage, "max": suite_max, "openvino": suite_openvino, "fuzz": suite_fuzz}

# Suites that only --suite runs: they compile for long on a machine that is shared.
ON_REQUEST = {"max"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--suite", action="append", choices=SUITES)
    args = parser.parse_args()
    build = args.build.resolve()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    total = [0, 0, 0]
    for name in args.suite or [name for name in SUITES if name not in ON_REQUEST]:
        say(f"suite {name}")
        begin = time.monotonic()
        counts = SUITES[name](build)
        say(f"suite {name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped in {time.monotonic() - begin:.0f} s")
        total = [a + b for a, b in zip(total, counts)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped", flush=True)
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
