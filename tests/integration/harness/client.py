"""A client that says exactly the bytes it is told and reads answers strictly."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import time

from .http1 import Body, Headers, ProtocolError, Reader, Response, iter_body, parse_events, parse_head

TIMEOUT = 15.0  # seconds for any one read; no test waits that long unless the gateway hangs


class Client:
    """One connection to the gateway."""

    def __init__(
        self,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str = "localhost",
        timeout: float = TIMEOUT,
        receive_buffer: int | None = None,
    ):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)
        self.reader = Reader(self.sock)
        self.body = Body()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def send(self, data: bytes) -> Client:
        self.sock.sendall(data)
        return self

    def request(self, method: str, path: str, body=None, headers: dict | list | None = None) -> Client:
        """Sends one well-formed request; a dict body goes as JSON."""
        return self.send(build_request(method, path, body, headers))

    def head(self) -> Response:
        """Status line and fields of the next final response; 1xx before it are noted in `.interim`."""
        interim: list[int] = []
        while True:
            raw = self.reader.until(b"\r\n\r\n")
            if raw is None:
                raise ConnectionError(f"closed before a response head; got {self.reader.buffer[:200]!r}")
            line, headers = parse_head(raw)
            version, status, reason = (line.split(" ", 2) + [""])[:3]
            if version != "HTTP/1.1" or len(status) != 3 or not status.isdigit():
                raise ProtocolError(f"status line {line!r}")
            if status[0] == "1":
                interim.append(int(status))
                continue
            return Response(int(status), reason, version, headers, raw, interim=interim)

    def pieces(self, response: Response):
        """Body pieces of `response` as they arrive; afterwards body, complete and framing are set on it."""
        body = Body()
        try:
            yield from iter_body(self.reader, response.headers, body, request=False)
        finally:
            response.body, response.complete = bytes(body.data), body.complete
            response.framing, response.chunks = body.framing, body.chunks

    def events(self, response: Response):
        """SSE events of `response` as they arrive."""
        pending = b""
        for piece in self.pieces(response):
            pending = (pending + piece).replace(b"\r\n", b"\n")
            while (at := pending.find(b"\n\n")) >= 0:
                block, pending = pending[: at + 2], pending[at + 2 :]
                yield from parse_events(block)

    def response(self, *, head_only: bool = False) -> Response:
        response = self.head()
        if head_only or response.status in (204, 304):
            response.complete = True
            return response
        for _ in self.pieces(response):
            pass
        return response

    def closed_by_peer(self, within: float = 5.0) -> bool:
        """True if the gateway closes (or resets) within the time; anything it still sends fails the test."""
        self.sock.settimeout(within)
        try:
            if self.reader.buffer or self.reader.fill():
                raise ProtocolError(f"bytes after the response: {self.reader.buffer[:300]!r}")
        except TimeoutError:
            return False
        finally:
            self.sock.settimeout(TIMEOUT)
        return True

    def reset(self) -> None:
        """Leaves with a TCP reset instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        self.sock.close()


def build_request(method: str, path: str, body=None, headers: dict | list | None = None) -> bytes:
    items = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    names = {n.lower() for n, _ in items}
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        if "content-type" not in names:
            items.append(("Content-Type", "application/json"))
    elif isinstance(body, str):
        body = body.encode()
    if body is not None and "content-type" not in names and not any(n == "Content-Type" for n, _ in items):
        items.append(("Content-Type", "application/json"))
    if "host" not in names:
        items.insert(0, ("Host", "gateway.test"))
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        items.append(("Content-Length", str(len(body))))
    lines = [f"{method} {path} HTTP/1.1"] + [f"{n}: {v}" for n, v in items]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def call(port: int, method: str, path: str, body=None, headers=None, **options) -> Response:
    """One request on its own connection."""
    with Client(port, **options) as client:
        client.request(method, path, body, headers)
        return client.response(head_only=method == "HEAD")


def eventually(check, within: float = 8.0, what: str = "condition"):
    """Waits until check() gives something true and returns it; fails after `within` seconds."""
    end = time.monotonic() + within
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what} (last: {value!r})")
        time.sleep(0.01)


__all__ = ["Client", "Headers", "Response", "build_request", "call", "eventually"]
