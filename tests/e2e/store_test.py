#!/usr/bin/env python3
"""The store end to end: a real model is published, pulled by a second store from two processes of which one corrupts blocks, and
run by its CID with the numbers of its folder.

Usage: store_test.py [--build FOLDER] [--only TEXT].
"""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import support

TEXTS = ("--task", "sentence-similarity", "--text", "A cat sits on the mat.", "--text", "A kitten rests on a rug.")


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    minilm = support.minilm()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-store-"))
    servers = []

    def run(store, *command, code=0, env=None, **options):
        done = program.run(*command, "--json", env={"ACCELERATE_STORE": str(scratch / store), **(env or {})}, **options)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return json.loads(done.stdout)

    def serve(store):
        server = program.start("store", "serve", "--json", env={"ACCELERATE_STORE": str(scratch / store)})
        servers.append(server)
        return json.loads(server.stdout.readline())["url"]

    def stop(server):
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0, server.stderr.read()

    def publish():
        first = run("one", "publish", minilm)
        disk = run("one", "store", "stat")["disk_bytes"]
        weights = sum(f.stat().st_size for f in minilm.rglob("*") if f.is_file())
        assert disk < 0.05 * weights + 2_000_000, f"{disk} bytes on disk for {weights} of the model"
        assert run("one", "publish", minilm)["cid"] == first["cid"]
        assert run("one", "store", "verify")["faults"] == []
        return first["cid"]

    def same_numbers(store, cid):
        wanted = run(store, "run", minilm, *TEXTS)["result"]
        support.close(run(store, "run", f"ipfs://{cid}", *TEXTS)["result"], wanted, 1e-6)
        views = scratch / store / "views"
        assert not any(views.iterdir()), list(views.iterdir())

    def pull(cid):
        # The second source has the right names and wrong bytes.
        run("liar", "store", "import", archive(cid))
        with sqlite3.connect(scratch / "liar/index.db") as index:
            index.execute("UPDATE blocks SET data = CAST(data || x'00' AS BLOB)")
        urls = serve("one"), serve("liar")
        environment = {"ACCELERATE_STORE": str(scratch / "two")}
        for delay in (0.05, 0.1, 0.2, 0.4):
            child = program.start("pull", cid, "--from", urls[0], "--from", urls[1], env=environment)
            time.sleep(delay)
            child.kill()
            child.wait()
        result = run("two", "pull", cid, "--from", urls[0], "--from", urls[1])
        for server in servers:
            stop(server)
        servers.clear()
        assert run("two", "store", "verify")["faults"] == []
        assert [p["cid"] for p in run("two", "store", "pin", "ls")["pins"]] == [cid]
        same_numbers("two", cid)
        return json.dumps(result["sources"])

    def archive(cid):
        path = scratch / "model.car"
        if not path.exists():
            run("one", "store", "export", cid, "-o", path, "--car-version", 2)
        return path

    def archives(cid):
        out = run("three", "store", "import", archive(cid))
        assert out["imported"][0]["roots"] == [cid]
        run("three", "store", "get", cid, "-o", scratch / "copy")
        for file in minilm.rglob("*"):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(minilm).parts):
                assert (scratch / "copy" / file.relative_to(minilm)).read_bytes() == file.read_bytes(), file
        damaged = bytearray(archive(cid).read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (scratch / "damaged.car").write_bytes(damaged)
        assert run("four", "store", "import", scratch / "damaged.car", code=3)["error"]["code"] == "invalid_model"

    def listing(cid):
        names = {e["name"]: e for e in run("one", "store", "ls", cid)["entries"]}
        assert names["config.json"]["kind"] == "file"
        done = program.run("store", "cat", f"ipfs://{cid}/config.json", env={"ACCELERATE_STORE": str(scratch / "one")})
        assert done.stdout == (minilm / "config.json").read_text()

    def hub(cid):
        environment = {"HF_HOME": str(scratch / "hf")}
        out = run("three", "store", "hub", "put", cid, "org/minilm", env=environment)
        assert run("three", "store", "hub", "ls", env=environment)["snapshots"][0]["repository"] == "org/minilm"
        support.close(run("three", "run", out["folder"], *TEXTS)["result"], run("three", "run", minilm, *TEXTS)["result"], 1e-6)
        # The reference implementation finds it too.
        script = ("from huggingface_hub import snapshot_download, hf_hub_download; print(snapshot_download('org/minilm')); "
                  "print(hf_hub_download('org/minilm', 'config.json'))")
        done = subprocess.run([str(support.ROOT / ".venv/bin/python"), "-c", script], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **environment, "HF_HUB_OFFLINE": "1"})
        if "No module named" in done.stderr:
            raise support.Skipped("huggingface_hub is not installed")
        assert done.stdout.split()[:1] == [out["folder"]], done.stdout + done.stderr

    def endpoint(cid):
        url = serve("one")
        environment = {"HF_HOME": str(scratch / "hf-by-cid"), "HF_ENDPOINT": url, "HF_HUB_DISABLE_TELEMETRY": "1"}
        script = ("import sys; from huggingface_hub import snapshot_download; print(snapshot_download(sys.argv[1]));"
                  "from transformers import AutoModel; AutoModel.from_pretrained(sys.argv[1]); print('loaded')")
        clean = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
        done = subprocess.run([str(support.ROOT / ".venv/bin/python"), "-c", script, cid], capture_output=True, text=True,
                              timeout=400, env={**clean, **environment})
        if "No module named" in done.stderr:
            raise support.Skipped("huggingface_hub is not installed")
        out = done.stdout.split()
        assert out[-1:] == ["loaded"], done.stdout + done.stderr
        for file in pathlib.Path(out[0]).rglob("*"):
            if file.is_file():
                assert file.read_bytes() == (minilm / file.relative_to(out[0])).read_bytes(), file
        stop(servers.pop())

    def signatures(cid):
        theirs, mine = ({"ACCELERATE_CONFIG_DIR": str(scratch / f"{who}-config")} for who in ("theirs", "mine"))
        error = run("one", "publish", minilm, "--sign", code=2, env=theirs)["error"]
        assert error["code"] == "not_found", error
        key = run("one", "trust", "key", "--create", env=theirs)["key"]
        record = scratch / "minilm.signature.json"
        assert run("one", "publish", minilm, "--sign", "--signature", record, env=theirs)["signed_by"] == key
        url = serve("one")
        run("signed", "trust", "require", env=mine)
        refused = run("signed", "pull", cid, "--from", url, code=3, env=mine)["error"]
        assert refused["code"] == "invalid_model" and key in refused["message"], refused
        assert run("signed", "store", "stat")["blocks"] == 0
        run("signed", "trust", "add", key, "--name", "them", env=mine)
        assert run("signed", "pull", cid, "--from", url, env=mine)["signed_by"] == "them"
        assert run("signed", "pull", cid, "--from", url, "--signed-by", key)["signed_by"] == key
        run("signed", "run", f"ipfs://{cid}", *TEXTS, env=mine)
        run("signed", "trust", "rm", key, env=mine)
        assert run("signed", "run", f"ipfs://{cid}", *TEXTS, code=3, env=mine)["error"]["code"] == "invalid_model"
        stop(servers.pop())
        # A source that knows no signatures, and the record by another way.
        run("unsigned", "store", "import", archive(cid))
        url = serve("unsigned")
        assert run("by-file", "pull", cid, "--from", url, "--signed-by", key, code=3)["error"]["code"] == "invalid_model"
        assert run("by-file", "pull", cid, "--from", url, "--signed-by", key, "--signature", record)["signed_by"] == key
        stop(servers.pop())

    def garbage(cid):
        assert run("three", "store", "gc")["removed_blocks"] == 0
        run("three", "store", "pin", "rm", cid)
        assert run("three", "store", "gc")["removed_blocks"] > 0
        assert run("three", "store", "cat", cid, code=2)["error"]["code"] == "not_found"

    def errors():
        assert run("one", "store", "cat", "nonsense", code=2)["error"]["code"] == "invalid_argument"
        assert run("none", "store", "ls", "bafkqaaa", code=2)["error"]["code"] == "not_found"
        assert run("one", "pull", "bafkqaaa", "--from", "file:///etc", code=2)["error"]["code"] == "invalid_argument"
        assert run("one", "pull", "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354", "--from", "http://127.0.0.1:1",
                   code=5)["error"]["code"] == "io_error"

    try:
        cid = None

        def remember():
            nonlocal cid
            cid = publish()
            return cid

        suite.check("a model is published without a copy", remember)
        suite.check("it runs by its CID", lambda: same_numbers("one", cid))
        suite.check("its files are listed and read", lambda: listing(cid))
        suite.check("archives carry it whole, and damage is found", lambda: archives(cid))
        suite.check("a killed pull from an honest and a lying source ends right", lambda: pull(cid))
        suite.check("the hub's cache holds it", lambda: hub(cid))
        suite.check("huggingface_hub and transformers load it by its CID through HF_ENDPOINT", lambda: endpoint(cid))
        suite.check("signatures and trust decide what is pulled and run", lambda: signatures(cid))
        suite.check("garbage goes, and nothing else", lambda: garbage(cid))
        suite.check("errors have codes", errors)
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
