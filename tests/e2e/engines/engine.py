"""What the end-to-end tests of the engines share: running the program, its report of a backend, MiniLM on a device."""

import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support  # noqa: E402

TEXTS = ["A cat sits on the mat.", "The stock market fell sharply today, and nobody knows why it did so in one hour."]


def package(name, holds):
    """Folder of a Python package of this environment, if it holds such a file."""
    folders = sorted(pathlib.Path(sys.prefix).glob(f"lib/python3*/site-packages/{name}"))
    return folders[0] if folders and list(folders[0].glob(holds)) else None


class Engine:
    """Checks of one backend; `here` is the environment in which it is found, GONE what must not help to find it."""

    NAME = ""
    GONE = ()
    TIMEOUT = 400

    def __init__(self, build, **here):
        self.build = build
        self.model = subprocess.run([sys.executable, str(support.ROOT / "tools/model_path.py"), "minilm"], capture_output=True, text=True, check=True).stdout.strip()
        self.here = self.environment(**here)

    @classmethod
    def environment(cls, **extra):
        """Nothing from which an installation could be found but what is given. GONE: names, or beginnings that end with _."""
        gone = ("VIRTUAL_ENV", "CONDA_PREFIX", "ACCELERATE_PYTHON", "ACCELERATE_DEVICE", "USE_MOJO_MAX_TARGET", *cls.GONE)
        kept = {k: v for k, v in os.environ.items() if not any(k.startswith(g) if g.endswith("_") else k == g for g in gone)}
        return {**kept, "PATH": "/usr/bin:/bin", **{k: str(v) for k, v in extra.items()}}

    def run(self, *args, env=None, check=True):
        done = subprocess.run([str(self.build / "ipfs-accelerate"), *args], capture_output=True, text=True, env=env or self.here, timeout=self.TIMEOUT)
        if check:
            assert done.returncode == 0, f"{args}: exit {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}"
        return done

    def backend(self, env):
        report = json.loads(self.run("hardware", "info", "--json", env=env).stdout)
        return next(b for b in report["backends"] if b["name"] == self.NAME)

    def found(self, version, **env):
        """What the report says of the backend, which must be there."""
        entry = self.backend(self.environment(**env))
        assert entry["available"], entry["reason"]
        assert entry["version"].startswith(version), entry["version"]
        return entry

    def example(self, env=None):
        out = json.loads(self.run("hardware", "test", "--json", env=env).stdout)
        result = next(t for t in out["tests"] if t["backend"] == self.NAME)
        assert result["passed"] and result["values"] == [19, 22, 43, 50], result

    def embed(self, device, env=None):
        texts = [a for text in TEXTS for a in ("--text", text)]
        done = self.run("run", self.model, "--task", "feature-extraction", *texts, "--device", device, "--explain", "--json", env=env)
        return json.loads(done.stdout)

    def embed_as_cpu(self):
        """MiniLM on the engine: (its values, the CPU's, what it says of itself)."""
        cpu, here = self.embed("cpu"), self.embed(self.NAME)
        assert here["backend"] == self.NAME and not here.get("fallback_reason"), here.get("fallback_reason")
        assert here["explain"]["flops_share"] > 0.9, here["explain"]["placement"]
        flat = lambda v: [x for y in v for x in flat(y)] if isinstance(v, list) else [v]
        a, b = flat(here["result"]), flat(cpu["result"])
        assert len(a) == len(b)
        return a, b, f"{here['explain']['flops_share']:.1%} of the work, {len(here['explain']['regions'])} regions"

    def cpu_serves_without(self, reason):
        out = self.embed(self.NAME, self.environment())
        assert out["backend"] == "cpu" and reason in out["fallback_reason"], out["fallback_reason"]
        done = self.run("run", self.model, "--text", "a", "--device", self.NAME, "--strict", "--json", env=self.environment(), check=False)
        assert done.returncode != 0 and reason in done.stdout, done.stdout

    def check_all(self, names, only):
        suite = support.Suite(only)
        for name in names:
            begin = time.monotonic()
            suite.check(name, getattr(self, name))
            print(f"     {time.monotonic() - begin:.1f} s", flush=True)
        suite.finish()
