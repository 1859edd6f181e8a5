#!/usr/bin/env python3
"""The program on the real Mojo: finding it, MiniLM against the CPU, the seal of compiled kernels, faults.

Usage: mojo_test.py [--build FOLDER]. Mojo is the one of the Python environment that runs this.
"""

import json
import os
import pathlib
import stat
import sys
import tempfile
import time

from engine import Engine, package, support


def modular():
    return package("modular", "bin/mojo")


class Mojo(Engine):
    NAME = "mojo"
    GONE = ("MODULAR_", "MAX_", "MOJO_")

    def found(self, **env):
        return super().found("1.1.", **env)["devices"][0]["description"]

    def found_by_variable(self):
        return self.found(MOJO_HOME=modular())

    def found_by_executable(self):
        return self.found(PATH=f"{sys.prefix}/bin:/usr/bin:/bin")

    def found_by_python(self):
        return self.found(VIRTUAL_ENV=sys.prefix)

    def decoys_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "bin").mkdir()
            program = root / "bin/mojo"
            program.write_text("#!/bin/sh\necho 'a text editor 1.1.0'\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
            entry = self.backend(self.environment(PATH=f"{root}/bin:/usr/bin:/bin"))
            assert not entry["available"] and "no lib/mojo" in entry["reason"], entry
            (root / "lib/mojo").mkdir(parents=True)
            entry = self.backend(self.environment(MOJO_HOME=root))
            assert not entry["available"] and "is not Mojo" in entry["reason"], entry
            # One that says the right words and compiles nothing.
            program.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Mojo 1.1.0' || exit 3\n")
            entry = self.backend(self.environment(MOJO_HOME=root, ACCELERATE_CACHE_DIR=root / "cache"))
            assert not entry["available"] and "refuses" in entry["reason"], entry
            program.write_text("#!/bin/sh\necho 'Mojo 9.9.0'\n")
            entry = self.backend(self.environment(MOJO_HOME=root))
            assert not entry["available"] and "9.9.0" in entry["reason"], entry
            return entry["reason"][:160]

    def without_a_linker(self):
        with tempfile.TemporaryDirectory() as folder:
            entry = self.backend(self.environment(MOJO_HOME=modular(), PATH=folder, ACCELERATE_CACHE_DIR=f"{folder}/cache"))
            assert not entry["available"] and "c compiler" in entry["reason"].lower(), entry
            return entry["reason"][-160:]

    def minilm_equals_cpu(self):
        cpu, here = self.embed("cpu"), self.embed("mojo")
        assert here["backend"] == "mojo" and not here.get("fallback_reason"), here.get("fallback_reason")
        places = {p["op"] for p in here["explain"]["placement"] if p["backend"] == "mojo"}
        assert "fused_add_norm" in places, here["explain"]["placement"]
        flat = lambda v: [x for y in v for x in flat(y)] if isinstance(v, list) else [v]
        worst = max(abs(a - b) for a, b in zip(flat(cpu["result"]), flat(here["result"]), strict=True))
        assert worst < 2e-5, worst
        return f"largest difference {worst:.2g}, {len(here['explain']['regions'])} regions, on Mojo: {', '.join(sorted(places))}"

    def kernels_are_kept_under_seal(self):
        with tempfile.TemporaryDirectory() as folder:
            env = self.environment(MOJO_HOME=modular(), ACCELERATE_CACHE_DIR=folder)
            self.embed("mojo", env)
            begin = time.monotonic()
            second = self.embed("mojo", env)
            seconds = time.monotonic() - begin
            assert all(r["cached"] for r in second["explain"]["regions"])
            libraries = sorted(pathlib.Path(folder, "mojo").glob("*/*.so"))
            assert libraries and all(not os.stat(p.parent).st_mode & 0o077 for p in libraries)
            # A library that was changed, or one without its seal, is not loaded.
            libraries[0].write_bytes(b"\x7fELF" + libraries[0].read_bytes()[4:-1] + b"\x00\x01")
            pathlib.Path(str(libraries[-1]) + ".seal").unlink()
            third = self.embed("mojo", env)
            assert third["backend"] == "mojo" and not third.get("fallback_reason")
            assert not list(pathlib.Path(tempfile.gettempdir()).glob("ipfs-accelerate-mojo-*")), "a folder is left over"
            return f"{len(libraries)} libraries; second start {seconds:.2f} s"

    def without_mojo_the_cpu_serves(self):
        self.cpu_serves_without("no Mojo installation")

    def compiled_ahead_of_time(self):
        with tempfile.TemporaryDirectory() as folder:
            out = f"{folder}/compiled"
            own = self.environment(MOJO_HOME=modular(), ACCELERATE_CACHE_DIR=f"{folder}/own")
            self.run("compile", self.model, "--task", "feature-extraction", "--device", "mojo", "-o", out, "--json", env=own)
            arguments = ("run", self.model, "--task", "feature-extraction", "--text", "a cat", "--compiled", out, "--explain", "--json")
            done = json.loads(self.run(*arguments, env=own).stdout)
            assert done["backend"] == "mojo" and all(r["cached"] for r in done["explain"]["regions"]), done["explain"]["regions"]
            # Another user (another key), and a changed file.
            other = self.environment(MOJO_HOME=modular(), ACCELERATE_CACHE_DIR=f"{folder}/other")
            refused = self.run(*arguments, env=other, check=False)
            assert refused.returncode != 0 and "this user on this machine" in refused.stdout, refused.stdout
            library = next(pathlib.Path(out).glob("cache/mojo/*/*.so"))
            library.write_bytes(library.read_bytes() + b"\x00")
            refused = self.run(*arguments, env=own, check=False)
            assert refused.returncode != 0 and "was changed" in refused.stdout, refused.stdout


def main():
    args = support.arguments(__doc__)
    if modular() is None:
        support.skip_all("Mojo is not installed in this Python environment")
    names = ("found_by_variable", "found_by_executable", "found_by_python", "decoys_are_refused", "without_a_linker", "minilm_equals_cpu", "kernels_are_kept_under_seal", "without_mojo_the_cpu_serves", "compiled_ahead_of_time")
    Mojo(args.build.resolve(), MOJO_HOME=modular()).check_all(names, args.only)


if __name__ == "__main__":
    main()
