"""After the first event a fault is told as a typed error; a broken answer never looks like a whole one."""

import socket
import threading
import time

import pytest

from harness.client import eventually
from harness.gateway import config
from harness.mock import (
    LAST_CHUNK,
    SSE_HEAD,
    Close,
    Gate,
    Pause,
    Reset,
    Send,
    WaitPeerClose,
    chat_events,
    chunk,
    delta,
    event,
    head,
    raw,
    stream,
)

EVENTS = chat_events(["one", "two", "three"])
BEGUN = EVENTS[:3]
SHORT = {"idle_timeout": "300ms", "first_token_timeout": "3s", "max": 3}
CLOSE_HEAD = head(200, [("Content-Type", "text/event-stream"), ("Connection", "close")])

LENGTH_HEAD = head(200, [("Content-Type", "text/event-stream"), ("Content-Length", "100000")])

# What the upstream does once the client has its first events.
FAULTS = {
    "reset": [Reset()],
    "close without last chunk": [Close()],
    "clean end, nothing finished": [Send(LAST_CHUNK)],
    "cut inside a chunk": [Send(b'400\r\ndata: {"id":'), Close()],
    "cut inside an event": [Send(chunk(EVENTS[3][:20]) + LAST_CHUNK)],
    "cut chunk size line": [Send(b"4"), Close()],
    "garbage for a chunk": [Send(b"HTTP/1.1 200 OK\r\n\r\n"), WaitPeerClose()],
    "chunk too long": [Send(b"5\r\ndata: {}\n\n\r\n"), WaitPeerClose()],
    "silence": [WaitPeerClose()],
    "comments only": [Send(chunk(b": ping\n\n")), WaitPeerClose()],
    "in-band error": [
        Send(
            chunk(event({"error": {"message": "broke", "type": "server_error", "param": None, "code": "oops"}}))
            + LAST_CHUNK
        )
    ],
    "in-band error, then done": [
        Send(
            chunk(event({"error": {"message": "broke", "type": "server_error"}})) + chunk(event("[DONE]")) + LAST_CHUNK
        )
    ],
    "named error event": [
        Send(chunk(b'event: error\ndata: {"error":{"message":"x","type":"server_error"}}\n\n') + LAST_CHUNK)
    ],
}
# The same for bodies that are not chunked: (head, what then).
UNCHUNKED_FAULTS = {
    "close-delimited, nothing finished": (CLOSE_HEAD, [Close()]),
    "close-delimited, reset": (CLOSE_HEAD, [Reset()]),
    "short length": (LENGTH_HEAD, [Close()]),
    "silence inside a length": (LENGTH_HEAD, [WaitPeerClose()]),
}


def begin(gw, mock, steps, tail):
    """Plays `steps` up to where the client has all of BEGUN, then `tail`; the client's whole answer."""
    gate = threading.Event()
    mock.script([*steps, Gate(gate), *tail])
    with gw.connect() as client:
        body = {"model": "smart", "stream": True, "messages": [], "stream_options": {"include_usage": True}}
        answer = client.request("POST", "/v1/chat/completions", body).head()
        events = client.events(answer)
        for expected in BEGUN:
            assert next(events)["data"] == expected[6:-2]
        gate.set()
        for _ in events:
            pass
    return answer


def check_told(answer):
    """200 was sent already; the last event is a typed error and nothing pretends to be an end."""
    assert answer.status == 200, answer
    data = answer.data()
    assert isinstance(data[-1], dict) and "error" in data[-1], answer
    error = data[-1]["error"]
    assert error["message"] and error["type"], error
    assert b"[DONE]" not in answer.body
    assert answer.body.endswith(b"\n\n"), "the error event must be whole"
    finishes = [c.get("finish_reason") for d in data[:-1] for c in d.get("choices", [])]
    assert not any(finishes), f"invented finish: {finishes}"


@pytest.mark.parametrize("name", {**FAULTS, **UNCHUNKED_FAULTS})
def test_fault_after_the_first_event(gateway, upstream, name):
    mock, spare = upstream(), upstream(stream(EVENTS))
    gw = gateway(config(mock.url, spare.url, attempts=SHORT))
    if name in FAULTS:
        answer = begin(gw, mock, [Send(SSE_HEAD), *[Send(chunk(e)) for e in BEGUN]], FAULTS[name])
    else:
        head_, tail = UNCHUNKED_FAULTS[name]
        answer = begin(gw, mock, [Send(head_), *[Send(e) for e in BEGUN]], tail)
    check_told(answer)
    if "error" not in name:  # the gateway's own words, in full
        assert {"message", "type", "param", "code"} <= set(answer.data()[-1]["error"])
    assert answer.body.startswith(b"".join(BEGUN)) and answer.text() == "onetwo" and spare.count == 0
    eventually(lambda: gw.metric("fluxgate_streams_broken_total") == 1, what="the broken stream counted")
    # and the gateway is fit for the next
    mock.script(stream(EVENTS))
    assert gw.chat(stream=True).data()[-1] == "[DONE]"


@pytest.mark.parametrize("count", range(1, len(EVENTS) - 2))
def test_a_stream_cut_after_each_event_in_turn(gateway, upstream, count):
    mock = upstream(stream(EVENTS[:count], end=[Close()]))
    gw = gateway(config(mock.url, attempts={**SHORT, "max": 1}))
    answer = gw.chat(stream=True)
    if answer.status == 200:
        check_told(answer)
    else:  # the end was there before the first event went out: a true status is better still
        assert answer.status == 502 and answer.error()


def test_the_stream_timeout_ends_a_stream_that_never_ends(gateway, upstream):
    mock = upstream(stream([EVENTS[0]] + [EVENTS[1]] * 200, pause=0.05))
    gw = gateway(config(mock.url, attempts={"stream_timeout": "500ms"}))
    check_told(gw.chat(stream=True))
    assert mock.last.peer_closed.wait(5)


ENDINGS = {
    "last chunk": stream(EVENTS[:-1]),
    "close": raw(CLOSE_HEAD + b"".join(EVENTS[:-1])),
    "no blank line at the end": raw(CLOSE_HEAD + b"".join(EVENTS[:-1])[:-1]),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_finished_stream_without_done_is_a_success(gateway, upstream, name):
    mock = upstream(ENDINGS[name])
    gw = gateway(config(mock.url, attempts=SHORT))
    answer = gw.chat(stream=True, stream_options={"include_usage": True})
    assert answer.status == 200 and answer.complete and b'"error"' not in answer.body, answer
    assert answer.text() == "onetwothree"
    assert gw.metric("fluxgate_streams_broken_total") == 0


def test_silence_after_the_finish_is_a_bounded_wait_not_an_error(gateway, upstream):
    mock = upstream(stream(EVENTS[:-1], end=[WaitPeerClose()]))
    answer = gateway(config(mock.url, attempts=SHORT)).chat(stream=True)
    assert answer.complete and b'"error"' not in answer.body and answer.text() == "onetwothree", answer


def test_nothing_after_done_reaches_the_client(gateway, upstream):
    mock = upstream(stream([*EVENTS, event(delta("ghost")), event({"error": {"message": "late"}})]))
    answer = gateway(config(mock.url, attempts=SHORT)).chat(stream=True)
    assert answer.data()[-1] == "[DONE]" and "ghost" not in answer.text() and answer.complete


def test_done_ends_the_stream_even_if_the_upstream_lingers(gateway, upstream):
    mock = upstream(stream(EVENTS, end=[WaitPeerClose()]))
    answer = gateway(config(mock.url, attempts={**SHORT, "idle_timeout": "30s"})).chat(stream=True)
    assert answer.complete and answer.data()[-1] == "[DONE]"


def test_several_choices_must_all_finish_or_done_must_come(gateway, upstream):
    both = [
        event(
            delta(
                choices=[
                    {"index": 0, "delta": {"content": "a"}, "finish_reason": None},
                    {"index": 1, "delta": {"content": "b"}, "finish_reason": None},
                ]
            )
        ),
        event(delta(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])),
        event(delta(choices=[{"index": 1, "delta": {}, "finish_reason": "length"}])),
        event("[DONE]"),
    ]
    mock = upstream(stream(both))
    answer = gateway(config(mock.url, attempts=SHORT)).chat(stream=True, n=2, stream_options={"include_usage": True})
    assert answer.body == b"".join(both) and answer.complete


# --- slicing ---
SLICED = [
    event(delta("", role="assistant")),
    event(delta("żó😀")),
    event(delta("\n\n:")),
    event(delta(finish="stop")),
    event("[DONE]"),
]


def test_split_in_two_at_every_byte_of_the_whole_response(gateway, upstream):
    whole = SSE_HEAD + b"".join(chunk(e) for e in SLICED) + LAST_CHUNK
    mock = upstream()
    gw = gateway(config(mock.url))
    expected = b"".join(SLICED)
    mock.script(*[[Send(whole[:at]), Pause(0.001), Send(whole[at:])] for at in range(1, len(whole))])
    with gw.connect() as client:
        for at in range(1, len(whole)):
            client.request(
                "POST",
                "/v1/chat/completions",
                {"model": "smart", "stream": True, "messages": [], "stream_options": {"include_usage": True}},
            )
            answer = client.response()
            assert answer.body == expected and answer.complete, f"split at {at}: {answer}"


def test_one_byte_at_a_time(gateway, upstream):
    whole = SSE_HEAD + b"".join(chunk(e) for e in SLICED) + LAST_CHUNK
    mock = upstream([Send(whole[i : i + 1]) for i in range(len(whole))])
    answer = gateway(config(mock.url)).chat(stream=True, stream_options={"include_usage": True})
    assert answer.body == b"".join(SLICED) and answer.complete


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_usage_is_hidden_in_any_slices(gateway, upstream, size):
    body = b"".join(chat_events(["a", "ż", "c"], usage=True))
    pieces = [chunk(body[i : i + size]) for i in range(0, len(body), size)]
    mock = upstream([Send(SSE_HEAD), *[Send(p) for p in pieces], Send(LAST_CHUNK)])
    answer = gateway(config(mock.url)).chat(stream=True)
    assert answer.body == b"".join(chat_events(["a", "ż", "c"])) and answer.complete


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n".join(b"".join(EVENTS).split(b"\n")),
        b"\r".join(b"".join(EVENTS).split(b"\n")),
        b"".join(EVENTS).replace(b"data: ", b"data:"),
        b"".join(EVENTS).replace(b"\n\n", b"  \n\n"),
        b": c\n\n" + b"\n\n: c\n\n".join(EVENTS),
    ],
    ids=["crlf", "cr", "no space", "padded", "comments"],
)
def test_other_legal_spellings_of_a_stream(gateway, upstream, body):
    mock = upstream([Send(SSE_HEAD), *[Send(chunk(body[i : i + 5])) for i in range(0, len(body), 5)], Send(LAST_CHUNK)])
    answer = gateway(config(mock.url)).chat(stream=True)
    assert answer.complete and b'"error"' not in answer.body, answer
    text = answer.body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert text.count(b'"content":"two"') == 1 and b"[DONE]" in text


def test_a_giant_event_passes_and_an_endless_one_is_stopped(gateway, upstream):
    big = event(delta("g" * 1_000_000))
    mock = upstream(
        stream([EVENTS[0], big, *EVENTS[-2:]]),
        [
            Send(SSE_HEAD + chunk(EVENTS[0]) + chunk(EVENTS[1]) + chunk(b"data: ")),
            *[Send(chunk(b"x" * 1_000_000))] * 100,
            WaitPeerClose(),
        ],
    )
    gw = gateway(config(mock.url))
    answer = gw.chat(stream=True)
    assert len(answer.text()) == 1_000_000 and answer.data()[-1] == "[DONE]"
    check_told(gw.chat(stream=True))
    assert gw.metric("process_resident_memory_bytes") < 400e6


def test_a_slow_client_slows_its_upstream(gateway, upstream):
    """The upstream has 60 MB to say to a client that does not read: the gateway must not hold them."""
    piece = event(delta("p" * 60_000))
    mock = upstream(stream([piece] * 1000 + EVENTS[-2:]))
    gw = gateway(config(mock.url))
    with gw.connect(receive_buffer=8192) as client:
        client.request("POST", "/v1/chat/completions", {"model": "smart", "stream": True, "messages": []})
        answer = client.head()
        before = gw.metric("process_resident_memory_bytes")
        time.sleep(0.7)
        assert not mock.last.done.is_set(), "the upstream could send everything: somebody holds it"
        assert gw.metric("process_resident_memory_bytes") - before < 30e6
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)  # from here on it reads fast
        size = sum(len(p) for p in client.pieces(answer))
        assert size > 60_000_000 and answer.complete and answer.body.endswith(b"data: [DONE]\n\n")
