#!/usr/bin/env python3
"""Bad input, devices that cannot serve, limits and signals: error codes, exit codes, and no crash.

Usage: errors_test.py [--build FOLDER] [--only TEXT]. Exit codes: user 2, model 3, backend 4, system 5, cancelled 130,
deadline 124.
"""

import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time

import support


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    minilm = support.minilm()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-errors-"))
    hi = ("--task", "feature-extraction", "--text", "hi")

    def binary(content, name="input"):
        path = scratch / f"{name}-{time.monotonic_ns()}"
        path.write_bytes(content)
        return path

    def lines():
        return binary("\n".join("many words about nothing in particular " * 40 for _ in range(600)).encode())

    def png(content=None):
        try:
            from PIL import Image
        except ImportError:
            raise support.Skipped("Pillow is not installed")
        path = scratch / f"image-{time.monotonic_ns()}.png"
        Image.new("RGB", (8, 8), (200, 10, 10)).save(path)
        if content is not None:
            path.write_bytes(content(path.read_bytes()))
        return path

    def folder(name, change=None):
        """A copy of the model's folder, its weights linked; `change` spoils it."""
        path = scratch / name.replace(" ", "_")
        path.mkdir()
        for file in minilm.iterdir():
            if file.is_dir():
                shutil.copytree(file, path / file.name)
            elif file.stat().st_size > 1_000_000:
                os.link(file, path / file.name) if file.stat().st_dev == path.stat().st_dev else shutil.copy(file, path / file.name)
            else:
                shutil.copy(file, path / file.name)
        if change:
            change(path)
        return path

    def rewrite(path, name, content):
        (path / name).unlink(missing_ok=True)
        (path / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def config(path, **values):
        content = json.loads((path / "config.json").read_text())
        content.update(values)
        rewrite(path, "config.json", json.dumps(content))

    def fails(name, arguments, code, exit_code, *words, **options):
        def check():
            found, error = program.error(*(arguments() if callable(arguments) else arguments), **options)
            whole = error["message"] + " ".join(error["context"])
            assert found == exit_code and error["code"] == code, f"exit {found}, {error}"
            for word in words:
                assert word in whole, f"'{word}' is not in: {whole}"
        suite.check(name, check)

    def spoiled(name, change, code, exit_code, *words, extra=hi):
        fails(name, lambda: ("run", folder(name, change), *extra), code, exit_code, *words)

    # -- requests
    fails("no such folder", ("run", scratch / "nowhere", *hi), "not_found", 2, "nowhere")
    fails("a file instead of a folder", ("run", minilm / "model.safetensors", *hi), "unsupported_format", 3, "folder")
    fails("unknown task", ("run", minilm, "--task", "telepathy", "--text", "hi"), "unsupported_task", 2, "telepathy", "fill-mask")
    fails("task of another class", ("run", minilm, "--task", "text-classification", "--text", "hi"), "unsupported_task", 2,
          "BertModel", "ForSequenceClassification", "feature-extraction")
    fails("no text", ("run", minilm, "--task", "feature-extraction"), "invalid_argument", 2, "text")
    fails("image for a text task", lambda: ("run", minilm, *hi, "--image", png()), "invalid_argument", 2, "images")
    fails("unknown parameter", ("run", minilm, *hi, "--param", "colour=red"), "invalid_argument", 2, "colour", "pooling")
    fails("parameter of a wrong value", ("run", minilm, *hi, "--pooling", "median"), "invalid_argument", 2, "median", "mean")
    fails("parameter without value", ("run", minilm, *hi, "--param", "pooling"), "invalid_argument", 2, "NAME=VALUE")
    fails("unknown option", ("run", minilm, *hi, "--nonsense"), "invalid_argument", 2)
    fails("no command", (), "invalid_argument", 2)
    fails("unknown dtype", ("run", minilm, *hi, "--dtype", "f7"), "invalid_argument", 2, "f7", "bf16")
    fails("unknown device", ("run", minilm, *hi, "--device", "abacus"), "invalid_argument", 2, "abacus", "cpu")
    fails("missing text file", ("run", minilm, "--file", scratch / "none.txt"), "not_found", 2, "none.txt")
    fails("text that is not UTF-8", lambda: ("run", minilm, "--file", binary(b"caf\xe9 \xff\xfe")), "invalid_argument", 2, "UTF-8")
    fails("text over the limit", lambda: ("run", minilm, "--file", binary(b"a " * (9 << 20)), "--whole"), "invalid_argument", 2)
    fails("unwritable profile", ("run", minilm, *hi, "--profile", "/nonexistent/trace.json"), "io_error", 5, "/nonexistent")
    fails("unknown instruction set", ("run", minilm, *hi), "invalid_argument", 2, "ACCELERATE_ISA", env={"ACCELERATE_ISA": "z80"})

    def text_errors():
        done = program.run("run", scratch / "nowhere", *hi)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("error[not_found]: "), done
    suite.check("errors are on standard error", text_errors)

    # -- model folders
    weights = (minilm / "model.safetensors").read_bytes()
    header_size = struct.unpack("<Q", weights[:8])[0]
    header = json.loads(weights[8:8 + header_size])

    def with_header(changed, body=None):
        text = json.dumps(changed).encode()
        return struct.pack("<Q", len(text)) + text + (weights[8 + header_size:] if body is None else body)

    def set_weights(content):
        return lambda path: rewrite(path, "model.safetensors", content)

    def overlapping():
        changed = json.loads(json.dumps(header))
        names = [n for n in changed if n != "__metadata__"]
        changed[names[1]]["data_offsets"] = changed[names[0]]["data_offsets"]
        return with_header(changed)

    def mistyped():
        changed = json.loads(json.dumps(header))
        changed[next(n for n in changed if n != "__metadata__")]["dtype"] = "F33"
        return with_header(changed)

    def lacking():
        changed = {k: v for k, v in header.items()}
        changed["other.name"] = changed.pop("encoder.layer.0.output.dense.weight")
        return with_header(changed)

    spoiled("empty weights", set_weights(b""), "invalid_weights", 3)
    spoiled("truncated header", set_weights(weights[:100]), "invalid_weights", 3)
    spoiled("truncated data", set_weights(weights[:-1000]), "invalid_weights", 3)
    spoiled("header of absurd size", set_weights(struct.pack("<Q", 2**63) + weights[8:2000]), "invalid_weights", 3)
    spoiled("header that is no JSON", set_weights(struct.pack("<Q", 16) + b"{" * 16), "invalid_weights", 3)
    spoiled("overlapping tensors", lambda p: rewrite(p, "model.safetensors", overlapping()), "invalid_weights", 3)
    spoiled("unknown tensor type", lambda p: rewrite(p, "model.safetensors", mistyped()), "invalid_weights", 3, "F33")
    spoiled("missing tensor", lambda p: rewrite(p, "model.safetensors", lacking()), "invalid_weights", 3, "encoder.layer.0.output.dense.weight")
    spoiled("only pickled weights", lambda p: (p / "model.safetensors").rename(p / "pytorch_model.bin"), "unsupported_format", 3, "safetensors")
    spoiled("no weights", lambda p: (p / "model.safetensors").unlink(), "not_found", 2)
    spoiled("no config", lambda p: (p / "config.json").unlink(), "not_found", 2, "config.json")
    spoiled("config that is no JSON", lambda p: rewrite(p, "config.json", "{"), "invalid_model", 3, "config.json")
    spoiled("deep config", lambda p: rewrite(p, "config.json", "[" * 100000), "invalid_model", 3)
    spoiled("negative layers", lambda p: config(p, num_hidden_layers=-1), "invalid_model", 3, "num_hidden_layers")
    spoiled("absurd width", lambda p: config(p, hidden_size=2**63), "invalid_model", 3, "hidden_size")
    spoiled("unknown class", lambda p: config(p, architectures=["BerdModel"], model_type="berd"), "unsupported_model", 3, "BertModel", "captured")
    spoiled("no tokenizer", lambda p: [(p / n).unlink(missing_ok=True) for n in ("tokenizer.json", "vocab.txt")], "not_found", 2)
    spoiled("tokenizer that is no JSON", lambda p: rewrite(p, "tokenizer.json", "[]"), "invalid_model", 3)

    def bigger_vocabulary(path):
        content = json.loads((path / "tokenizer.json").read_text())
        content["model"]["vocab"]["zzzzunknown"] = 40000
        rewrite(path, "tokenizer.json", json.dumps(content))
    spoiled("tokenizer of another model", bigger_vocabulary, "invalid_model", 3)

    # -- images
    image_run = ("run", minilm, "--task", "image-classification", "--image")
    fails("empty image", lambda: (*image_run, binary(b"")), "invalid_argument", 2)
    fails("an image that is text", lambda: (*image_run, binary(b"this is no image")), "unsupported_format", 3)
    fails("truncated image", lambda: (*image_run, png(lambda b: b[: len(b) // 2])), "invalid_argument", 2)
    fails("image of huge size", lambda: (*image_run, png(lambda b: b[:16] + struct.pack(">II", 10**9, 10**9) + b[24:])), "invalid_argument", 2)
    fails("missing image", (*image_run, scratch / "none.png"), "not_found", 2)

    # -- devices
    def fallback(name, device=None, env=None, requested=None):
        def check():
            out = program.json("run", minilm, *hi, *(["--device", device] if device else []), env=env)
            assert out["backend"] == "cpu" and out["device"] == "cpu" and out["requested_device"] == requested, out["requested_device"]
            assert out["fallback_reason"], out
            plain = program.json("run", minilm, *hi)
            assert plain["fallback_reason"] is None and plain["requested_device"] == "auto"
            support.close(out["result"], plain["result"], 1e-6)
        suite.check(name, check)

    absent = [b["name"] for b in json.loads(program.run("hardware", "info", "--json").stdout)["backends"] if not b["available"]]
    for device in absent:
        if device != "mojo_max":
            fallback(f"fallback from {device}", device=device, requested=device)
            fails(f"strict {device}", ("run", minilm, *hi, "--device", device, "--strict"), "backend_unavailable", 4, device)
    if "max" in absent and "mojo" in absent:
        for value in ("1", "true", "YES"):
            fallback(f"USE_MOJO_MAX_TARGET={value}", env={"USE_MOJO_MAX_TARGET": value}, requested="mojo_max")
        fails("strict USE_MOJO_MAX_TARGET", ("run", minilm, *hi, "--strict"), "backend_unavailable", 4, "mojo_max",
              env={"USE_MOJO_MAX_TARGET": "true"})

    def environment():
        out = program.json("run", minilm, *hi, env={"ACCELERATE_DEVICE": "reference"})
        assert out["backend"] == "reference" and out["requested_device"] == "reference" and out["fallback_reason"] is None
        out = program.json("run", minilm, *hi, env={"ACCELERATE_DEVICE": "reference", "USE_MOJO_MAX_TARGET": "1"})
        assert out["requested_device"] == "reference"
        out = program.json("run", minilm, *hi, "--device", "cpu", env={"ACCELERATE_DEVICE": "reference"})
        assert out["backend"] == "cpu" and out["requested_device"] == "cpu"
        out = program.json("run", minilm, *hi, env={"USE_MOJO_MAX_TARGET": "0"})
        assert out["requested_device"] == "auto"
    suite.check("ACCELERATE_DEVICE", environment)

    def hardware():
        info = json.loads(program.run("hardware", "info", "--json").stdout)
        names = {b["name"]: b for b in info["backends"]}
        for name in ("mojo_max", "max", "mojo", "cuda", "rocm", "mps", "openvino", "webgpu", "webnn", "cpu", "reference"):
            assert name in names, name
        for backend in info["backends"]:
            assert bool(backend["reason"]) != backend["available"], backend
            assert bool(backend["devices"]) or not backend["available"], backend
        assert names["cpu"]["available"] and names["reference"]["available"]
        done = program.run("hardware", "test", "--json")
        out = json.loads(done.stdout)
        assert done.returncode == 0 and out["success"] and all(t["values"] == [19, 22, 43, 50] for t in out["tests"])
        assert {t["backend"] for t in out["tests"]} == {n for n, b in names.items() if b["available"]}
    suite.check("hardware", hardware)

    # -- limits and signals
    long_run = ("bench", minilm, "--batch", "32", "--iterations", "100000")
    fails("deadline", lambda: ("run", minilm, "--task", "feature-extraction", "--file", lines(), "--timeout-ms", "300"), "deadline_exceeded", 124)

    def interrupt():
        process = program.start(*long_run)
        time.sleep(1.5)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 130 and "error[cancelled]" in error, (process.returncode, out, error)
        return f"ended after {time.monotonic() - begin:.2f} s"
    suite.check("Ctrl-C", interrupt)

    def interrupt_input():
        process = program.start("run", minilm, "-", stdin=subprocess.PIPE)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        process.communicate()
    suite.check("Ctrl-C while reading", interrupt_input)

    def closed_pipe():
        process = program.start("run", minilm, "--task", "feature-extraction", "--pooling", "none", "--json",
                                *[f"--text={'word ' * 200}"] * 20)
        process.stdout.close()
        code = process.wait(timeout=120)
        assert code == 5, code
    suite.check("closed pipe", closed_pipe)

    def truncated_while_mapped():
        path = folder("truncated while mapped")
        content = (path / "model.safetensors").read_bytes()
        rewrite(path, "model.safetensors", content)
        process = program.start("run", path, "-", "--task", "feature-extraction", "--json", stdin=subprocess.PIPE)
        # The file shrinks at some moment between opening and the end; whatever moment that is, nothing crashes.
        time.sleep(0.05)
        os.truncate(path / "model.safetensors", 4096)
        out, _ = process.communicate("hi\n", timeout=60)
        assert process.returncode in (0, 3, 5), (process.returncode, out)
        assert json.loads(out)["success"] is (process.returncode == 0)
    suite.check("weights truncated while mapped", truncated_while_mapped)

    def memory():
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        path = binary(b"many words about nothing in particular " * 260000)
        process = program.start("run", minilm, "--file", path, "--whole", "--json", preexec_fn=limit)
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0 and json.loads(out)["truncated"] is True, (process.returncode, error)
    suite.check("10 MB of text in bounded memory", memory)

    # -- other commands
    def commands():
        assert program.run("--help").returncode == 0 and "run" in program.run("--help").stdout
        assert program.run("run", "--help").returncode == 0
        assert program.run("version").stdout.startswith("ipfs-accelerate ")
        tasks = json.loads(program.run("tasks", "--json").stdout)
        assert {t["name"] for t in tasks} >= {"feature-extraction", "fill-mask", "question-answering"}
        for shell in ("bash", "zsh", "fish"):
            script = program.run("completions", shell).stdout
            assert "--task" in script or "-l task" in script
            if shutil.which(shell):
                checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
                assert checked.returncode == 0, checked.stderr
        inspect = json.loads(program.run("inspect", minilm, "--json", "--batch", "2", "--sequence", "16", "--graph").stdout)
        assert inspect["parameters"] > 22e6 and inspect["activations"]["bytes"] > 0 and "linear" in inspect["ops"]
        bench = json.loads(program.run("bench", minilm, "--batch", "1,2", "--sequence", "16", "--iterations", "3", "--json").stdout)
        assert [m["batch"] for m in bench["measurements"]] == [1, 2] and len(bench["measurements"][0]["samples_ms"]) == 3
    suite.check("other commands", commands)

    def profile():
        trace = scratch / "trace.json"
        done = program.run("run", minilm, *hi, "--profile", trace, "--explain")
        assert done.returncode == 0 and "fuse" in done.stdout and "trace written" in done.stdout, done
        events = json.loads(trace.read_text())["traceEvents"]
        assert len(events) > 20 and all(e["ph"] == "X" and e["dur"] >= 0 for e in events)
    suite.check("profile and explain", profile)

    shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
