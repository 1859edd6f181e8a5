#!/usr/bin/env python3
"""Skills end to end: generated from a real model and from classes in small, checked against transformers, run by folder and by CID,
and refused when they are not what they were.

Usage: skills_test.py [--build FOLDER] [--only TEXT].
"""

import json
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import time

import support

TEXTS = ("--text", "A cat sits on the mat.", "--text", "A kitten rests on a rug.")
CLASSES = {"DistilBertForMaskedLM": "native", "MobileViTForImageClassification": "captured"}


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    minilm = support.minilm()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-skills-"))
    skills = scratch / "skills"
    python = {"ACCELERATE_PYTHON": sys.executable, "PYTHONPATH": str(support.ROOT / "bindings/python"), "OMP_NUM_THREADS": "1"}
    nowhere = {"ACCELERATE_PYTHON": str(scratch / "no-python"), "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(scratch / "hub")}

    def generate(*command, code=0, env=None):
        done = program.run("generate", *command, "--output-dir", skills, "--json", env={**nowhere, **(env or {})}, timeout=400)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return json.loads(done.stdout)

    def refused(code, *words, command, env=None):
        before = sorted(os.listdir(skills)) if skills.exists() else []
        error = generate(*command, code=code, env=env)["error"]
        for word in words:
            assert word in error["message"], f"{word!r} is not in {error['message']!r}"
        after = sorted(os.listdir(skills)) if skills.exists() else []
        assert before == after, f"left behind: {set(after) - set(before)}"

    def native():
        begin = time.monotonic()
        made = generate("--model", minilm, "--name", "minilm", "--no-verify")
        seconds = time.monotonic() - begin
        assert made["graph"] == "native" and made["verification"] is None, made
        assert not (skills / "minilm/model.safetensors").exists(), "the weights were copied"
        wanted = program.json("run", minilm, *TEXTS)
        found = program.json("run", skills / "minilm", *TEXTS)
        assert found["result"] == wanted["result"] and found["task"] == wanted["task"], (found, wanted)
        return f"{1e3 * seconds:.0f} ms"

    def ready():
        if not (skills / "minilm").exists():
            generate("--model", minilm, "--name", "minilm", "--no-verify")

    def without_python():
        made = generate("--model", minilm, "--name", "checked")
        record = made["verification"]
        assert record["passed"] and "reference backend" in record["against"] and record["why"], record
        return f"within {record['max_rel']:.1g}"

    def against_transformers():
        support.require_transformers()
        made = generate("--model", minilm, "--name", "compared", env=python)
        record = made["verification"]
        assert record["passed"] and record["against"].startswith("transformers"), record
        assert record["sets"] == 2 and record["max_rel"] <= record["tolerance"] == 2e-5, record
        done = program.run("verify", skills / "compared", "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["passed"], done.stdout
        return f"within {record['max_rel']:.1g}"

    def small_classes():
        support.require_transformers()
        command = [word for name in CLASSES for word in ("--class", name)]
        summary = generate(*command, "--parallel", "2", "--summary-file", scratch / "summary.json", env=python)
        assert summary == json.loads((scratch / "summary.json").read_text())
        assert summary["succeeded"] == len(CLASSES) and summary["failed"] == 0, summary
        for made in summary["skills"]:
            assert made["graph"] == CLASSES[made["class"]] and made["verification"]["passed"], made
            folder = skills / made["class"]
            found = program.json("run", folder, "--inputs", folder / "inputs-1.safetensors", "--outputs", scratch / "out.safetensors")
            assert found["result"]["outputs"], found
            done = program.run("verify", folder, "--json")
            assert done.returncode == 0 and json.loads(done.stdout)["passed"], done.stdout
        return ", ".join(f"{made['class']} within {made['verification']['max_rel']:.1g}" for made in summary["skills"])

    def unknown_class():
        support.require_transformers()
        refused(2, "BertForMaskedLN", "BertForMaskedLM", command=("--class", "BertForMaskedLN"), env=python)

    def bad_requests():
        ready()
        refused(2, "no model", command=("--model", "no/such-model"))
        refused(2, "there already", command=("--model", minilm, "--name", "minilm", "--no-verify"))
        other = scratch / "other"
        shutil.copytree(minilm, other)
        refused(2, "another model", command=("--model", other, "--name", "minilm", "--no-verify", "--force"))
        (other / "config.json").unlink()
        refused(2, "config.json", command=("--model", other, "--no-verify"))
        refused(2, "is a skill already", command=("--model", skills / "minilm", "--name", "again"))
        if os.geteuid() != 0:
            skills.chmod(stat.S_IRUSR | stat.S_IXUSR)
            refused(5, "cannot write", command=("--model", minilm, "--name", "unwritten"))
            skills.chmod(0o755)

    def changed_skills():
        ready()

        def broken(name, change, *words):
            folder = scratch / name
            shutil.copytree(skills / "minilm", folder)
            change(folder)
            code, error = program.error("run", folder, *TEXTS)
            assert code in (2, 3) and all(word in error["message"] for word in words), (code, error)

        def edit(text, other):
            def change(folder):
                manifest = folder / "skill.json"
                assert text in manifest.read_text()
                manifest.write_text(manifest.read_text().replace(text, other))

            return change

        digest = json.loads((skills / "minilm/skill.json").read_text())["weights"][0]["sha256"]
        broken("graph", lambda folder: (folder / "graph.txt").write_text("graph"), "graph.txt", "expected")
        broken("weights", edit(digest, "0" * 64), "model.safetensors", "0" * 64)
        broken("schema", edit('"schema": 1', '"schema": 99'), "schema 99", "newer")
        broken("json", lambda folder: (folder / "skill.json").write_text("{"), "skill.json")
        code, error = program.error("run", skills / "minilm", "--task", "fill-mask", *TEXTS)
        assert error["code"] in ("unsupported_task", "unsupported_model"), error
        code, error = program.error("run", skills / "minilm", "--image", str(support.ROOT / "README.md"))
        assert code in (2, 3), error

    def published():
        generate("--model", minilm, "--name", "shared", "--self-contained", "--no-verify")
        assert (skills / "shared/model.safetensors").exists()
        store = {"ACCELERATE_STORE": str(scratch / "store")}
        done = program.run("publish", skills / "shared", "--json", env=store)
        assert done.returncode == 0, done.stderr
        cid = json.loads(done.stdout)["cid"]
        found = program.json("run", f"ipfs://{cid}", *TEXTS, env=store)
        assert found["result"] == program.json("run", minilm, *TEXTS)["result"]
        return cid

    try:
        suite.check("a native skill, and its run", native)
        suite.check("verified without Python", without_python)
        suite.check("verified against transformers", against_transformers)
        suite.check("classes in small", small_classes)
        suite.check("an unknown class", unknown_class)
        suite.check("bad requests", bad_requests)
        suite.check("changed skills", changed_skills)
        suite.check("published and run by CID", published)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
