"""SIGTERM: not ready, no new work, what runs may finish; at the end of the patience a typed error, and exit 0."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness.client import eventually
from harness.gateway import config
from harness.mock import Gate, Pause, Send, WaitPeerClose, chat_events, ok, stall, stream

STREAM = {"model": "smart", "stream": True, "messages": []}
BEGUN = chat_events(["one"])[:2]


def begin(gw):
    """An open stream of which one event has come."""
    client = gw.connect()
    answer = client.request("POST", "/v1/chat/completions", STREAM).head()
    events = client.events(answer)
    next(events)
    return client, answer, events


def refused(gw) -> bool:
    try:
        with gw.connect() as client:
            client.request("GET", "/v1/models")
            return client.response().status == 503
    except (ConnectionError, OSError):
        return True


def test_streams_and_plain_requests_finish(gateway, upstream):
    gate = threading.Event()
    mock = upstream(stream(chat_events(["a", "b"]), gate=gate), [Gate(gate), *ok("plain")])
    gw = gateway(config(mock.url, drain={"timeout": "20s"}))
    client, answer, events = begin(gw)
    plain = gw.connect().request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
    mock.wait_for(2)
    gw.signal(signal.SIGTERM)
    eventually(lambda: gw.ready() == 503, what="/readyz 503 in the drain")
    assert gw.admin("/livez").status == 200 and gw.metric("fluxgate_draining") == 1
    eventually(lambda: refused(gw), what="no new work")
    assert gw.process.poll() is None
    gate.set()
    assert [e["data"] for e in events][-1] == b"[DONE]" and answer.complete and answer.text() == "ab"
    done = plain.response()
    assert done.json()["choices"][0]["message"]["content"] == "plain" and done.headers["connection"] == "close"
    assert client.closed_by_peer() and plain.closed_by_peer()
    assert gw.wait(10) == 0


def test_at_the_end_of_the_patience_streams_get_a_typed_error(gateway, upstream):
    mock = upstream(stream(BEGUN, end=[WaitPeerClose()]))
    gw = gateway(config(mock.url, drain={"timeout": "400ms"}))
    streams = [begin(gw) for _ in range(10)]
    gw.signal(signal.SIGTERM)
    for _, answer, events in streams:
        for _ in events:
            pass
        last = answer.data()[-1]
        assert last["error"]["message"] and last["error"]["type"] and b"[DONE]" not in answer.body, answer
    assert gw.wait(10) == 0
    assert all(e.peer_closed.wait(3) for e in mock.exchanges)


def test_at_the_end_of_the_patience_plain_requests_get_503(gateway, upstream):
    mock = upstream(stall())
    gw = gateway(config(mock.url, drain={"timeout": "300ms"}))
    client = gw.connect().request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
    mock.wait_for(1)
    gw.signal(signal.SIGTERM)
    answer = client.response()
    assert answer.status == 503 and answer.error() and answer.headers["connection"] == "close", answer
    assert gw.wait(10) == 0


def test_the_delay_keeps_accepting_while_not_ready(gateway, upstream):
    gw = gateway(config(upstream(ok()).url, drain={"delay": "1500ms", "timeout": "2s"}))
    gw.signal(signal.SIGTERM)
    eventually(lambda: gw.ready() == 503, what="/readyz 503")
    assert gw.chat().status == 200, "within the delay a load balancer may still send"
    assert gw.wait(10) == 0


def test_idle_connections_do_not_hold_the_exit(gateway, upstream):
    gw = gateway(config(upstream(ok()).url, drain={"timeout": "60s"}))
    with gw.connect() as used, gw.connect() as fresh:
        used.request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
        assert used.response().status == 200
        gw.signal(signal.SIGTERM)
        assert used.closed_by_peer(10) and fresh.closed_by_peer(10)
        assert gw.wait(10) == 0


def test_a_half_sent_request_does_not_hold_the_exit_for_ever(gateway, upstream):
    gw = gateway(config(upstream(ok()).url, drain={"timeout": "1s"}))
    with gw.connect() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Le")
        time.sleep(0.1)
        gw.signal(signal.SIGTERM)
        assert gw.wait(10) == 0


def test_a_second_signal_is_fast(gateway, upstream):
    mock = upstream(stream(BEGUN, end=[WaitPeerClose()]))
    gw = gateway(config(mock.url, drain={"timeout": "60s"}))
    client, _, _ = begin(gw)
    gw.signal(signal.SIGTERM)
    eventually(lambda: gw.ready() == 503, what="/readyz 503")
    started = time.monotonic()
    gw.signal(signal.SIGTERM)
    gw.wait(8)
    assert time.monotonic() - started < 5
    client.close()
    gw.stopped = True  # how a hurried exit counts is not part of the promise


def test_sigint_drains_too(gateway, upstream):
    gw = gateway(config(upstream(ok()).url))
    gw.signal(signal.SIGINT)
    assert gw.wait(10) == 0


def test_term_under_load_loses_nothing_that_was_accepted(gateway, upstream):
    """Every request is either answered whole or never accepted: no cut answer."""
    mock = upstream(
        lambda e: [Send(stream(chat_events(["a", "b"]))[0].data), Pause(0.02), *stream(chat_events(["a", "b"]))[1:]]
    )
    settings = config(mock.url, drain={"timeout": "10s"})
    settings["workers"] = 2
    gw = gateway(settings)
    finished = [0] * 8

    def load(number: int) -> None:
        while True:
            try:
                client = gw.connect()
            except OSError:
                return
            with client:
                while True:
                    try:
                        client.request("POST", "/v1/chat/completions", STREAM)
                        answer = client.head()
                    except (ConnectionError, OSError):
                        break  # closed between two requests
                    for _ in client.pieces(answer):
                        pass
                    if answer.status == 503:
                        break
                    assert answer.status == 200 and answer.complete and answer.data()[-1] == "[DONE]", answer
                    finished[number] += 1
                    if answer.headers.get("connection") == "close":
                        break

    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(load, i) for i in range(8)]
        eventually(lambda: sum(finished) > 40, 20, "some load")
        gw.signal(signal.SIGTERM)
        assert gw.wait(15) == 0
        for one in work:
            one.result(15)
