#!/usr/bin/env python3
"""The program on the real OpenVINO: finding it, the original example, MiniLM against the CPU, faults.

Usage: openvino_test.py [--build FOLDER]. OpenVINO is the one of the Python environment that runs this.
"""

import importlib.metadata
import os
import pathlib
import sys
import tempfile

from engine import Engine, package, support


def openvino():
    return package("openvino", "libs/libopenvino_c.so*")


class Openvino(Engine):
    NAME = "openvino"
    GONE = ("LD_LIBRARY_PATH", "OPENVINO_DIR", "INTEL_OPENVINO_DIR", "OpenVINO_DIR")
    TIMEOUT = 100

    def found(self, **env):
        entry = super().found(importlib.metadata.version("openvino"), **env)
        assert entry["devices"][0]["name"] == "CPU", entry["devices"]
        return f"{entry['version']}: {', '.join(d['name'] for d in entry['devices'])}"

    def found_by_each_variable(self):
        for name in ("OPENVINO_DIR", "INTEL_OPENVINO_DIR"):
            self.found(**{name: openvino()})
        return self.found(OpenVINO_DIR=openvino() / "cmake")

    def found_by_library_path(self):
        return self.found(LD_LIBRARY_PATH=openvino() / "libs")

    def found_by_python(self):
        return self.found(ACCELERATE_PYTHON=sys.executable)

    def decoys_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            entry = self.backend(self.environment(OPENVINO_DIR=folder))
            assert not entry["available"] and "holds no libopenvino_c.so" in entry["reason"], entry
            (pathlib.Path(folder) / "libopenvino_c.so").write_bytes(b"\x7fELF but not really")
            entry = self.backend(self.environment(OPENVINO_DIR=folder))
            assert not entry["available"] and "cannot load" in entry["reason"], entry
            return entry["reason"][:160]

    def original_example(self):
        self.example()

    def minilm_equals_cpu(self):
        found, wanted, said = self.embed_as_cpu()
        worst = max(abs(x - y) for x, y in zip(found, wanted)) / max(abs(x) for x in wanted)
        assert worst < 1e-5, worst
        return f"largest difference {worst:.2g} of the largest value, {said}"

    def second_start_is_cached(self):
        with tempfile.TemporaryDirectory() as folder:
            env = self.environment(OPENVINO_DIR=openvino(), ACCELERATE_CACHE_DIR=folder)
            first, second = self.embed("openvino", env), self.embed("openvino", env)
            assert not any(r["cached"] for r in first["explain"]["regions"]), first["explain"]["regions"]
            assert all(r["cached"] for r in second["explain"]["regions"]), second["explain"]["regions"]
            assert (os.stat(next(pathlib.Path(folder).glob("openvino/*"))).st_mode & 0o077) == 0
            return f"load {first['timing']['load_ms']:.0f} ms, then {second['timing']['load_ms']:.0f} ms"

    def open_cache_is_not_used(self):
        with tempfile.TemporaryDirectory() as folder:
            self.backend(self.environment(OPENVINO_DIR=openvino(), ACCELERATE_CACHE_DIR=folder))
            os.chmod(next(pathlib.Path(folder).glob("openvino/*")), 0o777)
            entry = self.backend(self.environment(OPENVINO_DIR=openvino(), ACCELERATE_CACHE_DIR=folder))
            assert entry["available"] and any("not kept" in f for f in entry["devices"][0]["features"]), entry

    def without_openvino_the_cpu_serves(self):
        self.cpu_serves_without("no OpenVINO")


def main():
    args = support.arguments(__doc__)
    if openvino() is None:
        support.skip_all("OpenVINO is not installed in this Python environment")
    names = ("found_by_each_variable", "found_by_library_path", "found_by_python", "decoys_are_refused", "original_example", "minilm_equals_cpu", "second_start_is_cached", "open_cache_is_not_used", "without_openvino_the_cpu_serves")
    Openvino(args.build.resolve(), OPENVINO_DIR=openvino()).check_all(names, args.only)


if __name__ == "__main__":
    main()
