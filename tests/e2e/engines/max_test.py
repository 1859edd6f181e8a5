#!/usr/bin/env python3
"""The program on the real MAX: finding it, the original example, MiniLM against the CPU, faults, export.

Usage: max_test.py [--build FOLDER]. MAX is the one of the Python environment that runs this.
"""

import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support  # noqa: E402

TEXTS = ["A cat sits on the mat.", "The stock market fell sharply today, and nobody knows why it did so in one hour."]


def modular():
    folders = sorted(pathlib.Path(sys.prefix).glob("lib/python3*/site-packages/modular"))
    return folders[0] if folders and (folders[0] / "lib/libmax.so").exists() else None


def environment(**extra):
    """Nothing from which an installation could be found but what is given."""
    out = {k: v for k, v in os.environ.items() if not k.startswith(("MODULAR_", "MAX_", "MOJO_", "ACCELERATE_PYTHON")) and k not in ("VIRTUAL_ENV", "CONDA_PREFIX", "USE_MOJO_MAX_TARGET", "ACCELERATE_DEVICE")}
    out["PATH"] = "/usr/bin:/bin"
    out.update({k: str(v) for k, v in extra.items()})
    return out


class Checks:
    def __init__(self, build):
        self.program = build / "ipfs-accelerate"
        self.helper = build / "ipfs-accelerate-max-compile"
        self.model = subprocess.run([sys.executable, str(support.ROOT / "tools/model_path.py"), "minilm"], capture_output=True, text=True, check=True).stdout.strip()
        self.here = environment(MAX_HOME=modular())

    def run(self, *args, env=None, check=True):
        done = subprocess.run([str(self.program), *args], capture_output=True, text=True, env=env or self.here, timeout=400)
        if check:
            assert done.returncode == 0, f"{args}: exit {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}"
        return done

    def backend(self, name="max", env=None):
        report = json.loads(self.run("hardware", "info", "--json", env=env).stdout)
        return next(b for b in report["backends"] if b["name"] == name)

    def found(self, **env):
        entry = self.backend(env=environment(**env))
        assert entry["available"], entry["reason"]
        assert entry["version"].startswith("26.6."), entry["version"]
        return entry["devices"][0]["description"]

    def found_by_variable(self):
        return self.found(MAX_HOME=modular())

    def found_by_executable(self):
        return self.found(PATH=f"{sys.prefix}/bin:/usr/bin:/bin")

    def found_by_python(self):
        return self.found(VIRTUAL_ENV=sys.prefix)

    def decoys_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            bin_folder = pathlib.Path(folder) / "bin"
            bin_folder.mkdir()
            for name in ("mojo", "max"):
                program = bin_folder / name
                program.write_text("#!/bin/sh\necho 'mojo 26.6.0'\n")
                program.chmod(program.stat().st_mode | stat.S_IXUSR)
            entry = self.backend(env=environment(PATH=f"{bin_folder}:/usr/bin:/bin"))
            assert not entry["available"] and "belongs to no MAX installation" in entry["reason"], entry
            # A library of that name that is none, with all that stands around it.
            lib = pathlib.Path(folder) / "lib"
            (lib / "mojo").mkdir(parents=True)
            for name in ("libmax.so", "libKGENCompilerRTShared.so"):
                (lib / name).write_bytes(b"\x7fELF but not really")
            entry = self.backend(env=environment(MAX_HOME=folder))
            assert not entry["available"] and "not usable" in entry["reason"], entry
            return entry["reason"][:160]

    def original_example(self):
        for extra in ({}, {"USE_MOJO_MAX_TARGET": "1"}):
            out = json.loads(self.run("hardware", "test", "--json", env=environment(MAX_HOME=modular(), **extra)).stdout)
            result = next(t for t in out["tests"] if t["backend"] == "max")
            assert result["passed"] and result["values"] == [19, 22, 43, 50], result

    def embed(self, device, env=None, *more):
        texts = [a for text in TEXTS for a in ("--text", text)]
        out = json.loads(self.run("run", self.model, "--task", "feature-extraction", *texts, "--device", device, "--explain", "--json", *more, env=env).stdout)
        return out

    def minilm_equals_cpu(self):
        cpu, on_max = self.embed("cpu"), self.embed("max")
        assert on_max["backend"] == "max" and not on_max.get("fallback_reason"), on_max.get("fallback_reason")
        assert on_max["explain"]["flops_share"] > 0.9, on_max["explain"]["placement"]
        flat = lambda v: [x for y in v for x in flat(y)] if isinstance(v, list) else [v]
        a, b = flat(cpu["result"]), flat(on_max["result"])
        assert len(a) == len(b)
        worst = max(abs(x - y) for x, y in zip(a, b))
        assert worst < 1e-5, worst
        return f"largest difference {worst:.2g}, {on_max['explain']['flops_share']:.1%} of the work, {len(on_max['explain']['regions'])} regions"

    def second_start_is_quick(self):
        self.embed("max")
        out = self.embed("max")
        assert all(r["cached"] for r in out["explain"]["regions"]), out["explain"]["regions"]
        return f"load {out['timing']['load_ms']:.0f} ms"

    def target_variable_means_max(self):
        out = self.embed("auto", environment(MAX_HOME=modular(), USE_MOJO_MAX_TARGET="1"))
        assert out["backend"] == "max", out["backend"]
        assert self.embed("auto")["backend"] == "cpu"

    def without_max_the_cpu_serves(self):
        out = self.embed("max", environment())
        assert out["backend"] == "cpu" and "no MAX installation" in out["fallback_reason"], out["fallback_reason"]
        done = self.run("run", self.model, "--text", "a", "--device", "max", "--strict", "--json", env=environment(), check=False)
        assert done.returncode != 0 and "no MAX installation" in done.stdout, done.stdout

    def read_only_cache_still_works(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)  # a folder that others may write to is not used either
            cache = pathlib.Path(folder) / "max"
            cache.mkdir(mode=0o777)
            os.chmod(cache, 0o777)
            (cache / "26.6.0").mkdir()
            os.chmod(cache / "26.6.0", 0o777)
            entry = self.backend(env=environment(MAX_HOME=modular(), ACCELERATE_CACHE_DIR=folder))
            assert entry["available"], entry["reason"]
            assert any("not kept" in f for f in entry["devices"][0]["features"]), entry

    def refused_text_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "bad.mlir"
            text.write_text("mo.graph @g(%x: !mo.tensor<[4], f32>) -> !mo.tensor<[5], f32> { mo.output %x : !mo.tensor<[5], f32> }\n")
            root = modular()
            env = dict(environment(), MODULAR_MOJO_MAX_PACKAGE_ROOT=str(root), MODULAR_MOJO_MAX_IMPORT_PATH=str(root / "lib/mojo"), MODULAR_CACHE_DIR=folder, MODULAR_TELEMETRY_ENABLED="false")
            done = subprocess.run([str(self.helper), "compile", str(root / "lib/libmax.so"), str(text)], capture_output=True, env=env, timeout=200)
            assert done.returncode != 0

    def export_is_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "minilm.mlir"
            self.run("export", self.model, "--to", "max-mlir", "-o", str(text))
            content = text.read_text()
            assert "mo.graph" in content and "encoder.layer.0" in content
            return f"{len(content)} characters"


def main():
    args = support.arguments(__doc__)
    if modular() is None:
        support.skip_all("MAX is not installed in this Python environment")
    checks = Checks(args.build.resolve())
    suite = support.Suite(args.only)
    for name in ("found_by_variable", "found_by_executable", "found_by_python", "decoys_are_refused", "original_example", "minilm_equals_cpu", "second_start_is_quick", "target_variable_means_max", "without_max_the_cpu_serves", "read_only_cache_still_works", "refused_text_is_an_error", "export_is_accepted"):
        begin = time.monotonic()
        suite.check(name, getattr(checks, name))
        print(f"     {time.monotonic() - begin:.1f} s", flush=True)
    suite.finish()


if __name__ == "__main__":
    main()
