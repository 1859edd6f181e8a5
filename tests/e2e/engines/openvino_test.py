#!/usr/bin/env python3
"""The program on the real OpenVINO: finding it, the original example, MiniLM against the CPU, faults.

Usage: openvino_test.py [--build FOLDER]. OpenVINO is the one of the Python environment that runs this.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support  # noqa: E402

TEXTS = ["A cat sits on the mat.", "The stock market fell sharply today, and nobody knows why it did so in one hour."]


def package():
    folders = sorted(pathlib.Path(sys.prefix).glob("lib/python3*/site-packages/openvino"))
    return folders[0] if folders and list((folders[0] / "libs").glob("libopenvino_c.so*")) else None


def environment(**extra):
    """Nothing from which an installation could be found but what is given."""
    gone = ("VIRTUAL_ENV", "CONDA_PREFIX", "ACCELERATE_PYTHON", "ACCELERATE_DEVICE", "USE_MOJO_MAX_TARGET", "LD_LIBRARY_PATH", "OPENVINO_DIR", "INTEL_OPENVINO_DIR", "OpenVINO_DIR")
    out = {k: v for k, v in os.environ.items() if k not in gone}
    out["PATH"] = "/usr/bin:/bin"
    out.update({k: str(v) for k, v in extra.items()})
    return out


class Checks:
    def __init__(self, build):
        self.program = build / "ipfs-accelerate"
        self.model = subprocess.run([sys.executable, str(support.ROOT / "tools/model_path.py"), "minilm"], capture_output=True, text=True, check=True).stdout.strip()
        self.here = environment(OPENVINO_DIR=package())

    def run(self, *args, env=None, check=True):
        done = subprocess.run([str(self.program), *args], capture_output=True, text=True, env=env or self.here, timeout=100)
        if check:
            assert done.returncode == 0, f"{args}: exit {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}"
        return done

    def backend(self, env):
        report = json.loads(self.run("hardware", "info", "--json", env=env).stdout)
        return next(b for b in report["backends"] if b["name"] == "openvino")

    def found(self, **env):
        entry = self.backend(environment(**env))
        assert entry["available"], entry["reason"]
        import importlib.metadata

        assert entry["version"].startswith(importlib.metadata.version("openvino")), entry["version"]
        assert entry["devices"][0]["name"] == "CPU", entry["devices"]
        return f"{entry['version']}: {', '.join(d['name'] for d in entry['devices'])}"

    def found_by_each_variable(self):
        for name in ("OPENVINO_DIR", "INTEL_OPENVINO_DIR"):
            self.found(**{name: package()})
        return self.found(OpenVINO_DIR=package() / "cmake")

    def found_by_library_path(self):
        return self.found(LD_LIBRARY_PATH=package() / "libs")

    def found_by_python(self):
        return self.found(ACCELERATE_PYTHON=sys.executable)

    def decoys_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            entry = self.backend(environment(OPENVINO_DIR=folder))
            assert not entry["available"] and "holds no libopenvino_c.so" in entry["reason"], entry
            (pathlib.Path(folder) / "libopenvino_c.so").write_bytes(b"\x7fELF but not really")
            entry = self.backend(environment(OPENVINO_DIR=folder))
            assert not entry["available"] and "cannot load" in entry["reason"], entry
            return entry["reason"][:160]

    def original_example(self):
        out = json.loads(self.run("hardware", "test", "--json").stdout)
        result = next(t for t in out["tests"] if t["backend"] == "openvino")
        assert result["passed"] and result["values"] == [19, 22, 43, 50], result

    def embed(self, device, env=None, *more):
        texts = [a for text in TEXTS for a in ("--text", text)]
        done = self.run("run", self.model, "--task", "feature-extraction", *texts, "--device", device, "--explain", "--json", *more, env=env)
        return json.loads(done.stdout)

    def minilm_equals_cpu(self):
        cpu, here = self.embed("cpu"), self.embed("openvino")
        assert here["backend"] == "openvino" and not here.get("fallback_reason"), here.get("fallback_reason")
        assert here["explain"]["flops_share"] > 0.9, here["explain"]["placement"]
        flat = lambda v: [x for y in v for x in flat(y)] if isinstance(v, list) else [v]
        a, b = flat(cpu["result"]), flat(here["result"])
        assert len(a) == len(b)
        worst = max(abs(x - y) for x, y in zip(a, b)) / max(abs(x) for x in a)
        assert worst < 1e-5, worst
        return f"largest difference {worst:.2g} of the largest value, {here['explain']['flops_share']:.1%} of the work, {len(here['explain']['regions'])} regions"

    def second_start_is_cached(self):
        with tempfile.TemporaryDirectory() as folder:
            env = environment(OPENVINO_DIR=package(), ACCELERATE_CACHE_DIR=folder)
            first, second = self.embed("openvino", env), self.embed("openvino", env)
            assert not any(r["cached"] for r in first["explain"]["regions"]), first["explain"]["regions"]
            assert all(r["cached"] for r in second["explain"]["regions"]), second["explain"]["regions"]
            assert (os.stat(next(pathlib.Path(folder).glob("openvino/*"))).st_mode & 0o077) == 0
            return f"load {first['timing']['load_ms']:.0f} ms, then {second['timing']['load_ms']:.0f} ms"

    def open_cache_is_not_used(self):
        with tempfile.TemporaryDirectory() as folder:
            self.backend(environment(OPENVINO_DIR=package(), ACCELERATE_CACHE_DIR=folder))
            os.chmod(next(pathlib.Path(folder).glob("openvino/*")), 0o777)
            entry = self.backend(environment(OPENVINO_DIR=package(), ACCELERATE_CACHE_DIR=folder))
            assert entry["available"] and any("not kept" in f for f in entry["devices"][0]["features"]), entry

    def without_openvino_the_cpu_serves(self):
        out = self.embed("openvino", environment())
        assert out["backend"] == "cpu" and "no OpenVINO" in out["fallback_reason"], out["fallback_reason"]
        done = self.run("run", self.model, "--text", "a", "--device", "openvino", "--strict", "--json", env=environment(), check=False)
        assert done.returncode != 0 and "no OpenVINO" in done.stdout, done.stdout


def main():
    args = support.arguments(__doc__)
    if package() is None:
        support.skip_all("OpenVINO is not installed in this Python environment")
    checks = Checks(args.build.resolve())
    suite = support.Suite(args.only)
    for name in ("found_by_each_variable", "found_by_library_path", "found_by_python", "decoys_are_refused", "original_example", "minilm_equals_cpu", "second_start_is_cached", "open_cache_is_not_used", "without_openvino_the_cpu_serves"):
        begin = time.monotonic()
        suite.check(name, getattr(checks, name))
        print(f"     {time.monotonic() - begin:.1f} s", flush=True)
    suite.finish()


if __name__ == "__main__":
    main()
