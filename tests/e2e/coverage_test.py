#!/usr/bin/env python3
"""Captured models in the program: coverage, verify, execute, and running a captured folder without Python.

Usage: coverage_test.py [--build FOLDER] [--only TEXT]. Needs torch and transformers in this Python.
"""

import collections
import json
import pathlib
import re
import shutil
import struct
import sys
import tempfile

import support

CLASSES = ["BertModel", "MambaModel", "MixtralModel", "EsmModel", "VideoMAEModel"]  # one has a native builder


def tensors(path):
    """Names and numbers of a small safetensors file of f32 and i64."""
    content = path.read_bytes()
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        code = {"F32": "f", "I64": "q"}.get(entry["dtype"])
        if code:
            out[name] = struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", content[begin:end])
    return out


def main():
    args = support.arguments(__doc__)
    support.require_transformers()
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-coverage-"))
    env = {"PYTHONPATH": str(support.ROOT / "bindings/python"), "ACCELERATE_PYTHON": sys.executable}
    records = scratch / "records.jsonl"
    cases = scratch / "cases"
    no_python = {"PATH": "/nonexistent", "PYTHONPATH": "/nonexistent"}

    def sweep():
        wanted = [part for name in CLASSES for part in ("--class", name)]
        done = program.run("coverage", *wanted, "--keep", "-j", "2", "--out", records, env=env, timeout=400)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        found = {r["class"]: r for r in map(json.loads, records.read_text().splitlines())}
        assert set(found) == set(CLASSES), set(found)
        for name, record in found.items():
            assert record["stage"] == "passed" and record["sets"] >= 2 and 0 < record["max_rel"] <= 1e-4, record
        return f"worst max|a-b|/max|b| {max(r['max_rel'] for r in found.values()):.1e}"

    def resume():
        before = records.read_text()
        done = program.run("coverage", "--class", CLASSES[0], "--resume", "--out", records, env=env)
        assert done.returncode == 0 and records.read_text() == before, done.stdout
        # A record that an interrupted write tore is made again.
        lines = before.splitlines(keepends=True)
        records.write_text("".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
        name = json.loads(lines[-1])["class"]
        done = program.run("coverage", "--class", name, "--resume", "--reuse", "--out", records, env=env)
        assert done.returncode == 0 and f"ok   {name}" in done.stdout, done.stdout + done.stderr

    def table():
        path, page = scratch / "classes.tsv", scratch / "coverage.md"
        done = program.run("coverage", "--update-table", "--out", records, "--table", path, "--page", page, "--summary", "--json", env=env, timeout=400)
        assert done.returncode == 0, done.stdout + done.stderr
        total = json.loads(done.stdout)["total"]
        assert total["passed"] == total["classes"] - total["untried"] >= len(CLASSES) - 1 and total["classes"] > 1500, total
        assert "MambaModel" in path.read_text() and "AutoModel" in page.read_text()

    def lone_runs():
        """A class without a native builder, with no Python anywhere."""
        out = scratch / "out.safetensors"
        for name in CLASSES[1:]:
            done = program.run("execute", cases / name, "--inputs", cases / name / "inputs-1.safetensors", "--outputs", out, "--json",
                               env=no_python)
            assert done.returncode == 0, done.stdout + done.stderr
            assert json.loads(done.stdout)["backend"] == "cpu"
            found, wanted = tensors(out), tensors(cases / name / "outputs-1.safetensors")
            assert found.keys() == wanted.keys() and wanted, (found.keys(), wanted.keys())
            for key, values in wanted.items():
                largest = max(map(abs, values))
                worst = max(abs(a - b) for a, b in zip(found[key], values))
                assert len(found[key]) == len(values) and worst <= 1e-4 * largest, f"{name} {key}: {worst} of {largest}"

    def same_plan():
        """A captured BERT ends as the plan of the native one."""
        plans = {}
        for graph in ("native", "captured"):
            done = program.run("execute", cases / "BertModel", "--graph", graph, "--show", "plan", env=no_python)
            assert done.returncode == 0, done.stderr
            plans[graph] = collections.Counter(re.findall(r"= (\w+)\(", done.stdout))
        assert plans["native"] == plans["captured"], f"{plans['native']} and {plans['captured']}"
        return f"{sum(plans['native'].values())} nodes"

    def verify_notices():
        """A spoiled weight is a failure with the output that differs, exit code 1."""
        folder = scratch / "spoiled"
        shutil.copytree(cases / "EsmModel", folder)
        content = bytearray((folder / "model.safetensors").read_bytes())
        (size,) = struct.unpack("<Q", content[:8])
        entry = next(e for n, e in json.loads(content[8:8 + size]).items() if n.endswith("layer.0.attention.self.query.weight"))
        begin = 8 + size + entry["data_offsets"][0]
        content[begin:begin + 400] = struct.pack("<100f", *[3.0] * 100)
        (folder / "model.safetensors").write_bytes(content)
        done = program.run("verify", folder, "--json", "--no-locate")
        assert done.returncode == 1, done.stderr
        verdict = json.loads(done.stdout)
        assert verdict["stage"] == "compare" and "last_hidden_state" in verdict["reason"], verdict
        assert program.run("verify", cases / "EsmModel").returncode == 0

    def fails(name, arguments, code, exit_code, *words, **options):
        def check():
            found, error = program.error(*arguments, **options)
            whole = error["message"] + " ".join(error["context"])
            assert found == exit_code and error["code"] == code, f"exit {found}, {error}"
            for word in words:
                assert word in whole, f"'{word}' is not in: {whole}"
        suite.check(name, check)

    def no_weights():
        folder = scratch / "bare"
        folder.mkdir()
        for name in ("config.json", "model.pt2"):
            shutil.copy(cases / "EsmModel" / name, folder / name)
        code, error = program.error("execute", folder, "--inputs", cases / "EsmModel/inputs-0.safetensors")
        assert code == 3 and error["code"] == "invalid_weights", error

    suite.check("classes are captured and verified", sweep)
    suite.check("a sweep goes on where it was", resume)
    suite.check("table, page and summary", table)
    suite.check("captured classes run without Python", lone_runs)
    suite.check("captured and native BERT are one plan", same_plan)
    suite.check("verify notices a changed weight", verify_notices)
    suite.check("a captured folder without its weights", no_weights)
    fails("coverage of no class", ("coverage", "--class", "NoSuchModel", "--out", scratch / "r"), "not_found", 2, "NoSuchModel", env=env)
    fails("coverage without Python", ("coverage", "--class", "BertModel", "--out", scratch / "r", "--python", "/nonexistent/python"), "io_error", 5, "/nonexistent/python")
    fails("summary without results", ("coverage", "--summary", "--table", scratch / "none.tsv"), "not_found", 2, "none.tsv")
    fails("verify of a folder without inputs", ("verify", scratch), "not_found", 2)
    fails("execute without an input", ("execute", cases / "EsmModel", "--inputs", cases / "EsmModel/outputs-0.safetensors"), "invalid_argument", 2, "input_ids")
    shutil.rmtree(scratch)
    suite.finish()


if __name__ == "__main__":
    main()
