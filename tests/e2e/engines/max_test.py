#!/usr/bin/env python3
"""The program on the real MAX: finding it, the original example, MiniLM against the CPU, faults, export.

Usage: max_test.py [--build FOLDER]. MAX is the one of the Python environment that runs this.
"""

import os
import pathlib
import stat
import subprocess
import sys
import tempfile

from engine import Engine, package, support


def modular():
    return package("modular", "lib/libmax.so")


class Max(Engine):
    NAME = "max"
    GONE = ("MODULAR_", "MAX_", "MOJO_")

    def found(self, **env):
        return super().found("26.6.", **env)["devices"][0]["description"]

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
            entry = self.backend(self.environment(PATH=f"{bin_folder}:/usr/bin:/bin"))
            assert not entry["available"] and "belongs to no MAX installation" in entry["reason"], entry
            # A library of that name that is none, with all that stands around it.
            lib = pathlib.Path(folder) / "lib"
            (lib / "mojo").mkdir(parents=True)
            for name in ("libmax.so", "libKGENCompilerRTShared.so"):
                (lib / name).write_bytes(b"\x7fELF but not really")
            entry = self.backend(self.environment(MAX_HOME=folder))
            assert not entry["available"] and "not usable" in entry["reason"], entry
            return entry["reason"][:160]

    def original_example(self):
        self.example()
        self.example(self.environment(MAX_HOME=modular(), USE_MOJO_MAX_TARGET="1"))

    def minilm_equals_cpu(self):
        found, wanted, said = self.embed_as_cpu()
        worst = max(abs(x - y) for x, y in zip(found, wanted))
        assert worst < 1e-5, worst
        return f"largest difference {worst:.2g}, {said}"

    def second_start_is_quick(self):
        self.embed("max")
        out = self.embed("max")
        assert all(r["cached"] for r in out["explain"]["regions"]), out["explain"]["regions"]
        return f"load {out['timing']['load_ms']:.0f} ms"

    def target_variable_means_max(self):
        out = self.embed("auto", self.environment(MAX_HOME=modular(), USE_MOJO_MAX_TARGET="1"))
        assert out["backend"] == "max", out["backend"]
        assert self.embed("auto")["backend"] == "cpu"

    def without_max_the_cpu_serves(self):
        self.cpu_serves_without("no MAX installation")

    def read_only_cache_still_works(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)  # a folder that others may write to is not used either
            cache = pathlib.Path(folder) / "max"
            cache.mkdir(mode=0o777)
            os.chmod(cache, 0o777)
            (cache / "26.6.0").mkdir()
            os.chmod(cache / "26.6.0", 0o777)
            entry = self.backend(self.environment(MAX_HOME=modular(), ACCELERATE_CACHE_DIR=folder))
            assert entry["available"], entry["reason"]
            assert any("not kept" in f for f in entry["devices"][0]["features"]), entry

    def refused_text_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            text = pathlib.Path(folder) / "bad.mlir"
            text.write_text("mo.graph @g(%x: !mo.tensor<[4], f32>) -> !mo.tensor<[5], f32> { mo.output %x : !mo.tensor<[5], f32> }\n")
            root = modular()
            env = dict(self.environment(), MODULAR_MOJO_MAX_PACKAGE_ROOT=str(root), MODULAR_MOJO_MAX_IMPORT_PATH=str(root / "lib/mojo"), MODULAR_CACHE_DIR=folder, MODULAR_TELEMETRY_ENABLED="false")
            done = subprocess.run([str(self.build / "ipfs-accelerate-max-compile"), "compile", str(root / "lib/libmax.so"), str(text)], capture_output=True, env=env, timeout=200)
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
    names = ("found_by_variable", "found_by_executable", "found_by_python", "decoys_are_refused", "original_example", "minilm_equals_cpu", "second_start_is_quick", "target_variable_means_max", "without_max_the_cpu_serves", "read_only_cache_still_works", "refused_text_is_an_error", "export_is_accepted")
    Max(args.build.resolve(), MAX_HOME=modular()).check_all(names, args.only)


if __name__ == "__main__":
    main()
