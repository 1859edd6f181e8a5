#!/usr/bin/env python3
"""Makes skills of many classes and runs each from the command line, without Python in the program.

Usage: skills_sweep.py CASES --out TABLE.tsv [--build FOLDER] [--count N]

CASES holds case folders as `coverage --keep` leaves them (a class in small with random weights, its capture, inputs and what
transformers computes). N classes of all modalities are taken, as many of each as there can be, each generated with
`generate --model` (which verifies), then run with `run SKILL --inputs`; the outputs are compared here once more. A row of the table
is a class: modality, class, graph, largest error of the verification, of the run, and what failed.
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
from safetensors.numpy import load_file

ROOT = pathlib.Path(__file__).resolve().parents[1]


def modalities():
    """Of the classes that the table of coverage has as passed."""
    rows = (ROOT / "docs/coverage/classes.tsv").read_text().splitlines()
    return {cells[0]: cells[3] for cells in (row.split("\t") for row in rows[1:]) if cells[5] == "passed"}


def chosen(cases, count):
    """Classes with recordings, one of each modality in turn, in the order of their names."""
    groups = collections.defaultdict(list)
    known = modalities()
    for folder in sorted(cases.iterdir()):
        if (folder / "outputs-0.safetensors").exists() and folder.name in known:
            groups[known[folder.name]].append(folder)
    out = []
    while len(out) < count and any(groups.values()):
        for group in sorted(groups):
            if groups[group] and len(out) < count:
                out.append((group, groups[group].pop(0)))
    return sorted(out, key=lambda entry: (entry[0], entry[1].name))


def call(program, *args):
    done = subprocess.run([program, *map(str, args), "--json"], capture_output=True, text=True, timeout=600)
    try:
        reply = json.loads(done.stdout)
    except ValueError:
        return None, (done.stderr.strip().splitlines() or ["it wrote nothing"])[-1]
    return (reply, "") if done.returncode == 0 else (None, reply.get("error", {}).get("message", "failed"))


def difference(found, wanted):
    """Largest max|a-b| / max|b| of the outputs; infinite where one is missing or has another shape."""
    worst = 0.0
    for name, b in wanted.items():
        a = found.get(name)
        if a is None or a.shape != b.shape:
            return float("inf")
        if b.dtype.kind != "f":
            worst = max(worst, float((a != b).any()))
            continue
        finite = numpy.isfinite(b) & (numpy.abs(b) < 1e30)
        if not finite.any():
            continue
        largest = float(numpy.abs(b[finite]).max())
        error = float(numpy.abs(a[finite].astype("float64") - b[finite]).max())
        worst = max(worst, error / largest if largest else (0.0 if error == 0 else float("inf")))
    return worst


def row_of(program, case, skills, scratch):
    made, reason = call(program, "generate", "--model", case, "--graph", "captured", "--output-dir", skills, "--threads", "1")
    if made is None:
        return ["", "", "", f"generate: {reason}"]
    outputs = scratch / "outputs.safetensors"
    ran, reason = call(program, "run", skills / case.name, "--inputs", case / "inputs-0.safetensors", "--outputs", outputs)
    record = made["verification"]
    if ran is None:
        return [made["graph"], f"{record['max_rel']:.2e}", "", f"run: {reason}"]
    error = difference(load_file(outputs), load_file(case / "outputs-0.safetensors"))
    return [made["graph"], f"{record['max_rel']:.2e}", f"{error:.2e}", "" if error <= 1e-4 else "run: another result"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--count", type=int, default=66)
    args = parser.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-skills-"))
    rows, failed = [["modality", "class", "graph", "verified", "run", "reason"]], 0
    try:
        for modality, case in chosen(args.cases, args.count):
            row = [modality, case.name, *row_of(args.build.resolve() / "ipfs-accelerate", case, scratch / "skills", scratch)]
            row[-1] = " ".join(row[-1].replace(str(case), case.name).split())[:300]
            failed += bool(row[-1])
            rows.append(row)
            print("\t".join(row), flush=True)
            shutil.rmtree(scratch / "skills", ignore_errors=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join("\t".join(row) + "\n" for row in rows))
    print(f"{len(rows) - 1 - failed} of {len(rows) - 1} classes generate, verify and run")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
