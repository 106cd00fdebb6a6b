"""A web server on this machine that does what a test tells it to: answers, stalls, breaks off, and notes what it was asked."""

import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    client: tuple  # address and port: the connection

    @property
    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Told:
    """One answer, and how it is sent."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    before_s: float = 0.0  # of silence
    byte_s: float = 0.0  # between any two bytes of the body
    breaks_off: bool = False  # in the middle of the body
    closes: bool = False  # the connection, afterwards and without saying so


def told(value, status=200, **how) -> Told:
    return Told(status, json.dumps(value).encode(), **how)


@dataclass
class LocalServer:
    """Its address, and what it was asked so far."""

    url: str
    asked: list[Asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two packets, and the second would wait 40 ms for a word about the first
    server: "_Server"

    def handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Asked(self.command, self.path, dict(self.headers), body, self.client_address)
        self.server.asked.append(request)
        try:
            self.send(self.server.answer(request))
        except OSError:  # whoever asked has gone
            self.close_connection = True

    do_GET = do_POST = handle_request  # noqa: N815 - http.server's names

    def send(self, reply: Told) -> None:
        time.sleep(reply.before_s)
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        content = reply.body[: len(reply.body) // 2] if reply.breaks_off else reply.body
        for start in range(len(content)) if reply.byte_s else ():
            self.wfile.write(content[start : start + 1])
            self.wfile.flush()
            time.sleep(reply.byte_s)
        self.wfile.write(b"" if reply.byte_s else content)
        if reply.breaks_off or reply.closes:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Told]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.asked = answer, list[Asked]()

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exception(), OSError):  # a handshake that was refused is no news
            super().handle_error(request, client_address)


@contextmanager
def serving(answer: Callable[[Asked], Told], certificate: Path | None = None) -> Iterator[LocalServer]:
    """Serve on a free port, by TLS where there is a certificate with its key; `answer` is called in the thread of the connection."""
    server = _Server(answer)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # With the handshake in `accept`, one client that refuses the certificate would end the server's loop.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield LocalServer(f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}", server.asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
