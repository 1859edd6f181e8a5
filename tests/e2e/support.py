"""What the end-to-end tests share: running the program, counting checks, caching what transformers computes."""

import argparse
import hashlib
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = 77


def arguments(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="folder of the built program")
    parser.add_argument("--only", default="", help="run the checks whose name contains this")
    return parser.parse_args()


class Skipped(Exception):
    pass


class Suite:
    """Runs named checks; each is a function that raises on failure."""

    def __init__(self, only=""):
        self.only = only
        self.passed = self.failed = self.skipped = 0

    def check(self, name, function, *args):
        if self.only not in name:
            return
        try:
            note = function(*args)
            self.passed += 1
            print(f"ok   {name}{'  ' + note if note else ''}", flush=True)
        except Skipped as reason:
            self.skipped += 1
            print(f"skip {name}: {reason}", flush=True)
        except Exception as error:  # every failure is reported, and the next check runs
            self.failed += 1
            if not isinstance(error, AssertionError):
                traceback.print_exc()
            print(f"FAIL {name}: {error}", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def skip_all(reason):
    print(f"skip: {reason}")
    print("0 passed, 0 failed, 1 skipped", flush=True)
    sys.exit(0)


class Program:
    def __init__(self, build):
        self.path = build.resolve() / "ipfs-accelerate"
        if not self.path.exists():
            sys.exit(f"{self.path} does not exist; build it first (make build)")

    def environment(self, extra):
        keep = {k: v for k, v in os.environ.items() if not k.startswith("ACCELERATE_") and k != "USE_MOJO_MAX_TARGET"}
        return {**keep, **(extra or {})}

    def start(self, *args, env=None, **options):
        return subprocess.Popen([str(self.path), *map(str, args)], env=self.environment(env), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def run(self, *args, env=None, stdin="", timeout=240):
        return subprocess.run([str(self.path), *map(str, args)], env=self.environment(env), input=stdin, text=True,
                              capture_output=True, timeout=timeout)

    def json(self, *args, **options):
        """The envelope of a successful `run --json`."""
        done = self.run(*args, "--json", **options)
        assert done.returncode == 0, f"exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        out = json.loads(done.stdout)
        assert out["success"] is True, out
        return out

    def error(self, *args, **options):
        """(exit code, error object) of a `run --json` that must fail."""
        done = self.run(*args, "--json", **options)
        assert done.returncode > 0, f"exit {done.returncode}; expected a failure: {done.stdout[:500]}"
        out = json.loads(done.stdout)
        assert out["success"] is False and out["error"]["message"], out
        return done.returncode, out["error"]


def minilm():
    """Folder of the real all-MiniLM-L6-v2."""
    found = subprocess.run([sys.executable, str(ROOT / "tools/model_path.py"), "minilm"], capture_output=True, text=True)
    if found.returncode != 0:
        skip_all(found.stderr.strip())
    return pathlib.Path(found.stdout.strip())


def require_transformers():
    try:
        return {name: importlib.metadata.version(name) for name in ("torch", "transformers")}
    except importlib.metadata.PackageNotFoundError as missing:
        skip_all(f"{missing} is not installed")


def cache_folder(build, script, versions, extra=""):
    """(folder, is complete) for what a script makes; another folder for another script, version or input."""
    digest = hashlib.sha256(pathlib.Path(script).read_bytes() + json.dumps(versions).encode() + extra.encode())
    folder = build.resolve() / "e2e" / f"{pathlib.Path(script).stem}-{digest.hexdigest()[:16]}"
    return folder, (folder / "complete").exists()


def close(found, wanted, tolerance, where=""):
    """Compares JSON values; numbers by absolute difference."""
    if isinstance(wanted, float) or (isinstance(found, float) and not isinstance(wanted, bool)):
        assert isinstance(found, (int, float)) and abs(found - wanted) <= tolerance, f"{where}: {found}, expected {wanted}"
    elif isinstance(wanted, dict):
        assert isinstance(found, dict) and found.keys() == wanted.keys(), f"{where}: {found}, expected {wanted}"
        for key in wanted:
            close(found[key], wanted[key], tolerance, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted), f"{where}: {str(found)[:300]}, expected {str(wanted)[:300]}"
        for i, (a, b) in enumerate(zip(found, wanted)):
            close(a, b, tolerance, f"{where}[{i}]")
    else:
        assert found == wanted, f"{where}: {found!r}, expected {wanted!r}"
