#!/usr/bin/env python3
"""Capturing transformers classes: archives, weights, random draws, refusals, and a worker that survives its classes.

Usage: capture_test.py [--build FOLDER] [--only TEXT]. Needs torch, transformers and safetensors in this Python; the
program itself is not run.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile

import support

BINDINGS = support.ROOT / "bindings/python"
MAKER = """
import os, time
from ipfs_accelerate.capture.configs import make_case as real

def make_case(name, seed=0):
    if name == "Crash":
        os.abort()
    if name == "Hang":
        time.sleep(600)
    if name == "Spin":
        while True:
            pass
    if name == "Hungry":
        held = bytearray(4_000_000_000)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(600)
    return real(name, seed)
"""
KEYS = {"schema", "class", "model_type", "transformers_version", "torch_version", "inputs", "outputs", "weights"}


class Worker:
    """The capture worker as a child process."""

    def __init__(self, scratch):
        (scratch / "test_maker.py").write_text(MAKER)
        env = {**os.environ, "PYTHONPATH": f"{BINDINGS}:{scratch}", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ipfs_accelerate.capture.worker", "--maker", "test_maker:make_case"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
        ready = json.loads(self.process.stdout.readline())
        assert ready["ready"] is True and ready["torch_version"] and ready["transformers_version"], ready

    def ask(self, line):
        self.process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0


def entries(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        root = names[0].split("/")[0]
        assert all(name.startswith(root + "/") for name in names) and len(names) == len(set(names)), names
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        return {name[len(root) + 1:]: archive.read(name) for name in names}


def evaluate(expression, stored):
    """The tensor that an entry of `weights` describes."""
    import torch

    if isinstance(expression, str):
        return stored[expression]
    parts = [evaluate(part, stored) for part in expression["of"]]
    op = expression["op"]
    if op == "stack":
        return torch.stack(parts, expression["axis"])
    if op == "concat":
        return torch.cat(parts, expression["axis"])
    if op == "slice":
        return parts[0].narrow(expression["axis"], expression["start"], expression["length"])
    if op == "transpose":
        return parts[0].transpose(*expression["axes"])
    if op == "permute":
        return parts[0].permute(expression["axes"])
    assert op == "reshape", expression
    return parts[0].reshape(expression["shape"])


def replay(folder):
    """Runs model.pt2 of a case with weights from its safetensors files; the largest relative error over all runs."""
    import torch
    from safetensors.torch import load_file

    from ipfs_accelerate.capture.exporter import error_of, run

    extra = json.loads(entries(folder / "model.pt2")["extra/ipfs_accelerate.json"])
    stored = load_file(folder / "model.safetensors")
    program = torch.export.load(str(folder / "model.pt2"))
    for name, held in program.state_dict.items():
        value = evaluate(extra["weights"][name], stored)
        assert value.shape == held.shape, f"{name}: {value.shape}, expected {held.shape}"
        program.state_dict[name] = value
    worst = 0.0
    runs = sorted(folder.glob("inputs-*.safetensors"))
    assert len(runs) >= 2, "a case has inputs of a size that the capture did not see"
    for path in runs:
        inputs, outputs = load_file(path), load_file(folder / path.name.replace("inputs", "outputs"))
        assert set(inputs) == set(extra["inputs"]) and set(outputs) == set(extra["outputs"])
        found = run(program, [inputs[name] for name in extra["inputs"]])
        assert len(found) == len(extra["outputs"])
        worst = max([worst] + [error_of(value, outputs[name]) for name, value in zip(extra["outputs"], found)])
    first, second = (load_file(path) for path in runs[:2])
    assert any(first[name].shape != second[name].shape for name in first), "no size differs"
    return extra, worst


def main():
    args = support.arguments(__doc__)
    support.require_transformers()
    sys.path.insert(0, str(BINDINGS))
    suite = support.Suite(args.only)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-capture-"))
    worker = Worker(scratch)
    replies = {}

    def case(name, **request):
        if name not in replies:
            replies[name] = worker.ask({"id": name, "class": name, "folder": str(scratch / name), "seconds": 110, **request})
            assert replies[name]["id"] == name
        assert replies[name]["ok"] is True, replies[name]
        return replies[name], scratch / name

    def bad_requests():
        for line, word in (("{", "JSON"), ("[]", "object"), ({"class": "BertModel"}, "folder"),
                           ({"class": "a.b", "folder": "/tmp/x"}, "class name"),
                           ({"class": "BertModel", "folder": "/tmp/x", "seconds": "9"}, "number")):
            reply = worker.ask(line)
            assert reply["ok"] is False and reply["stage"] == "request" and word in reply["reason"], reply
    suite.check("worker: bad requests", bad_requests)

    def crash():
        reply = worker.ask({"id": 1, "class": "Crash", "folder": str(scratch / "crash")})
        assert reply["ok"] is False and reply["own"] is False and f"signal {int(signal.SIGABRT)}" in reply["reason"], reply
    suite.check("worker: a class that crashes", crash)

    def hang():
        reply = worker.ask({"id": 2, "class": "Hang", "folder": str(scratch / "hang"), "seconds": 1})
        assert reply["ok"] is False and "by the clock" in reply["reason"] and reply["stage"] == "config", reply
        reply = worker.ask({"id": 2, "class": "Spin", "folder": str(scratch / "spin"), "seconds": 1})
        assert reply["ok"] is False and reply["reason"] == "took more than 1 s" and reply["stage"] == "config", reply
    suite.check("worker: a class that hangs", hang)

    def hungry():
        reply = worker.ask({"id": 3, "class": "Hungry", "folder": str(scratch / "hungry"), "memory_mb": 1200})
        assert reply["ok"] is False and "memory" in reply["reason"], reply
    suite.check("worker: a class that takes too much memory", hungry)

    def no_class():
        reply = worker.ask({"id": 4, "class": "NoSuchModel", "folder": str(scratch / "none")})
        assert reply["ok"] is False and "NoSuchModel" in reply["reason"], reply
    suite.check("worker: no such class", no_class)

    def contract():
        reply, folder = case("BertForMaskedLM")
        assert reply["draws"] == 0 and reply["nodes"] > 50 and reply["seconds"]["export"] > 0 and reply["peak_mb"] > 0, reply
        files = entries(folder / "model.pt2")
        assert {"models/model.json", "data/weights/model_weights_config.json", "archive_version", "byteorder"} <= set(files)
        assert all(not content for name, content in files.items() if re.fullmatch(r"data/weights/weight_\d+", name))
        constants = json.loads(files["data/constants/model_constants_config.json"])["config"]
        assert all(len(files["data/constants/" + entry["path_name"]]) > 0 for entry in constants.values()) and constants
        text = files["models/model.json"].decode()
        assert "stack_trace" not in text
        for private in (str(support.ROOT), str(scratch), "site-packages", os.path.expanduser("~") + "/"):
            assert private not in text and private.encode() not in files["extra/ipfs_accelerate.json"], private
        extra = json.loads(files["extra/ipfs_accelerate.json"])
        assert KEYS <= set(extra) and extra["schema"] == 1 and extra["class"] == "BertForMaskedLM", extra
        assert extra["model_type"] == "bert" and extra["inputs"][0] == "input_ids" and extra["outputs"] == ["logits"], extra
        assert json.loads((folder / "config.json").read_text())["architectures"] == ["BertForMaskedLM"]
        dims = json.loads(text)["graph_module"]["graph"]["tensor_values"]["input_ids"]["sizes"]
        assert all("as_expr" in dim for dim in dims), dims
    suite.check("archive: the contract's shape", contract)

    def tied():
        _, folder = case("BertForMaskedLM")
        extra, worst = replay(folder)
        weights = extra["weights"]
        assert weights["cls.predictions.decoder.weight"] == weights["bert.embeddings.word_embeddings.weight"], weights
        assert worst <= 1e-4, worst
        return f"error {worst:.1e}"
    suite.check("archive: tied weights, and the numbers of the model", tied)

    def merged():
        _, folder = case("MixtralForCausalLM")
        extra, worst = replay(folder)
        kinds = {value["op"] for value in extra["weights"].values() if isinstance(value, dict)}
        assert kinds and kinds <= {"stack", "concat"}, kinds
        assert worst <= 1e-4, worst
        return f"error {worst:.1e}"
    suite.check("archive: weights merged from several stored tensors", merged)

    def draws():
        from safetensors.torch import load_file

        reply, folder = case("ViTMAEModel")
        assert reply["draws"] == 1 and "random.0" in reply["inputs"], reply
        extra, worst = replay(folder)
        assert worst <= 1e-4, worst
        drawn = load_file(folder / "inputs-0.safetensors")["random.0"]
        assert drawn.std() > 0.1 and drawn.min() >= 0 and drawn.max() < 1
        graph = json.loads(entries(folder / "model.pt2")["models/model.json"])["graph_module"]["graph"]
        targets = {node["target"] for node in graph["nodes"]}
        assert not any("rand" in target or "bernoulli" in target for target in targets), targets
    suite.check("random draws are inputs", draws)

    def lists():
        import torch
        from ipfs_accelerate.capture.structure import joined, varying_lists

        def outputs(images):
            features = {f"features.{i}": torch.full((i + 1, 4), float(i)) for i in range(images)}
            return {"states.0": torch.zeros(images, 4), **features, "states.1": torch.ones(images, 4)}

        samples = [outputs(2), outputs(3)]
        names = varying_lists(samples)
        assert names == ("features",), names
        found = joined(samples[1], names)
        assert list(found) == ["states.0", "features", "states.1"] and found["features"].shape == (6, 4), found
        assert found["features"][:, 0].tolist() == [0, 1, 1, 2, 2, 2], found["features"]
        uneven = [{"maps.0": torch.zeros(1, 2)}, {"maps.0": torch.zeros(1, 2), "maps.1": torch.zeros(1, 3)}]
        assert varying_lists(uneven) == (), "tensors of other widths do not follow each other"
    suite.check("outputs: a list with a tensor for each row", lists)

    def symbolic():
        import sympy
        import torch
        from ipfs_accelerate.capture.symbolic import symbolic_sizes

        before, (s, t) = sympy.simplify, sympy.symbols("s t", integer=True, positive=True)
        with symbolic_sizes():
            assert sympy.simplify((4 * s + 8 * t) / 4) == s + 2 * t
            assert sympy.simplify((s * t + s) / s) == t + 1
            dims = {"x": {0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO}}
            program = torch.export.export(torch.nn.Flatten(), (torch.zeros(2, 5, 6),), dynamic_shapes={"input": dims["x"]})
        assert sympy.simplify is before
        assert program.module()(torch.ones(3, 9, 6)).shape == (3, 54)
    suite.check("sizes: simplified quotients, dims of any size", symbolic)

    def atomic():
        from ipfs_accelerate.capture.archive import write_atomically

        path = scratch / "kept.pt2"
        path.write_bytes(b"old")
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
            try:
                write_atomically(path, b"x" * 100_000)
                raise AssertionError("a full disk went unnoticed")
            except OSError:
                pass
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
            signal.signal(signal.SIGXFSZ, handler)
        assert path.read_bytes() == b"old" and not list(scratch.glob(".kept*"))
        write_atomically(path, b"new")
        assert path.read_bytes() == b"new" and not list(scratch.glob(".kept*"))
    suite.check("archive: written at once or not at all", atomic)

    def refused():
        from ipfs_accelerate.capture.config_file import CaptureError
        from ipfs_accelerate.capture.folder import capture_folder

        plain = {"model_type": "bert", "architectures": ["BertModel"]}
        for name, content, word in (
            ("auto-map", {**plain, "auto_map": {"AutoModel": "modeling.Own"}}, "auto_map"),
            ("nested", {**plain, "text_config": {"auto_map": {"AutoModel": "modeling.Own"}}}, "auto_map"),
            ("quantised", {**plain, "quantization_config": {"quant_method": "gptq"}}, "gptq"),
            ("unknown", {"model_type": "no_such_model", "architectures": ["BertModel"]}, "no_such_model"),
            ("nameless", {"model_type": "bert"}, "architectures"),
            ("other", {"model_type": "bert", "architectures": ["NoSuchModel"]}, "NoSuchModel"),
            ("list", [], "object"),
        ):
            folder = scratch / f"refused-{name}"
            folder.mkdir()
            (folder / "config.json").write_text(json.dumps(content))
            (folder / "modeling.py").write_text(f"open({str(scratch / 'ran')!r}, 'w')")
            try:
                capture_folder(folder)
                raise AssertionError(f"{name} was captured")
            except CaptureError as error:
                assert word in error.reason, f"{name}: {error.reason}"
            assert not (folder / "model.pt2").exists()
        assert not (scratch / "ran").exists(), "code of a model folder ran"
    suite.check("folders that are refused", refused)

    def command():
        _, folder = case("BertForMaskedLM")
        out = scratch / "from-folder.pt2"
        done = subprocess.run([sys.executable, "-m", "ipfs_accelerate.capture", str(folder), "-o", str(out)],
                              env={**os.environ, "PYTHONPATH": str(BINDINGS)}, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-2000:]
        facts = json.loads(done.stdout)
        assert facts["class"] == "BertForMaskedLM" and facts["dynamic"]["input_ids"] == [0, 1], facts
        shutil.copytree(folder, scratch / "again")
        shutil.copy(out, scratch / "again/model.pt2")
        _, worst = replay(scratch / "again")
        assert worst <= 1e-4, worst
        missing = subprocess.run([sys.executable, "-m", "ipfs_accelerate.capture", str(scratch / "nowhere")],
                                 env={**os.environ, "PYTHONPATH": str(BINDINGS)}, capture_output=True, text=True, timeout=240)
        assert missing.returncode == 2 and "config.json" in missing.stderr, missing
    suite.check("command: a folder captured without reading weights", command)

    worker.close()
    shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
