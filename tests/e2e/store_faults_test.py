#!/usr/bin/env python3
"""The store where things go wrong: killed at random moments, writes that fail. Nothing that was there is lost, no byte
that was not verified is used, and what is tried again ends right.

Usage: store_faults_test.py [--build FOLDER] [--only TEXT].
"""

import json
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time

import support

KILLS = 10


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-faults-"))
    made = random.Random(17)
    first, large, folder = scratch / "first", scratch / "large", scratch / "folder"
    first.write_bytes(made.randbytes(300_000))
    large.write_bytes(made.randbytes(24_000_000))
    folder.mkdir()
    for i in range(400):
        (folder / f"file {i}").write_bytes(made.randbytes(3000))

    def environment(store):
        return {"ACCELERATE_STORE": str(store), "ACCELERATE_CONFIG_DIR": str(scratch)}

    def run(store, *command, code=0, **options):
        done = subprocess.run([str(program.path), *map(str, command), "--json"], env=program.environment(environment(store)),
                              capture_output=True, text=True, timeout=240, **options)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return json.loads(done.stdout)

    def whole(store, kept):
        """No faults, and what was added before any of them reads back."""
        assert run(store, "store", "verify")["faults"] == []
        done = subprocess.run([str(program.path), "store", "cat", kept], env=program.environment(environment(store)), capture_output=True)
        assert done.stdout == first.read_bytes(), done.stderr

    def start(store):
        return run(store, "store", "add", first, "--copy")["added"][0]["cid"]

    def killed(store, command, longest):
        for _ in range(KILLS):
            child = program.start(*command, env=environment(store))
            time.sleep(made.uniform(0, longest))
            child.kill()
            child.wait()

    def killed_add():
        store = scratch / "add"
        kept = start(store)
        killed(store, ("store", "add", large, folder, "--copy"), 0.3)
        whole(store, kept)
        cids = [a["cid"] for a in run(store, "store", "add", large, folder, "--copy")["added"]]
        assert cids == [a["cid"] for a in run(scratch / "clean", "store", "add", large, folder)["added"]]
        run(store, "store", "gc")
        whole(store, kept)
        assert not [p for p in (store / "files").iterdir() if p.name.startswith("new.")]

    def killed_gc():
        store = scratch / "gc"
        kept = start(store)
        for _ in range(KILLS):
            for added in run(store, "store", "add", large, folder, "--copy", "--no-pin")["added"]:
                assert added["cid"]
            child = program.start("store", "gc", env=environment(store))
            time.sleep(made.uniform(0, 0.15))
            child.kill()
            child.wait()
            whole(store, kept)
        run(store, "store", "gc")
        whole(store, kept)
        assert run(store, "store", "stat")["owned_files"] == 1

    def killed_pull():
        source, store = scratch / "source", scratch / "pull"
        tree = scratch / "tree"
        shutil.copytree(folder, tree)
        shutil.copy(large, tree)
        cid = run(source, "store", "add", tree)["added"][0]["cid"]
        kept = start(store)
        server = program.start("store", "serve", "--json", env=environment(source))
        url = json.loads(server.stdout.readline())["url"]
        try:
            killed(store, ("pull", cid, "--from", url), 0.3)
            whole(store, kept)
            run(store, "pull", cid, "--from", url)
            assert run(store, "pull", cid, "--from", url)["fetched_blocks"] == 0
        finally:
            server.kill()
        run(store, "store", "get", cid, "-o", scratch / "copy")
        for file in tree.iterdir():
            assert (scratch / "copy" / file.name).read_bytes() == file.read_bytes(), file
        run(store, "store", "gc")
        whole(store, kept)

    def failing_writes():
        """Every write beyond a size fails, whichever file it is in."""
        store = scratch / "writes"
        kept = start(store)

        def limit(size):
            def set_limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            return set_limit

        for size in (0, 1, 4096, 100_000, 1_000_000, 5_000_000):
            for command in (("store", "add", large, "--copy"), ("store", "add", folder), ("store", "get", kept, "-o", scratch / f"out-{size}")):
                done = subprocess.run([str(program.path), *map(str, command), "--json"], env=program.environment(environment(store)),
                                      capture_output=True, text=True, timeout=240, preexec_fn=limit(size))
                assert done.returncode in (0, 5), (size, command, done.returncode, done.stdout, done.stderr)
                if done.returncode == 5:
                    assert json.loads(done.stdout)["error"]["code"] == "io_error", done.stdout
            whole(store, kept)

    try:
        suite.check("an add that is killed ten times", killed_add)
        suite.check("a garbage collection that is killed ten times", killed_gc)
        suite.check("a pull that is killed ten times", killed_pull)
        suite.check("writes that fail", failing_writes)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
