#!/usr/bin/env python3
"""Measures the store: adding a 1 GB file against SHA-256 itself, serving blocks against boxo's gateway, two sources against one.

Things that are compared take turns, round by round. boxo serves from memory, the store from its file; one client, written in Go,
asks both. Writes bench/results/DATE-store-CPU.json (raw samples) and .md.

Usage: store.py --binary FOLDER/ipfs-accelerate [--peer PROGRAM] [--rounds N]
The peer is tests/golden/ipfs/peer, built with `go build`; without it, serving is not compared.
"""
import argparse
import asyncio
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_BYTES = 1 << 30
SERVED_BYTES = 64 << 20
PULLED_BYTES = 32 << 20
SOURCE_BYTES_PER_SECOND = 8 << 20


def sha256_speed(path):
    """Bytes a second of one core: OpenSSL's SHA-256, as `openssl dgst` runs it, over a file that is in memory."""
    begin = time.perf_counter()
    subprocess.run(["openssl", "dgst", "-sha256", str(path)], check=True, capture_output=True)
    return path.stat().st_size / (time.perf_counter() - begin)


def timed(command, env):
    """(seconds, peak memory in bytes, standard output) of a child."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, f"{command} ended with {status}"
    return time.perf_counter() - begin, usage.ru_maxrss * 1024, out


class SlowProxy:
    """Forwards to a server, with a limit on what it sends back in a second over all its connections."""

    def __init__(self, url, bytes_per_second):
        self.target = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
        self.rate = bytes_per_second
        self.free_at = 0.0
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=(ready,), daemon=True).start()
        ready.wait()

    def run(self, ready):
        async def start():
            server = await asyncio.start_server(self.connection, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            await server.serve_forever()

        self.loop.run_until_complete(start())

    async def connection(self, reader, writer):
        their_reader, their_writer = await asyncio.open_connection(*self.target)

        async def copy(source, sink, limited):
            while data := await source.read(16 << 10):
                if limited:
                    self.free_at = max(self.free_at, time.monotonic()) + len(data) / self.rate
                    await asyncio.sleep(self.free_at - time.monotonic())
                sink.write(data)
                await sink.drain()
            sink.close()

        await asyncio.gather(copy(reader, their_writer, False), copy(their_reader, writer, True), return_exceptions=True)


class Bench:
    def __init__(self, args, work):
        self.args, self.work = args, work

    def environment(self, store):
        return {**os.environ, "ACCELERATE_STORE": str(self.work / store), "ACCELERATE_CONFIG_DIR": str(self.work / "config")}

    def run(self, store, *command):
        return json.loads(timed([self.args.binary, *map(str, command), "--json"], self.environment(store))[2])

    def serve(self, store):
        server = subprocess.Popen([self.args.binary, "store", "serve", "--json"], env=self.environment(store), stdout=subprocess.PIPE,
                                  text=True)
        return server, json.loads(server.stdout.readline())["url"]

    def file(self, size):
        path = self.work / f"bytes-{size}"
        if not path.exists():
            with open(path, "wb") as out:
                for _ in range(0, size, 1 << 20):
                    out.write(os.urandom(1 << 20))
        return path

    def add(self):
        path = self.file(FILE_BYTES)
        lines = []
        for i in range(self.args.rounds):
            sha = sha256_speed(path)
            store = f"add-{i}"
            seconds, memory, _ = timed([self.args.binary, "store", "add", str(path)], self.environment(store))
            lines.append({"sha256_bytes_per_second": sha, "add_bytes_per_second": FILE_BYTES / seconds, "peak_memory_bytes": memory,
                          "store_bytes": sum(f.stat().st_size for f in (self.work / store).rglob("*") if f.is_file())})
        path.unlink()
        return lines

    def serving(self):
        cid = self.run("served", "store", "add", self.file(SERVED_BYTES))["added"][0]["cid"]
        archive = self.work / "served.car"
        self.run("served", "store", "export", cid, "-o", archive)
        ours, our_url = self.serve("served")
        theirs = subprocess.Popen([self.args.peer, "serve", archive], stdout=subprocess.PIPE, text=True)
        urls = {"ours": our_url, "boxo": theirs.stdout.readline().strip()}
        lines = []
        try:
            for i in range(self.args.rounds + 1):
                line = {}
                for name in sorted(urls, reverse=i % 2 == 0):
                    done = subprocess.run([self.args.peer, "load", urls[name], "1", "4", archive], text=True, capture_output=True, check=True)
                    line[f"{name}_bytes_per_second"] = float(done.stdout)
                lines.append(line)
        finally:
            ours.terminate()
            theirs.terminate()
        return lines[1:]  # the first one warms both

    def pulls(self):
        cid = self.run("source", "store", "add", self.file(PULLED_BYTES))["added"][0]["cid"]
        server, url = self.serve("source")
        sources = [SlowProxy(url, SOURCE_BYTES_PER_SECOND).url for _ in range(2)]
        lines = []
        try:
            for i in range(self.args.rounds):
                line = {}
                for number in (1, 2):
                    wanted = [part for source in sources[:number] for part in ("--from", source)]
                    store = f"pull-{i}-{number}"
                    line[f"sources_{number}_seconds"] = timed([self.args.binary, "pull", cid, *wanted], self.environment(store))[0]
                    shutil.rmtree(self.work / store)
                lines.append(line)
        finally:
            server.terminate()
        return lines


def median(lines, value):
    return statistics.median(value(line) for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--peer")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    args.binary = str(pathlib.Path(args.binary).resolve())
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    stamp = datetime.date.today().isoformat()
    work = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-bench-"))
    try:
        bench = Bench(args, work)
        result = {"date": stamp, "cpu": cpu, "cores": os.cpu_count(), "add": bench.add(), "pull": bench.pulls()}
        if args.peer:
            result["serve"] = bench.serving()
    finally:
        shutil.rmtree(work)
    rows = [
        ("add 1 GB: share of the speed of SHA-256 on one core", "at least 0.8",
         f"{median(result['add'], lambda l: l['add_bytes_per_second'] / l['sha256_bytes_per_second']):.2f} "
         f"({median(result['add'], lambda l: l['add_bytes_per_second']) / 1e6:.0f} of {median(result['add'], lambda l: l['sha256_bytes_per_second']) / 1e6:.0f} MB/s)"),
        ("add 1 GB: peak memory", "below 64 MB", f"{max(l['peak_memory_bytes'] for l in result['add']) / 1e6:.0f} MB"),
        ("add 1 GB: the store's disk", "metadata alone", f"{max(l['store_bytes'] for l in result['add']) / 1e6:.2f} MB"),
        ("pull from two limited sources: speed over one", "at least 1.6",
         f"{median(result['pull'], lambda l: l['sources_1_seconds'] / l['sources_2_seconds']):.2f}"),
    ]
    if args.peer:
        rows.append(("serve 1 MiB blocks: speed over boxo's gateway", "at least 1",
                     f"{median(result['serve'], lambda l: l['ours_bytes_per_second'] / l['boxo_bytes_per_second']):.2f} "
                     f"({median(result['serve'], lambda l: l['ours_bytes_per_second']) / 1e6:.0f} and {median(result['serve'], lambda l: l['boxo_bytes_per_second']) / 1e6:.0f} MB/s)"))
    text = f"Made by `make bench-store` on {stamp}. CPU: {cpu}, {os.cpu_count()} cores. Medians of {args.rounds} rounds.\n\n| what | wanted | measured |\n|---|---|---|\n"
    text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
    base = ROOT / "bench/results" / f"{stamp}-store-{'-'.join(''.join(c if c.isalnum() else ' ' for c in cpu).split()).lower()}"
    base.with_suffix(".json").write_text(json.dumps(result) + "\n")
    base.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
