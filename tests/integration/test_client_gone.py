"""A client that leaves takes its upstream request with it, in every phase, within a second or so."""

import time

import pytest

from harness.client import build_request, eventually
from harness.gateway import config
from harness.mock import SSE_HEAD, Send, WaitPeerClose, chat_events, error, ok, stall, stream

BODY = {"model": "smart", "messages": [{"role": "user", "content": "hello"}]}
BEGUN = chat_events(["one", "two"])[:2]
WITHIN = 2.5  # seconds; the promise is one, the machine may be busy

PHASES = {
    "waiting for a plain answer": (BODY, stall(), False),
    "waiting for the first event": ({**BODY, "stream": True}, stall(), False),
    "after the upstream's head": ({**BODY, "stream": True}, [Send(SSE_HEAD), WaitPeerClose()], False),
    "inside a stream": ({**BODY, "stream": True}, stream(BEGUN, end=[WaitPeerClose()]), True),
    "inside a busy stream": ({**BODY, "stream": True}, stream([BEGUN[1]] * 500, pause=0.01), True),
    "inside a plain body": (
        BODY,
        [Send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"), WaitPeerClose()],
        False,
    ),
}


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("phase", PHASES)
def test_upstream_is_cancelled(gateway, upstream, phase, how):
    body, steps, begun = PHASES[phase]
    mock, spare = upstream(steps), upstream(ok())
    gw = gateway(
        config(mock.url, spare.url, attempts={"deadline": "60s", "first_token_timeout": "60s", "idle_timeout": "60s"})
    )
    client = gw.connect().request("POST", "/v1/chat/completions", body)
    exchange = mock.wait_for(1)
    if begun:
        answer = client.head()
        next(client.events(answer))
    else:
        time.sleep(0.05)
    left = time.monotonic()
    getattr(client, how)()
    assert exchange.peer_closed.wait(WITHIN), "the upstream request outlived its client"
    assert exchange.peer_closed_at - left < WITHIN
    eventually(lambda: gw.metric("fluxgate_requests_in_flight") == 0, what="nothing in flight")
    assert spare.count == 0, "a client that left is not an upstream failure"
    mock.script(ok("next"))
    assert gw.chat().status == 200


def test_between_attempts(gateway, upstream):
    """Gone during the pause before a retry: no further try is made."""
    mock = upstream(error(503), stall())
    gw = gateway(config(mock.url, attempts={"max": 3, "backoff": "2s", "deadline": "30s"}, route={"retries": 2}))
    client = gw.connect().request("POST", "/v1/chat/completions", BODY)
    mock.wait_for(1).done.wait(5)
    time.sleep(0.1)
    client.close()
    eventually(lambda: gw.metric("fluxgate_requests_in_flight") == 0, WITHIN, "nothing in flight")
    assert mock.count == 1


def test_half_a_request_then_gone(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(config(mock.url))
    whole = build_request("POST", "/v1/chat/completions", BODY)
    for at in (1, 30, len(whole) // 2, len(whole) - 1):
        gw.connect().send(whole[:at]).close()
    eventually(lambda: gw.metric("fluxgate_client_connections") == 0, what="no connection left")
    assert mock.count == 0 and gw.chat().status == 200


def test_many_clients_leave_at_once(gateway, upstream):
    mock = upstream(stream(BEGUN, end=[WaitPeerClose()]))
    gw = gateway(config(mock.url))
    clients = [gw.connect().request("POST", "/v1/chat/completions", {**BODY, "stream": True}) for _ in range(50)]
    for client in clients:
        assert client.head().status == 200
    assert gw.metric("fluxgate_requests_in_flight") == 50
    for client in clients:
        client.close()
    eventually(lambda: mock.open_connections == 0, 5, "all 50 upstream connections closed")
    assert gw.metric("fluxgate_requests_in_flight") == 0


def test_a_client_that_left_is_in_the_log_as_499(gateway, upstream):
    mock = upstream(stall())
    gw = gateway(config(mock.url))
    client = gw.connect().request("POST", "/v1/chat/completions", BODY)
    mock.wait_for(1)
    client.close()
    eventually(lambda: "499" in gw.log(), 5, "499 in the access log")
