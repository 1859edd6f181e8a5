#!/usr/bin/env python3
"""The hub client end to end, against a hub of this machine: ETags, ranges, resumption, tokens, redirects, lies, offline.

The hub answers as huggingface.co does: Git hashes as ETags of small files, SHA-256 and a redirect for large ones.

Usage: hub_test.py [--build FOLDER] [--only TEXT].
"""

import hashlib
import http.server
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

import support

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 64 << 10
TEXTS = ("--task", "sentence-similarity", "--text", "A cat sits on the mat.", "--text", "A kitten rests on a rug.")


class Hub(http.server.ThreadingHTTPServer):
    """One repository, org/name, and what goes wrong with it."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.requests = []
        self.names = None  # in place of those of files
        self.token = None
        self.cut_after = None  # bytes of a body, then the connection ends
        self.corrupt = set()
        self.redirect_to = None  # where large files are
        self.pause = 0  # seconds for each 64 KB
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def gets(self):
        return [path for method, path, _ in self.requests if method == "GET" and "/api/" not in path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers=None, body=b""):
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), **(headers or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        hub = self.server
        for at in range(0, len(body), LARGE):
            if hub.cut_after is not None and at >= hub.cut_after:
                self.close_connection = True
                self.connection.close()
                return
            time.sleep(hub.pause)
            self.wfile.write(body[at:at + LARGE])

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub = self.server
        hub.requests.append((self.command, self.path, dict(self.headers)))
        try:
            self.serve()
        except (BrokenPipeError, ConnectionResetError, OSError):
            self.close_connection = True

    def serve(self):
        hub = self.server
        if hub.token and not self.path.startswith("/cdn/") and self.headers.get("Authorization") != f"Bearer {hub.token}":
            return self.answer(401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to it is restricted."})
        if self.path == "/api/models/org/name/revision/main":
            names = hub.names if hub.names is not None else list(hub.files)
            return self.answer(200, {"Content-Type": "application/json"},
                               json.dumps({"id": "org/name", "sha": COMMIT, "siblings": [{"rfilename": n} for n in names]}).encode())
        if self.path.startswith(f"/api/models/org/name/tree/{COMMIT}"):
            return self.answer(200, {"Content-Type": "application/json"}, json.dumps(
                [{"type": "file", "oid": "0" * 40, "size": len(c), "path": n} for n, c in hub.files.items()]).encode())
        prefix = f"/org/name/resolve/{COMMIT}/"
        name = urllib.parse.unquote(self.path.removeprefix(prefix).removeprefix("/cdn/"))
        if not self.path.startswith((prefix, "/cdn/")) or name not in hub.files:
            return self.answer(404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        content = hub.files[name]
        common = {"X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if len(content) >= LARGE and self.path.startswith(prefix):
            linked = {"X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content)),
                      "Location": (hub.redirect_to or "") + "/cdn/" + name}
            return self.answer(302, {**common, **linked})
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        common["ETag"] = f'"{git}"'
        if name in hub.corrupt:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if self.command == "HEAD":
            return self.answer(200, {**common, "Content-Length": str(len(content))})
        if wanted := self.headers.get("Range"):
            first = int(wanted.removeprefix("bytes=").removesuffix("-"))
            common["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            return self.answer(206, common, content[first:])
        return self.answer(200, common, content)


def main():
    args = support.arguments(__doc__)
    suite = support.Suite(args.only)
    program = support.Program(args.build)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="accelerate-hub-"))
    made = random.Random(5)
    files = {"config.json": b'{"model_type": "bert"}', "sub/a b.txt": b"text", "empty": b"",
             "model.safetensors": made.randbytes(3_000_000), "pytorch_model.bin": made.randbytes(100_000)}

    def pull(home, hub, *more, code=0, env=None, **options):
        environment = {"ACCELERATE_STORE": str(scratch / home / "store"), "HF_HOME": str(scratch / home / "hf"),
                       "HF_ENDPOINT": hub if isinstance(hub, str) else hub.url, "HF_HUB_OFFLINE": "0", **(env or {})}
        done = program.run("pull", "org/name", "--json", *more, env=environment, **options)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return json.loads(done.stdout)

    def same(out, hub, left_out=("pytorch_model.bin",)):
        for name, content in hub.files.items():
            path = pathlib.Path(out["folder"]) / name
            assert path.exists() != (name in left_out), name
            assert name in left_out or path.read_bytes() == content, name
        leftovers = [p.name for p in pathlib.Path(out["folder"]).parents[1].glob("*/**/*") if p.name.endswith((".incomplete", ".tmp"))]
        assert not leftovers, leftovers

    def whole():
        hub = Hub(files)
        out = pull("whole", hub)
        same(out, hub)
        assert out["commit"] == COMMIT and out["left_out"] == ["pytorch_model.bin"], out
        asked = len(hub.gets())
        again = pull("whole", hub)
        assert again["fetched_files"] == 0 and again["cid"] == out["cid"] and len(hub.gets()) == asked, again
        everything = pull("whole", hub, "--include", "*")
        assert everything["fetched_files"] == 1 and everything["left_out"] == [], everything
        script = "from huggingface_hub import snapshot_download; print(snapshot_download('org/name'))"
        done = subprocess.run([str(support.ROOT / ".venv/bin/python"), "-c", script], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "HF_HOME": str(scratch / "whole/hf"), "HF_HUB_OFFLINE": "1"})
        if "No module named" in done.stderr:
            raise support.Skipped("huggingface_hub is not installed")
        assert done.stdout.strip() == out["folder"], done.stdout + done.stderr

    def shares_with_huggingface():
        """What huggingface_hub has downloaded is not fetched again."""
        hub = Hub(files)
        script = "from huggingface_hub import snapshot_download; print(snapshot_download('org/name'))"
        clean = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
        done = subprocess.run([str(support.ROOT / ".venv/bin/python"), "-c", script], capture_output=True, text=True, timeout=120,
                              env={**clean, "HF_HOME": str(scratch / "shared/hf"), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"})
        if "No module named" in done.stderr:
            raise support.Skipped("huggingface_hub is not installed")
        assert done.returncode == 0, done.stderr[-2000:]
        out = pull("shared", hub)
        assert out["fetched_files"] == 0 and out["left_out"] == ["pytorch_model.bin"] and out["folder"] == done.stdout.strip(), out

    def resumed():
        hub = Hub(files)
        hub.cut_after = 4 * LARGE
        out = pull("cut", hub)
        same(out, hub)
        ranges = [h["Range"] for m, p, h in hub.requests if m == "GET" and p.startswith("/cdn/model") and "Range" in h]
        assert len(ranges) >= 10 and out["fetched_bytes"] == sum(len(c) for n, c in files.items() if n != "pytorch_model.bin"), (ranges, out)

    def killed():
        hub = Hub(files)
        hub.pause = 0.01
        moments = random.Random(11)
        environment = {"ACCELERATE_STORE": str(scratch / "killed/store"), "HF_HOME": str(scratch / "killed/hf"), "HF_ENDPOINT": hub.url,
                       "HF_HUB_OFFLINE": "0"}
        for _ in range(5):
            child = program.start("pull", "org/name", env=environment)
            time.sleep(moments.uniform(0.02, 0.25))
            child.kill()
            child.wait()
        hub.pause = 0
        same(pull("killed", hub), hub)

    def lies():
        hub = Hub(files)
        hub.corrupt = {"model.safetensors"}
        assert pull("lies", hub, code=3)["error"]["code"] == "invalid_model"
        assert not list((scratch / "lies/hf").rglob("*.incomplete"))
        # What an earlier attempt left is wrong: it is fetched again from the beginning.
        hub.corrupt = set()
        blob = scratch / "lies/hf/hub/models--org--name/blobs" / hashlib.sha256(files["model.safetensors"]).hexdigest()
        blob.with_name(blob.name + ".incomplete").write_bytes(b"x" * 1000)
        same(pull("lies", hub), hub)
        for names in (["../escape"], ["/etc/passwd"], ["a/../../b"], ["a\\b"], [""], [1]):
            hub.names = names
            assert pull("names", hub, code=3)["error"]["code"] == "invalid_model", names

    def token():
        hub = Hub(files)
        hub.token = "hf_secret"
        assert pull("token", hub, code=2)["error"]["code"] == "invalid_argument"
        same(pull("token", hub, env={"HF_TOKEN": "hf_secret"}), hub)

    def redirects():
        other = Hub(files)
        hub = Hub(files)
        hub.token = "hf_secret"
        hub.redirect_to = other.url
        error = pull("redirect", hub, code=5, env={"HF_TOKEN": "hf_secret"})["error"]
        assert "private" in error["message"] and other.requests == [], (error, other.requests)
        hub.redirect_to = f"http://localhost:{other.server_port}"
        assert pull("redirect", hub, code=5, env={"HF_TOKEN": "hf_secret"})["error"]["code"] == "io_error"
        hub.redirect_to = "file:///etc/passwd?"
        assert pull("redirect", hub, code=5, env={"HF_TOKEN": "hf_secret"})["error"]["code"] == "io_error"
        assert other.requests == []

    def offline():
        hub = Hub(files)
        assert pull("offline", hub, code=2, env={"HF_HUB_OFFLINE": "1"})["error"]["code"] == "not_found"
        assert hub.requests == []
        first = pull("offline", hub)
        asked = len(hub.requests)
        again = pull("offline", hub, env={"HF_HUB_OFFLINE": "1"})
        assert len(hub.requests) == asked and again["cid"] == first["cid"] and again["from_cache_reason"], again
        hub.shutdown()
        hub.server_close()
        assert pull("offline", "http://127.0.0.1:9")["cid"] == first["cid"]
        assert pull("nothing", "http://127.0.0.1:9", code=5)["error"]["code"] == "io_error"

    def endpoint():
        """Our own endpoint is a hub too; its ETags are CIDs."""
        folder = scratch / "mine"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        store = {"ACCELERATE_STORE": str(scratch / "endpoint-store")}
        program.run("publish", folder, "--name", "org/name", env=store)
        server = program.start("store", "serve", "--json", env=store)
        try:
            out = pull("endpoint", json.loads(server.stdout.readline())["url"])
        finally:
            server.terminate()
            server.wait(20)
        assert all((pathlib.Path(out["folder"]) / n).read_bytes() == c for n, c in files.items() if n != "pytorch_model.bin")

    def model():
        minilm = support.minilm()
        wanted = {str(f.relative_to(minilm)): f.read_bytes() for f in minilm.rglob("*")
                  if f.is_file() and not any(part.startswith(".") for part in f.relative_to(minilm).parts)}
        hub = Hub(wanted)
        environment = {"HF_HOME": str(scratch / "model/hf"), "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        got = program.json("run", "org/name", *TEXTS, env=environment)["result"]
        support.close(got, program.json("run", str(minilm), *TEXTS)["result"], 1e-6)
        asked = len(hub.requests)
        program.json("run", "org/name", *TEXTS, env=environment)
        assert len(hub.requests) == asked, "the cache has it"

    try:
        suite.check("a repository is fetched, named as huggingface_hub names it, and not fetched twice", whole)
        suite.check("what huggingface_hub has fetched is used", shares_with_huggingface)
        suite.check("connections that end are resumed", resumed)
        suite.check("killed five times, it ends right", killed)
        suite.check("other bytes and other names are refused", lies)
        suite.check("a token is sent, and its lack is explained", token)
        suite.check("redirects into this machine are refused, and no token goes there", redirects)
        suite.check("offline and unreachable, the cache serves", offline)
        suite.check("our own endpoint serves it", endpoint)
        suite.check("run ORG/NAME fetches and runs", model)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    suite.finish()


if __name__ == "__main__":
    main()
