"""Deadline: a connection and some seconds in; one that is not done by then is cut, and a `TimeoutError` comes out."""

import http.client
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress


@contextmanager
def within(connection: http.client.HTTPConnection, seconds: float) -> Generator[None]:
    """Cut a connection whose answer is not there in time: a socket's own timeout begins anew with every byte that trickles in."""
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        cut(connection)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:  # whatever a cut connection comes to
        if is_over.is_set() or isinstance(error, TimeoutError):
            raise _too_late(seconds) from error
        raise
    finally:
        timer.cancel()
    if is_over.is_set():  # cut just behind the last byte, or in the middle of a body without a length
        raise _too_late(seconds)


def _too_late(seconds: float) -> TimeoutError:
    return TimeoutError(f"no whole answer within {seconds:g} s")


def cut(connection: http.client.HTTPConnection) -> None:
    """End what is under way on a connection, from whatever thread."""
    if connection.sock is not None:
        with suppress(OSError):  # closed already
            # The plain socket's: that of TLS would wait for the other side.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
