#!/usr/bin/env python3
"""Makes skills of models, each with a Python class to call it.

    python generators/skill_generator/generate_skillsets.py --model bert-base-uncased

writes generators/models/skill_hf_bert_base_uncased.py with the class BertbaseuncasedSkill, and its skill under
generators/models/skills/. A model is a folder, or an id of the hub, which is fetched from HF_ENDPOINT if the hub's cache has
it not. Needs the package ipfs_accelerate (`pip install .`); capturing and comparing with transformers need torch and
transformers, and without them a built-in graph is compared with the reference backend.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

try:
    import ipfs_accelerate
except ImportError as missing:
    sys.exit(f"the package ipfs_accelerate is needed ({missing}); install it with: pip install {ROOT}")

from ipfs_accelerate import errors
from ipfs_accelerate.skill_class import class_name, class_path, import_class, write_class

# A model that fills masks is asked with texts that have none: its class gives their features, unless --task says otherwise.
INSTEAD = {"fill-mask": "feature-extraction"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_argument_group("what to generate")
    what.add_argument("--model", action="append", default=[], metavar="ID_OR_DIR", help="a model; may be repeated")
    what.add_argument("--class", dest="classes", action="append", default=[], metavar="NAME", help="a class of transformers, made small with random weights")
    what.add_argument("--architecture", default="", metavar="FAMILY", help="all classes of a family, such as bert, made small")
    what.add_argument("--all", action="store_true", help="all classes of transformers, made small")
    what.add_argument("--all-native", action="store_true", help="all classes with a built-in graph, made small")
    what.add_argument("--from-file", action="append", default=[], metavar="LIST", help="a file with a line for each: MODEL [TASK] or class NAME [TASK]")
    parser.add_argument("--device", help="where the skill runs, and is verified; by default the policy decides")
    parser.add_argument("--task", default="", help="Hugging Face task; by default what the model is made for")
    parser.add_argument("--output-dir", type=Path, default=ROOT / "generators/models")
    parser.add_argument("--force", action="store_true", help="replace skills of the same name")
    parser.add_argument("--no-verify", action="store_true", help="do not compare with the reference")
    parser.add_argument("--parallel", type=int, default=1, metavar="N")
    parser.add_argument("--summary-file", type=Path, help="write what became of each as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.parallel < 1:
        parser.error("--parallel is at least 1")
    return given


def requests(given: argparse.Namespace) -> list[tuple[str, str, str]]:
    """(kind, name, task) of each skill that is asked for."""
    out = [("model", name, given.task) for name in given.model] + [("class", name, given.task) for name in given.classes]
    if given.all_native:
        out += [("class", name, given.task) for name in ipfs_accelerate.classes(native=True)]
    if given.all or given.architecture:
        out += [("class", name, given.task) for name in ipfs_accelerate.classes(given.architecture, python=python_with_transformers())]
    for file in given.from_file:
        for number, line in enumerate(Path(file).read_text(encoding="utf-8").splitlines(), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            kind = "class" if words[0] == "class" and len(words) > 1 else "model"
            words = words[1:] if kind == "class" else words
            if len(words) > 2:
                raise errors.InvalidArgumentError(f"{file}:{number}: {line!r}; expected MODEL [TASK] or class NAME [TASK]")
            out.append((kind, words[0], words[1] if len(words) > 1 else given.task))
    if not out:
        raise errors.InvalidArgumentError("nothing to generate; name a --model, --class, --architecture or --from-file, or give --all or --all-native")
    return out


def python_with_transformers() -> str:
    """This Python if it has what capturing and comparing need, else none, which leaves the choice to the library."""
    import importlib.util

    has_all = all(importlib.util.find_spec(name) for name in ("torch", "transformers", "safetensors"))
    return sys.executable if has_all else ""


def generate(kind: str, name: str, task: str, given: argparse.Namespace) -> dict[str, Any]:
    """Makes one skill and its class. Errors: classes of ipfs_accelerate.errors."""
    path = class_path(given.output_dir, name, given.force)
    skills = given.output_dir / "skills"
    options = {"output_dir": str(skills), "force": given.force, "verify": not given.no_verify, "device": given.device, "python": python_with_transformers()}
    if kind == "model":
        folder = ipfs_accelerate.find_model(name)
        inferred = task or ipfs_accelerate.infer_task(folder)
        made = ipfs_accelerate.generate(model=folder, task=task or INSTEAD.get(inferred, inferred), name=name.strip("/.").replace("/", "--"), **options)
    else:
        made = ipfs_accelerate.generate(class_name=name, task=task, **options)
    bundle = os.path.relpath(made["folder"], given.output_dir)
    try:
        write_class(path, name, made["manifest"], bundle, given.device)
        import_class(path)
    except BaseException:
        path.unlink(missing_ok=True)
        shutil.rmtree(made["folder"])
        raise
    return {
        "success": True,
        kind: name,
        "file": str(path),
        "class_name": class_name(name),
        "skill": made["folder"],
        "architecture": made["manifest"]["class"],
        "task": made["manifest"]["task"],
        "verification": made["manifest"]["verification"],
        "generate_ms": made["generate_ms"],
        "verify_ms": made["verify_ms"],
    }


def outcome(request: tuple[str, str, str], given: argparse.Namespace) -> dict[str, Any]:
    """What became of a request; a failure is an outcome too."""
    try:
        return generate(*request, given)
    except errors.Error as error:
        return {"success": False, request[0]: request[1], "error": {"code": error.code, "message": error.message, "context": error.context}}


def main() -> int:
    given = arguments()
    try:
        wanted = requests(given)
        given.output_dir.mkdir(parents=True, exist_ok=True)
    except (errors.Error, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    with concurrent.futures.ThreadPoolExecutor(given.parallel) as pool:
        outcomes = []
        for request, done in zip(wanted, pool.map(lambda request: outcome(request, given), wanted)):
            outcomes.append(done)
            if not given.json:
                report(request[1], done)
    failed = sum(not done["success"] for done in outcomes)
    summary = {"success": failed == 0, "total": len(outcomes), "succeeded": len(outcomes) - failed, "failed": failed, "skills": outcomes}
    text = json.dumps(summary, indent=2)
    if given.summary_file:
        given.summary_file.write_text(text + "\n", encoding="utf-8")
    if given.json:
        print(text)
    return 1 if failed else 0


def report(name: str, done: dict[str, Any]) -> None:
    if not done["success"]:
        print(f"FAIL {name}: {done['error']['code']}: {done['error']['message']}", *done["error"]["context"], sep="\n  in ", file=sys.stderr)
        return
    record = done["verification"]
    verified = f"agrees with {record['against']} within {record['max_rel']}" if record else "not verified"
    print(f"ok   {name}: {done['file']}, class {done['class_name']} ({done['architecture']}, {done['task']}), {verified}")


if __name__ == "__main__":
    sys.exit(main())
