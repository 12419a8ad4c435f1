"""An upstream that answers with exactly the bytes a test scripts, and remembers exactly the bytes it was sent.

One thread a connection. A test gives answers with `script(...)`: each request takes the next, the last one repeats. An
answer is a list of steps (Send, Pause, Reset ...) or a function that makes one from the request; the functions at the
end of this file build the common ones.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

import h11

from .http1 import Body, Headers, ProtocolError, Reader, iter_body, parse_head


# --- steps ---
@dataclass
class Send:
    data: bytes


@dataclass
class Pause:
    seconds: float


@dataclass
class Gate:
    """Waits until the test sets the event (or the client of this upstream, the gateway, closes)."""

    event: threading.Event


class Reset:
    """Closes with a TCP reset."""


class Close:
    """Closes with a FIN."""


class WaitPeerClose:
    """Says nothing more until the gateway closes; the time is in Exchange.peer_closed."""


@dataclass
class Exchange:
    """One request as it came in, and what became of it."""

    connection: int  # number of the connection, from 0
    raw: bytes  # head and body, byte for byte
    method: str
    target: str
    headers: Headers
    body: bytes
    framing: str
    started: float  # time.monotonic() at the end of the request
    peer_closed: threading.Event = field(default_factory=threading.Event)
    peer_closed_at: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)  # the answer's last step is through

    def json(self):
        return json.loads(self.body)


class Mock:
    def __init__(self, tls: ssl.SSLContext | None = None):
        self.tls = tls
        self.exchanges: list[Exchange] = []
        self.faults: list[str] = []  # what the gateway sent that is not proper HTTP/1.1
        self.handshake_errors: list[str] = []
        self.connections = 0
        self.open_connections = 0
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._answers: list = [ok()]
        self._stop = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    # --- for tests ---
    def script(self, *answers) -> Mock:
        """Forgets what was; the next requests get `answers` in turn, then the last one again and again."""
        with self._lock:
            self._answers = list(answers)
            self.exchanges = []
        return self

    @property
    def count(self) -> int:
        with self._lock:
            return len(self.exchanges)

    def wait_for(self, count: int = 1, within: float = 8.0) -> Exchange:
        """The count-th request since script()."""
        end = time.monotonic() + within
        with self._changed:
            while len(self.exchanges) < count:
                left = end - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise AssertionError(f"the upstream saw {len(self.exchanges)} requests, not {count}")
            return self.exchanges[count - 1]

    @property
    def last(self) -> Exchange:
        with self._lock:
            assert self.exchanges, "the upstream saw no request"
            return self.exchanges[-1]

    def stop(self) -> None:
        self._stop.set()
        # close() alone does not end an accept that another thread is blocked in.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    # --- serving ---
    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(sock,), daemon=True).start()

    def _connection(self, sock: socket.socket) -> None:
        with self._lock:
            number, self.connections = self.connections, self.connections + 1
            self.open_connections += 1
            self._sockets.add(sock)
        raw_socket = sock
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                try:
                    sock = self.tls.wrap_socket(sock, server_side=True)
                except (ssl.SSLError, OSError) as error:
                    with self._lock:
                        self.handshake_errors.append(str(error))
                    return
            self._serve(sock, number)
        except ProtocolError as error:
            with self._lock:
                self.faults.append(str(error))
        except OSError:
            pass  # the gateway, or stop(), closed under a blocked call
        finally:
            with self._lock:
                self.open_connections -= 1
                self._sockets.discard(raw_socket)
            sock.close()

    def _serve(self, sock: socket.socket, number: int) -> None:
        reader = Reader(sock)
        while True:
            exchange = self._read_request(reader, number)
            if exchange is None:
                return
            with self._changed:
                self.exchanges.append(exchange)
                at = min(len(self.exchanges), len(self._answers)) - 1
                answer = self._answers[at]
                self._changed.notify_all()
            keep = False
            try:
                keep = self._play(sock, reader, exchange, answer(exchange) if callable(answer) else answer)
            finally:
                exchange.done.set()
            if not keep:
                return

    def _read_request(self, reader: Reader, number: int) -> Exchange | None:
        head = reader.until(b"\r\n\r\n")
        if head is None:
            if reader.buffer:
                raise ProtocolError(f"closed inside a request head: {reader.buffer[:200]!r}")
            return None
        line, headers = parse_head(head)
        parts = line.split(" ")
        if len(parts) != 3 or parts[2] != "HTTP/1.1":
            raise ProtocolError(f"request line {line!r}")
        body = Body()
        wire = _Tee(reader)
        for _ in iter_body(wire, headers, body, request=True):
            pass
        if not body.complete:
            return None  # the gateway gave up in the middle of its request: cancelled
        raw = head + wire.taken()
        _judge_with_h11(raw)
        return Exchange(number, raw, parts[0], parts[1], headers, bytes(body.data), body.framing, time.monotonic())

    def _play(self, sock: socket.socket, reader: Reader, exchange: Exchange, steps: list) -> bool:
        """True if the connection may carry another request."""
        for step in steps:
            if isinstance(step, Send):
                try:
                    sock.sendall(step.data)
                except OSError:
                    _note_close(exchange)
                    return False
            elif isinstance(step, Pause):
                if _peer_closes(sock, reader, step.seconds, self._stop):
                    _note_close(exchange)
                    return False
            elif isinstance(step, Gate):
                while not step.event.is_set():
                    if self._stop.is_set() or _peer_closes(sock, reader, 0.01, self._stop):
                        _note_close(exchange)
                        return False
            elif isinstance(step, WaitPeerClose):
                if _peer_closes(sock, reader, None, self._stop):
                    _note_close(exchange)
                return False
            elif isinstance(step, Reset):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif isinstance(step, Close):
                return False
            else:
                raise TypeError(f"not a step: {step!r}")
        return True


class _Tee:
    """A Reader that also keeps every byte taken from it, so that a request can be compared as it was on the wire."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self._taken = b""

    def taken(self) -> bytes:
        return self._taken

    def until(self, mark: bytes):
        out = self.reader.until(mark)
        self._taken += out or b""
        return out

    def exactly(self, count: int):
        out = self.reader.exactly(count)
        self._taken += out or b""
        return out

    def fill(self) -> bool:
        return self.reader.fill()

    @property
    def buffer(self) -> bytes:
        return self.reader.buffer

    @buffer.setter
    def buffer(self, left: bytes) -> None:
        self._taken += self.reader.buffer[: len(self.reader.buffer) - len(left)]
        self.reader.buffer = left


def _judge_with_h11(raw: bytes) -> None:
    """A second, independent parser must read the same request with nothing left over."""
    machine = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    machine.receive_data(raw)
    try:
        while True:
            event = machine.next_event()
            if isinstance(event, h11.EndOfMessage):
                break
            if event is h11.NEED_DATA:
                raise ProtocolError("h11 wants more bytes than the request has")
    except h11.RemoteProtocolError as error:
        raise ProtocolError(f"h11 refuses the gateway's request: {error}: {raw[:400]!r}") from error
    if machine.trailing_data[0]:
        raise ProtocolError(f"h11 finds bytes after the request: {machine.trailing_data[0][:200]!r}")


def _peer_closes(sock: socket.socket, reader: Reader, seconds: float | None, stop: threading.Event) -> bool:
    end = None if seconds is None else time.monotonic() + seconds
    while not stop.is_set():
        left = 0.2 if end is None else min(0.2, end - time.monotonic())
        if left <= 0:
            return False
        readable, _, _ = select.select([sock], [], [], left)
        if readable and not reader.fill():
            return True
    return False


def _note_close(exchange: Exchange) -> None:
    exchange.peer_closed_at = time.monotonic()
    exchange.peer_closed.set()


# --- answers ---
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "upstream-model",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hi", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
}


def head(status: int = 200, headers: list[tuple[str, str]] = (), reason: str = "OK") -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}"] + [f"{n}: {v}" for n, v in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def reply(
    body=None, status: int = 200, headers: list[tuple[str, str]] = (), content_type: str = "application/json"
) -> list:
    """A complete answer with Content-Length."""
    data = json.dumps(CHAT if body is None else body).encode() if not isinstance(body, bytes) else body
    fields = [("Content-Type", content_type), ("Content-Length", str(len(data))), *headers]
    return [Send(head(status, fields, "Whatever") + data)]


def ok(text: str = "hi") -> list:
    body = json.loads(json.dumps(CHAT))
    body["choices"][0]["message"]["content"] = text
    return reply(body)


def error(
    status: int,
    message: str = "upstream says no",
    type_: str = "server_error",
    code: str | None = None,
    headers: list[tuple[str, str]] = (),
) -> list:
    return reply({"error": {"message": message, "type": type_, "param": None, "code": code}}, status, headers)


def raw(data: bytes, *after) -> list:
    """Any bytes at all, then Close unless other steps are given."""
    return [Send(data), *(after or (Close(),))]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
SSE_HEAD = head(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")])


def event(data) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def delta(
    text: str | None = None,
    *,
    finish: str | None = None,
    role: str | None = None,
    usage=...,
    choices: list | None = None,
) -> dict:
    """One chat.completion.chunk."""
    content = {} if role is None else {"role": role}
    if text is not None:
        content["content"] = text
    out = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "upstream-model",
        "choices": [{"index": 0, "delta": content, "logprobs": None, "finish_reason": finish}]
        if choices is None
        else choices,
    }
    if usage is not ...:
        out["usage"] = usage
    return out


def chat_events(words: list[str], *, usage: bool = False, done: bool = True) -> list[bytes]:
    """A whole, correct chat stream as events; with `usage` as OpenAI sends it for include_usage."""
    extra = {"usage": None} if usage else {}
    events = [event(delta("", role="assistant", **extra))]
    events += [event(delta(w, **extra)) for w in words]
    events.append(event(delta(finish="stop", **extra)))
    if usage:
        events.append(
            event(
                delta(
                    choices=[],
                    usage={"prompt_tokens": 5, "completion_tokens": len(words), "total_tokens": 5 + len(words)},
                )
            )
        )
    if done:
        events.append(event("[DONE]"))
    return events


def stream(
    events: list[bytes], *, pause: float = 0.0, gate: threading.Event | None = None, end: list | None = None
) -> list:
    """`events` as chunks of a 200 event stream; `gate` is waited for after the first; `end` replaces the last chunk."""
    steps: list = [Send(SSE_HEAD)]
    for number, one in enumerate(events):
        steps.append(Send(chunk(one)))
        if number == 0 and gate is not None:
            steps.append(Gate(gate))
        elif pause:
            steps.append(Pause(pause))
    return steps + ([Send(LAST_CHUNK)] if end is None else end)


def stall() -> list:
    """Takes the request and never answers."""
    return [WaitPeerClose()]
