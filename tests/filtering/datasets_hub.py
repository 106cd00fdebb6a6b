"""A Hub of one dataset, read from a folder: what is asked to list its files and to read stretches of them. For tests of hf://."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

REPOSITORY = "me/rows"
COMMIT = "0" * 40


class DatasetsHub(ThreadingHTTPServer):
    """Serves the files below `folder` as the dataset `me/rows`, at any revision."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Calls)
        self.folder = folder

    def entry(self, path: Path) -> dict[str, Any]:
        about: dict[str, Any] = {"path": str(path.relative_to(self.folder)), "oid": COMMIT}
        return about | ({"type": "directory"} if path.is_dir() else {"type": "file", "size": path.stat().st_size})


class Calls(BaseHTTPRequestHandler):
    """The calls of the client's file system: what is there, in a folder or at some paths, and a stretch of a file."""

    protocol_version = "HTTP/1.1"
    server: DatasetsHub

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        if found := re.fullmatch(rf"api/datasets/{REPOSITORY}/tree/[^/]+(/.*)?", path):
            below = self.server.folder / (found[1] or "").strip("/")
            return self.tell([self.server.entry(file) for file in sorted(below.rglob("*"))])
        if re.fullmatch(rf"api/datasets/{REPOSITORY}(/revision/.+)?", path):
            return self.tell({"id": REPOSITORY, "sha": COMMIT, "private": False, "siblings": [], "tags": []})
        if found := re.fullmatch(rf"datasets/{REPOSITORY}/resolve/[^/]+/(.+)", path):
            return self.give((self.server.folder / found[1]).read_bytes())
        return self.answer(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        paths = (
            json.loads(body)["paths"] if body.startswith("{") else [unquote(part[6:]) for part in body.split("&") if part[:6] == "paths="]
        )
        found = [self.server.folder / path for path in paths]
        self.tell([self.server.entry(path) for path in found if path.exists()])

    def give(self, content: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        headers = {"ETag": '"1"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if not asked:
            return self.answer(200, content, headers)
        low, high = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        return self.answer(206, content[low : high + 1], headers | {"Content-Range": f"bytes {low}-{high}/{len(content)}"})

    def tell(self, answer: Any) -> None:
        self.answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def datasets_hub(folder: Path) -> Iterator[str]:
    """Serve a folder; gives the address, for HF_ENDPOINT."""
    server = DatasetsHub(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
