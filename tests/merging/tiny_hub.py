"""A Hub of a few calls, in memory: repositories are made, read and committed to. For tests of pushing."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


class TinyHub(ThreadingHTTPServer):
    """`files[repository][path]` is what was committed; `commits` are repository, revision and message in order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Calls)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, dict[str, bytes]] = {}
        self.commits: list[tuple[str, str, str]] = []
        self.branches: list[tuple[str, str]] = []

    def create(self, body: bytes) -> dict[str, Any]:
        wish = json.loads(body)
        repository = f"{wish.get('organization', 'me')}/{wish['name']}"
        self.files.setdefault(repository, {})
        return {"url": f"{self.url}/{repository}", "name": repository, "id": repository}

    def commit(self, repository: str, revision: str, body: bytes) -> dict[str, Any]:
        header, *lines = (json.loads(line) for line in body.splitlines())
        for line in lines:
            path = line["value"]["path"]
            if line["key"] == "deletedFile":
                del self.files[repository][path]
            else:
                self.files[repository][path] = base64.b64decode(line["value"]["content"])
        self.commits.append((repository, revision, header["value"]["summary"]))
        oid = hashlib.sha1(repr(self.commits).encode()).hexdigest()
        return {"commitOid": oid, "commitUrl": f"{self.url}/{repository}/commit/{oid}"}


class Calls(BaseHTTPRequestHandler):
    """What the client asks for; see the routes in `do_POST`."""

    protocol_version = "HTTP/1.1"
    server: TinyHub

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "X-Repo-Commit": "0" * 40, **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[0] == "api":  # the listing: api/models/owner/name/tree/revision
            listed = self.server.files["/".join(parts[2:4])]
            files = [{"type": "file", "oid": "0" * 40, "path": path, "size": len(content)} for path, content in listed.items()]
            return self.answer(200, json.dumps(files).encode(), Content_Type="application/json")
        owner, name, _, _, *path = parts  # owner/name/resolve/revision/path
        content = self.server.files.get(f"{owner}/{name}", {}).get("/".join(path))
        if content is None:
            return self.answer(404, X_Error_Code="EntryNotFound")
        return self.answer(200, content, ETag=f'"{hashlib.sha1(content).hexdigest()}"')

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match unquote(urlsplit(self.path).path).strip("/").split("/"):
            case ["api", "repos", "create"]:
                said = self.server.create(body)
            case ["api", "validate-yaml"]:
                said = {"errors": [], "warnings": []}
            case ["api", "models", _, _, "preupload", _]:
                files = json.loads(body)["files"]
                said = {"files": [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in files]}
            case ["api", "models", owner, name, "branch", branch]:
                self.server.branches.append((f"{owner}/{name}", branch))
                said = {}
            case ["api", "models", owner, name, "commit", revision]:
                said = self.server.commit(f"{owner}/{name}", revision, body)
            case other:
                raise NotImplementedError(other)
        self.answer(200, json.dumps(said).encode(), Content_Type="application/json")


@contextmanager
def running_hub() -> Iterator[TinyHub]:
    """A Hub that answers until the block ends."""
    with TinyHub() as hub:
        thread = threading.Thread(target=hub.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()
