"""Before the first event every fault of an upstream may be somebody else's answer; one budget of tries and time."""

import time

import pytest

from harness.gateway import config
from harness.mock import (
    SSE_HEAD,
    Close,
    Pause,
    Reset,
    Send,
    WaitPeerClose,
    chat_events,
    chunk,
    delta,
    error,
    event,
    head,
    ok,
    raw,
    reply,
    stall,
    stream,
)

JSON_HEAD = [("Content-Type", "application/json")]
EVENTS = chat_events(["from", " the", " spare"])
SHORT = {"deadline": "10s", "connect_timeout": "1s", "first_token_timeout": "300ms", "idle_timeout": "300ms"}

# Faults of any request: (steps, more settings of `attempts`)
FAULTS = {
    "closes at once": raw(b""),
    "resets at once": [Reset()],
    "resets inside the head": [Send(b"HTTP/1.1 200 OK\r\nConte"), Reset()],
    "garbage": raw(b"\x16\x03\x01 garbage \x00\xff\r\n\r\n"),
    "html 200": reply(b"<html>hi</html>", content_type="text/html"),
    "429": error(429, headers=[("Retry-After", "1")]),
    "500": error(500),
    "502": error(502),
    "503": error(503, headers=[("Retry-After", "1")]),
    "504": error(504),
    "529": error(529, "Overloaded"),
    "html 502": reply(b"<html>Bad Gateway</html>", 502, content_type="text/html"),
    "flood of 1xx": raw(b"HTTP/1.1 102 Processing\r\n\r\n" * 500, WaitPeerClose()),
    "both framings": raw(
        head(200, [*JSON_HEAD, ("Content-Length", "2"), ("Transfer-Encoding", "chunked")]) + b"2\r\n{}\r\n0\r\n\r\n"
    ),
    "two lengths": raw(head(200, [*JSON_HEAD, ("Content-Length", "2"), ("Content-Length", "3")]) + b"{} "),
    "status 999": raw(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
    "status 42": raw(b"HTTP/1.1 42 What\r\nContent-Length: 0\r\n\r\n"),
    "switches protocols": raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", WaitPeerClose()
    ),
    "endless head": raw(b"HTTP/1.1 200 OK\r\n" + b"X-Fill: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 40_000),
}
PLAIN_FAULTS = {
    "short body": raw(head(200, [*JSON_HEAD, ("Content-Length", "400")]) + b'{"id":"x"'),
    "reset inside the body": [
        Send(head(200, [*JSON_HEAD, ("Content-Length", "400")]) + b'{"id":'),
        Pause(0.02),
        Reset(),
    ],
    "cut chunk": raw(head(200, [*JSON_HEAD, ("Transfer-Encoding", "chunked")]) + b'40\r\n{"id":"x"'),
    "no last chunk": raw(head(200, [*JSON_HEAD, ("Transfer-Encoding", "chunked")]) + chunk(b'{"id":"x"}')),
    "broken json": reply(b'{"id":"x","choices":'),
    "cut json to the close": raw(head(200, [*JSON_HEAD, ("Connection", "close")]) + b'{"id":"x","choices":['),
}
STREAM_FAULTS = {
    "silence": stall(),
    "head, then silence": [Send(SSE_HEAD), WaitPeerClose()],
    "comments only": [Send(SSE_HEAD + chunk(b": ping\n\n")), WaitPeerClose()],
    "head, then close": raw(SSE_HEAD),
    "head, then reset": [Send(SSE_HEAD), Pause(0.02), Reset()],
    "half an event, then close": raw(SSE_HEAD + chunk(b'data: {"id":"x","cho')),
    "cut chunk": raw(SSE_HEAD + b"50\r\ndata: {"),
    "empty stream": [Send(SSE_HEAD + b"0\r\n\r\n")],
    "in-band error first": stream(
        [event({"error": {"message": "overloaded", "type": "overloaded_error", "param": None, "code": "overloaded"}})]
    ),
    "in-band error, event name": stream([b'event: error\ndata: {"error":{"message":"x","type":"server_error"}}\n\n']),
    "json error with the stream type": raw(
        head(200, [("Content-Type", "text/event-stream")])
        + b'{"error":{"message":"x","type":"server_error","code":null}}'
    ),
    "not an event": [Send(SSE_HEAD + chunk(b"data: this is not json\n\n")), WaitPeerClose()],
}


def check_plain(gw, bad, good):
    answer = gw.chat()
    assert answer.status == 200, f"{answer}\n{gw.log()[-2000:]}"
    assert answer.json()["choices"][0]["message"]["content"] == "spare"
    assert answer.headers["x-fluxgate-target"] == "t1" and answer.headers["x-fluxgate-attempts"] == "2"
    assert (bad.count, good.count) == (1, 1)


def check_stream(gw, bad, good):
    answer = gw.chat(stream=True, stream_options={"include_usage": True})
    assert answer.status == 200, f"{answer}\n{gw.log()[-2000:]}"
    assert answer.body == b"".join(EVENTS) and answer.complete
    assert answer.headers["x-fluxgate-target"] == "t1" and answer.headers["x-fluxgate-attempts"] == "2"
    assert (bad.count, good.count) == (1, 1)


@pytest.mark.parametrize("name", {**FAULTS, **PLAIN_FAULTS})
def test_plain(gateway, upstream, name):
    bad, good = upstream({**FAULTS, **PLAIN_FAULTS}[name]), upstream(ok("spare"))
    check_plain(gateway(config(bad.url, good.url, attempts=SHORT)), bad, good)


@pytest.mark.parametrize("name", {**FAULTS, **STREAM_FAULTS})
def test_stream(gateway, upstream, name):
    bad, good = upstream({**FAULTS, **STREAM_FAULTS}[name]), upstream(stream(EVENTS))
    check_stream(gateway(config(bad.url, good.url, attempts=SHORT)), bad, good)


@pytest.mark.parametrize("streaming", [False, True])
def test_connection_refused(gateway, upstream, streaming):
    bad, good = upstream(), upstream(stream(EVENTS) if streaming else ok("spare"))
    bad.stop()
    gw = gateway(config(bad.url, good.url, attempts=SHORT))
    answer = gw.chat(**({"stream": True} if streaming else {}))
    assert answer.status == 200 and answer.headers["x-fluxgate-target"] == "t1", answer


def test_no_tcp_answer_falls_over_after_the_connect_timeout(gateway, upstream):
    """A listener whose queue is full drops SYNs: the nearest thing to a black hole on one machine."""
    import socket

    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    fill = [socket.socket() for _ in range(4)]
    for one in fill:
        one.setblocking(False)
        one.connect_ex(hole.getsockname())
    try:
        good = upstream(ok("spare"))
        gw = gateway(
            config(
                f"http://127.0.0.1:{hole.getsockname()[1]}/v1", good.url, attempts={**SHORT, "connect_timeout": "300ms"}
            )
        )
        answer = gw.chat()
        assert answer.status == 200 and answer.headers["x-fluxgate-target"] == "t1", answer
    finally:
        for one in [hole, *fill]:
            one.close()


def test_the_abandoned_upstream_is_told(gateway, upstream):
    slow, good = upstream(stall()), upstream(stream(EVENTS))
    gw = gateway(config(slow.url, good.url, attempts=SHORT))
    assert gw.chat(stream=True).status == 200
    assert slow.last.peer_closed.wait(3)


def test_order_and_budget(gateway, upstream):
    mocks = [upstream(error(503)) for _ in range(4)]
    gw = gateway(config(*[m.url for m in mocks], attempts={"max": 3}))
    answer = gw.chat()
    assert answer.status == 503 and [m.count for m in mocks] == [1, 1, 1, 0], answer
    assert answer.headers["x-fluxgate-attempts"] == "3" and answer.headers["x-should-retry"] == "false"


def test_a_budget_of_one_means_no_second_try(gateway, upstream):
    bad, good = upstream(error(500)), upstream(ok())
    answer = gateway(config(bad.url, good.url, attempts={"max": 1})).chat()
    assert answer.status == 500 and (bad.count, good.count) == (1, 0)


def test_retries_of_the_same_target_come_first(gateway, upstream):
    flaky, good = upstream(error(500), error(502), ok("third time")), upstream(ok("spare"))
    gw = gateway(config(flaky.url, good.url, attempts={"max": 5}, route={"retries": 2}))
    answer = gw.chat()
    assert answer.json()["choices"][0]["message"]["content"] == "third time", answer
    assert (flaky.count, good.count) == (3, 0) and answer.headers["x-fluxgate-attempts"] == "3"


def test_retries_then_fallback(gateway, upstream):
    bad, good = upstream(error(500)), upstream(ok("spare"))
    answer = gateway(config(bad.url, good.url, attempts={"max": 5}, route={"retries": 1})).chat()
    assert answer.status == 200 and (bad.count, good.count) == (2, 1)


def test_the_deadline_binds_all_tries_together(gateway, upstream):
    first, second, third = upstream(stall()), upstream(stall()), upstream(ok())
    gw = gateway(config(first.url, second.url, third.url, attempts={"max": 3, "deadline": "600ms"}))
    started = time.monotonic()
    answer = gw.chat()
    assert answer.status == 504 and answer.error(), answer
    assert 0.5 < time.monotonic() - started < 5 and third.count == 0


def test_a_stream_may_fall_over_more_than_once(gateway, upstream):
    one, two = upstream(STREAM_FAULTS["head, then close"]), upstream(error(529))
    three = upstream(stream(EVENTS))
    gw = gateway(config(one.url, two.url, three.url, attempts=SHORT))
    answer = gw.chat(stream=True, stream_options={"include_usage": True})
    assert answer.body == b"".join(EVENTS) and answer.headers["x-fluxgate-attempts"] == "3"


def test_the_status_line_waits_for_the_first_event(gateway, upstream):
    """A stream whose every target fails gets a true error status, not 200."""
    one, two = upstream(STREAM_FAULTS["head, then close"]), upstream(STREAM_FAULTS["head, then silence"])
    answer = gateway(config(one.url, two.url, attempts=SHORT)).chat(stream=True)
    assert answer.status in (502, 504) and answer.error() and answer.headers["x-should-retry"] == "false", answer


def test_weighted_balance_spreads_and_each_failure_finds_the_other(gateway, upstream):
    one, two = upstream(ok("one")), upstream(ok("two"))
    settings = config(one.url, two.url)
    settings["routes"][0]["targets"] = ["t0", "t1"]
    del settings["routes"][0]["fallback"]
    gw = gateway(settings)
    for _ in range(60):
        assert gw.chat().status == 200
    assert one.count + two.count == 60 and one.count >= 10 and two.count >= 10
    one.script(error(500))
    assert all(gw.chat().status == 200 for _ in range(10))


@pytest.mark.parametrize("streaming", [False, True])
def test_required_labels_bind_fallbacks_too(gateway, upstream, streaming):
    cloud, local = upstream(stream(EVENTS) if streaming else ok("cloud")), upstream(error(500))
    settings = config(local.url, cloud.url, route={"require": {"labels": ["on_prem"]}})
    settings["providers"]["p0"]["labels"] = ["on_prem"]
    answer = gateway(settings).chat(**({"stream": True} if streaming else {}))
    assert answer.status == 500 and cloud.count == 0, answer


def test_interim_answers_are_swallowed(gateway, upstream):
    mock = upstream(
        raw(
            b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok("after")[0].data,
            WaitPeerClose(),
        )
    )
    answer = gateway(config(mock.url)).chat()
    assert answer.status == 200 and answer.interim == [], answer


@pytest.mark.parametrize("after", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", b"\r\n", b"x"])
def test_bytes_after_an_answer_never_become_the_next_answer(gateway, upstream, after):
    mock = upstream([Send(ok("first")[0].data + after), WaitPeerClose()], ok("second"))
    gw = gateway(config(mock.url, attempts={"max": 1}))
    assert gw.chat().json()["choices"][0]["message"]["content"] == "first"
    assert gw.chat().json()["choices"][0]["message"]["content"] == "second"
    assert [e.connection for e in mock.exchanges] == [0, 1]


def test_a_204_with_bytes_is_not_reused(gateway, upstream):
    mock = upstream([Send(head(204, [("Content-Length", "5")]) + b"hello"), WaitPeerClose()], ok("second"))
    gw = gateway(config(mock.url, attempts={"max": 1}))
    gw.chat()
    assert gw.chat().json()["choices"][0]["message"]["content"] == "second"
    assert [e.connection for e in mock.exchanges] == [0, 1]


def test_a_length_that_is_not_chunked_is_read_to_the_close_and_not_reused(gateway, upstream):
    body = ok("to the close")[0].data.split(b"\r\n\r\n", 1)[1]
    mock = upstream([Send(head(200, [*JSON_HEAD, ("Transfer-Encoding", "identity")]) + body), Close()], ok("second"))
    gw = gateway(config(mock.url, attempts={"max": 1}))
    first = gw.chat()
    assert first.status in (200, 502), first
    assert gw.chat().json()["choices"][0]["message"]["content"] == "second"
    assert [e.connection for e in mock.exchanges] == [0, 1]


def test_role_only_then_failure_is_never_a_success(gateway, upstream):
    """Nothing but the role went out: falling over or a typed error are both honest."""
    bad = upstream(stream([event(delta("", role="assistant"))], end=[Pause(0.05), Reset()]))
    good = upstream(stream(EVENTS))
    answer = gateway(config(bad.url, good.url, attempts=SHORT)).chat(stream=True)
    if good.count:
        assert answer.text() == "from the spare" and answer.data()[-1] == "[DONE]"
    else:
        assert "error" in answer.data()[-1] and b"[DONE]" not in answer.body
