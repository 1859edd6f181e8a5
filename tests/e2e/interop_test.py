#!/usr/bin/env python3
"""The store and boxo, the libraries inside Kubo, fetch from each other over loopback; the CIDs and every byte are the same.

Builds tests/golden/ipfs/peer with Go; skipped where Go or its modules are not there.

Usage: interop_test.py [--build FOLDER] [--only TEXT].
"""

import hashlib
import json
import pathlib
import random
import shutil
import subprocess
import tempfile

import support

PEER = support.ROOT / "build/interop/peer"
SIZES = (0, 1, 255, 262_144, 262_145, 1 << 20, (1 << 20) + 1, 3_500_000)


def build_peer():
    if shutil.which("go") is None:
        support.skip_all("Go is not installed")
    PEER.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["go", "build", "-trimpath", "-o", str(PEER), "./peer"], cwd=support.ROOT / "tests/golden/ipfs", text=True,
                          capture_output=True)
    if done.returncode != 0:
        if any(word in done.stderr for word in ("dial tcp", "proxyconnect", "no such host", "lookup ")):
            support.skip_all("the Go modules of the peer are not here, and there is no network")
        raise SystemExit(done.stderr[-3000:])


def main():
    args = support.arguments(__doc__)
    build_peer()
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-interop-"))
    started = []
    made = random.Random(3)
    folder = scratch / "folder"
    for size in SIZES:
        path = folder / f"sub-{size % 3}" / f"file {size}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.randbytes(size))
    for i in range(6000):  # enough for a HAMT
        (folder / "wide").mkdir(exist_ok=True)
        (folder / "wide" / f"a name that is long enough {i}").write_bytes(str(i).encode())
    digests = {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.rglob("*") if f.is_file()}

    def run(store, *command):
        done = program.run(*command, "--json", env={"ACCELERATE_STORE": str(scratch / store), "ACCELERATE_CONFIG_DIR": str(scratch)})
        assert done.returncode == 0, f"exit {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return json.loads(done.stdout)

    def start(command, first_line, **options):
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, **options)
        started.append(process)
        return first_line(process.stdout.readline())

    def both_ways(profile):
        mine = f"mine-{profile}"
        cid = run(mine, "store", "add", folder, "--profile", profile)["added"][0]["cid"]
        url = start([program.path, "store", "serve", "--json"], lambda line: json.loads(line)["url"],
                    env=program.environment({"ACCELERATE_STORE": str(scratch / mine)}))
        done = subprocess.run([str(PEER), "fetch", url, cid], text=True, capture_output=True, timeout=200)
        assert done.returncode == 0, done.stderr[-2000:]
        found = {name: digest for digest, name in (line.split("  ", 1) for line in done.stdout.splitlines())}
        assert found == digests, {k: (found.get(k), digests.get(k)) for k in found.keys() ^ digests.keys()}
        archive = scratch / f"{profile}.car"
        run(mine, "store", "export", cid, "-o", archive)
        theirs = start([PEER, "serve", archive], str.strip)
        pulled = f"pulled-{profile}"
        run(pulled, "pull", cid, "--from", theirs)
        run(pulled, "store", "get", cid, "-o", scratch / pulled / "copy")
        copy = scratch / pulled / "copy"
        assert {str(f.relative_to(copy)): hashlib.sha256(f.read_bytes()).hexdigest() for f in copy.rglob("*") if f.is_file()} == digests
        assert run(pulled, "store", "verify")["faults"] == []
        return f"{len(digests)} files, {cid}"

    try:
        for profile in ("unixfs-v1-2025", "unixfs-v0-2015"):
            suite.check(f"boxo reads from us and we read from boxo, {profile}", both_ways, profile)
    finally:
        for process in started:
            process.kill()
        shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
