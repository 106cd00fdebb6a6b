"""The socket: requests read, answered by a function, and the answers sent whole, slowly, in half or not at all."""

import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from local_hub.exchange import Answer, Asked

_PIECES: Final = 8  # in which a slow answer comes


@dataclass(frozen=True, slots=True)
class Sending:
    """How an answer is sent."""

    answer: Answer | None  # none: the connection is closed without a word
    delay_s: float = 0.0  # half of it before the answer, half within
    truncated: bool = False


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the body would wait 40 ms for a word about the headers
    server: "Server"  # pyright: ignore[reportIncompatibleVariableOverride] - narrower, as ours is the only one that makes it

    def handle_request(self) -> None:
        """Read, have it answered, send."""
        try:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(self.server.decide(Asked(self.command, self.path, headers, b"".join(self._body(headers)))))
        except OSError:  # whoever asked has gone
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = handle_request  # noqa: N815 - http.server's names

    def _body(self, headers: dict[str, str]) -> Iterator[bytes]:
        if "chunked" not in headers.get("transfer-encoding", ""):
            yield self.rfile.read(int(headers.get("content-length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, sending: Sending) -> None:
        if sending.answer is None:
            return self._close()
        answer = sending.answer
        time.sleep(sending.delay_s / 2)
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(answer.length)}.items():
            self.send_header(name, value)
        content = b"" if self.command == "HEAD" else answer.content()
        if sending.truncated:
            content = content[: len(content) // 2]
        if not sending.delay_s:
            self._headers_buffer: list[bytes] = [*self._headers_buffer, b"\r\n", content]
            self.flush_headers()  # in one packet with the body
        else:
            self.end_headers()
            self._send_slowly(content, sending.delay_s / 2)
        return self._close() if sending.truncated else None

    def _send_slowly(self, content: bytes, seconds: float) -> None:
        size = -(-len(content) // _PIECES) or 1
        for start in range(0, len(content), size):
            time.sleep(seconds / _PIECES)
            self.wfile.write(content[start : start + size])

    def _close(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine."""

    daemon_threads = True
    request_queue_size = 128  # 5 by default: uploads from many threads would be refused

    def __init__(self, decide: Callable[[Asked], Sending]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.decide = decide
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection: idle ones are closed at the end."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no news; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop listening and end all connections."""
        self.shutdown()
        for connection in list(self._connections):
            connection.close()
        self.server_close()
        self._thread.join()
