"""A strict HTTP/1.1 message reader for both ends of the gateway.

It is written for judging, not for serving: it keeps the raw bytes, refuses what RFC 9112 forbids instead of guessing,
and says how a body ended (by length, by a last chunk, by close, or not at all).
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, field


class ProtocolError(AssertionError):
    """The peer sent bytes that are not HTTP/1.1; an AssertionError, so that a test shows it as a failure."""


class Headers:
    """Header fields in the order received; look-up ignores case."""

    def __init__(self, items: list[tuple[str, str]]):
        self.items = items

    def get_all(self, name: str) -> list[str]:
        return [v for n, v in self.items if n.lower() == name.lower()]

    def get(self, name: str, default: str | None = None) -> str | None:
        values = self.get_all(name)
        if len(values) > 1:
            raise ProtocolError(f"field {name} stands {len(values)} times: {values}")
        return values[0] if values else default

    def __contains__(self, name: str) -> bool:
        return bool(self.get_all(name))

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(f"no header {name}; there are: {self.names()}")
        return value

    def names(self) -> list[str]:
        return [n.lower() for n, _ in self.items]

    def __repr__(self) -> str:
        return repr(self.items)


def parse_head(raw: bytes) -> tuple[str, Headers]:
    """Start line and fields of `raw`, which ends with the empty line."""
    if not raw.endswith(b"\r\n\r\n"):
        raise ProtocolError(f"head is not ended by an empty line: {raw[-40:]!r}")
    lines = raw[:-4].split(b"\r\n")
    items = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\n" in line or b"\r" in line or b"\0" in line:
            raise ProtocolError(f"bad field line {line!r}")
        items.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
    return lines[0].decode("latin-1"), Headers(items)


class Reader:
    """Buffered reads from a socket; `eof` turns true once the peer has closed or reset."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.buffer = b""
        self.eof = False
        self.reset = False

    def fill(self) -> bool:
        """One read; false at the end of the stream. A time-out passes up as TimeoutError."""
        if self.eof:
            return False
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ConnectionAbortedError):
            self.reset = True
            data = b""
        if not data:
            self.eof = True
            return False
        self.buffer += data
        return True

    def until(self, mark: bytes) -> bytes | None:
        """Bytes up to and with `mark`; None if the stream ends first (what came stays in the buffer)."""
        start = 0
        while True:
            at = self.buffer.find(mark, start)
            if at >= 0:
                out, self.buffer = self.buffer[: at + len(mark)], self.buffer[at + len(mark) :]
                return out
            start = max(0, len(self.buffer) - len(mark) + 1)
            if not self.fill():
                return None

    def exactly(self, count: int) -> bytes | None:
        while len(self.buffer) < count:
            if not self.fill():
                return None
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    def rest(self) -> bytes:
        while self.fill():
            pass
        out, self.buffer = self.buffer, b""
        return out


@dataclass
class Body:
    data: bytearray = field(default_factory=bytearray)  # grows in place: bodies of 60 MB come in 60 kB pieces
    complete: bool = False  # ended as its framing says, not by a cut
    framing: str = "none"  # none, length, chunked or close
    chunks: list[bytes] = field(default_factory=list)


def _chunk_size(line: bytes) -> int:
    size, _, _ = line[:-2].partition(b";")
    if not size or any(c not in b"0123456789abcdefABCDEF" for c in size):
        raise ProtocolError(f"bad chunk size line {line!r}")
    return int(size, 16)


def iter_body(reader: Reader, headers: Headers, body: Body, *, request: bool):
    """Yields pieces of the body as they come and keeps `body` up to date; ends when the body or the stream ends."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None and length is not None:
        raise ProtocolError("both Transfer-Encoding and Content-Length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise ProtocolError(f"transfer coding {coding!r}")
        body.framing = "chunked"
        while True:
            line = reader.until(b"\r\n")
            if line is None:
                return
            size = _chunk_size(line)
            if size == 0:
                while (trailer := reader.until(b"\r\n")) not in (None, b"\r\n"):
                    pass
                body.complete = trailer is not None
                return
            piece = reader.exactly(size + 2)
            if piece is None:
                left, reader.buffer = reader.buffer, b""
                body.data += left[:size]
                if left:
                    yield left[:size]
                return
            if piece[-2:] != b"\r\n":
                raise ProtocolError("chunk data is not followed by CRLF")
            body.data += piece[:-2]
            body.chunks.append(piece[:-2])
            yield piece[:-2]
    elif length is not None:
        if not length.isdigit():
            raise ProtocolError(f"Content-Length {length!r}")
        body.framing, left = "length", int(length)
        while left:
            if not reader.buffer and not reader.fill():
                return
            piece, reader.buffer = reader.buffer[:left], reader.buffer[left:]
            left -= len(piece)
            body.data += piece
            yield piece
        body.complete = True
    elif request:
        body.complete = True
    else:
        body.framing = "close"
        while reader.buffer or reader.fill():
            piece, reader.buffer = reader.buffer, b""
            body.data += piece
            yield piece
        body.complete = not reader.reset


def parse_events(data: bytes) -> list[dict]:
    """The events of an SSE body as {"event", "data"}; a plain reading of the WHATWG rules, LF and CRLF only."""
    events = []
    for block in data.replace(b"\r\n", b"\n").split(b"\n\n"):
        name, lines = None, []
        for line in block.split(b"\n"):
            if line.startswith(b":") or not line:
                continue
            key, _, value = line.partition(b":")
            value = value[1:] if value.startswith(b" ") else value
            if key == b"data":
                lines.append(value)
            elif key == b"event":
                name = value.decode()
        if lines:
            events.append({"event": name, "data": b"\n".join(lines)})
    return events


@dataclass
class Response:
    status: int
    reason: str
    version: str
    headers: Headers
    raw_head: bytes
    body: bytes = b""
    complete: bool = False
    framing: str = "none"
    chunks: list[bytes] = field(default_factory=list)
    interim: list[int] = field(default_factory=list)  # 1xx statuses that came before it

    def json(self):
        return json.loads(self.body)

    def error(self) -> dict:
        """The OpenAI error object; asserts its shape."""
        assert self.headers["content-type"].startswith("application/json"), self
        error = self.json()["error"]
        assert {"message", "type", "param", "code"} <= set(error), error
        assert isinstance(error["message"], str) and error["message"], error
        assert isinstance(error["type"], str) and error["type"], error
        return error

    def events(self) -> list[dict]:
        return parse_events(self.body)

    def data(self) -> list:
        """Every event's data as JSON; `[DONE]` stays text."""
        return [e["data"].decode() if e["data"] == b"[DONE]" else json.loads(e["data"]) for e in self.events()]

    def text(self) -> str:
        """The text of a chat stream, all choices joined."""
        out = ""
        for chunk in self.data():
            if isinstance(chunk, dict):
                for choice in chunk.get("choices", []):
                    out += choice.get("delta", {}).get("content") or ""
        return out

    def __str__(self) -> str:
        return f"{self.status} {self.headers} {self.framing} complete={self.complete} {self.body[:2000]!r}"
