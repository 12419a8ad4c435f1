"""The tools of these tests judged against each other, without the gateway: a judge that never fails proves nothing."""

import threading
import time

import pytest

from harness.client import Client, build_request, call
from harness.http1 import ProtocolError, parse_events
from harness.mock import (
    SSE_HEAD,
    Close,
    Mock,
    Reset,
    Send,
    chat_events,
    chunk,
    error,
    head,
    ok,
    raw,
    reply,
    stall,
    stream,
)


def test_scripted_answers_come_in_turn_and_the_last_repeats(upstream):
    mock = upstream(error(503, headers=[("Retry-After", "3")]), ok("fine"))
    first = call(mock.port, "POST", "/v1/chat/completions", {"model": "m"})
    assert (first.status, first.headers["retry-after"]) == (503, "3")
    for _ in range(2):
        assert call(mock.port, "POST", "/x", {"a": 1}).json()["choices"][0]["message"]["content"] == "fine"
    assert mock.count == 3 and mock.exchanges[1].json() == {"a": 1}


def test_the_request_is_kept_byte_for_byte_whatever_the_framing(upstream):
    mock = upstream(ok())
    sent = build_request("POST", "/p?q=1", b'{"a" : 1}', {"X-One": "1"})
    chunked = b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with Client(mock.port) as client:
        client.send(sent).response()
        client.send(chunked).response()
    assert [e.raw for e in mock.exchanges] == [sent, chunked]
    assert [e.body for e in mock.exchanges] == [b'{"a" : 1}', b"abcde"]
    assert {e.connection for e in mock.exchanges} == {0}


def test_a_cut_stream_is_not_complete(upstream):
    events = chat_events(["a", "b"])
    mock = upstream(
        stream(events),
        stream(events, end=[Close()]),
        raw(SSE_HEAD + b"20\r\nshort"),
        [Send(SSE_HEAD + chunk(events[0])), Reset()],
        raw(head(200, [("Content-Length", "9")]) + b"five5"),
    )
    whole = call(mock.port, "POST", "/x", b"")
    assert whole.complete and whole.text() == "ab" and whole.data()[-1] == "[DONE]" and whole.chunks == events
    for _ in range(4):
        assert not call(mock.port, "POST", "/x", b"").complete


def test_a_close_delimited_body_is_read_to_the_close(upstream):
    mock = upstream(raw(head(200, [("Content-Type", "text/plain")]) + b"to the end"))
    answer = call(mock.port, "GET", "/x")
    assert (answer.body, answer.framing, answer.complete) == (b"to the end", "close", True)


def test_a_client_that_leaves_is_noticed(upstream):
    mock = upstream(stall())
    client = Client(mock.port).request("POST", "/x", {})
    exchange = mock.wait_for(1)
    left = time.monotonic()
    client.close()
    assert exchange.peer_closed.wait(5) and exchange.peer_closed_at >= left


def test_gates_hold_a_stream(upstream):
    gate = threading.Event()
    mock = upstream(stream(chat_events(["a"]), gate=gate))
    with Client(mock.port) as client:
        answer = client.request("POST", "/x", {}).head()
        events = client.events(answer)
        assert b"role" in next(events)["data"]
        assert not mock.last.done.is_set()
        gate.set()
        assert [e["data"] for e in events][-1] == b"[DONE]" and answer.complete


@pytest.mark.parametrize(
    "bytes_",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nName : v\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
    ],
)
def test_the_client_refuses_improper_answers(upstream, bytes_):
    mock = upstream(raw(bytes_))
    with pytest.raises(ProtocolError):
        call(mock.port, "GET", "/x")


def test_the_mock_reports_improper_requests():
    mock = Mock()
    with Client(mock.port) as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc")
        assert client.closed_by_peer()
    mock.stop()
    assert mock.faults and mock.count == 0


def test_interim_responses_are_noted(upstream):
    mock = upstream(raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + reply({"a": 1})[0].data))
    answer = call(mock.port, "GET", "/x")
    assert answer.interim == [103] and answer.json() == {"a": 1}


def test_events_are_read_by_the_rules():
    text = b": ping\n\nevent: error\ndata: a\ndata:b\n\ndata: [DONE]\r\n\r\n"
    assert parse_events(text) == [{"event": "error", "data": b"a\nb"}, {"event": None, "data": b"[DONE]"}]
