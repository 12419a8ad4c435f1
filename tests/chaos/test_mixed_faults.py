"""Many clients, upstreams that fail in every way, seeded: answers are whole or honest errors, and nothing leaks."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from harness.client import eventually
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
    error,
    head,
    ok,
    raw,
    reply,
    stream,
)

SHORT = {
    "max": 3,
    "deadline": "5s",
    "connect_timeout": "1s",
    "first_token_timeout": "300ms",
    "idle_timeout": "300ms",
    "backoff": "2ms",
}
WORDS = ["alpha", "beta", "gamma"]
EVENTS = chat_events(WORDS)

PLAIN = [ok("whole")] * 4 + [
    error(429),
    error(500),
    error(503),
    error(529),
    raw(b""),
    [Reset()],
    raw(b"garbage\r\n\r\n"),
    reply(b"<html>", content_type="text/html"),
    reply(b'{"id":'),
    raw(head(200, [("Content-Type", "application/json"), ("Content-Length", "400")]) + b'{"id":"x"'),
]
STREAMS = [stream(EVENTS)] * 4 + [
    stream(EVENTS[:3], end=[Close()]),
    stream(EVENTS[:2], end=[Pause(0.01), Reset()]),
    stream(EVENTS[:3]),
    stream(EVENTS[:2], end=[WaitPeerClose()]),
    [Send(SSE_HEAD), WaitPeerClose()],
    raw(SSE_HEAD),
    raw(SSE_HEAD + b"50\r\ndata: {"),
    error(503),
    [Reset()],
    raw(SSE_HEAD + chunk(EVENTS[1]) + b"zz\r\n"),
]


def dice(seed: int):
    """Answers from a seeded generator, guarded: connections have threads of their own."""
    random_, lock = random.Random(seed), threading.Lock()

    def answer(exchange):
        with lock:
            return random_.choice(STREAMS if exchange.json().get("stream") else PLAIN)

    return answer


def test_every_answer_is_whole_or_an_honest_error(gateway, upstream):
    mocks = [upstream(dice(seed)) for seed in (1, 2, 3)]
    settings = config(*[m.url for m in mocks], attempts=SHORT)
    settings["routes"][0]["retry_budget"] = {"ratio": 1, "floor": 1000}  # every second answer is a failure on purpose
    settings["breaker"] = {"enabled": False}  # these targets are never well for long
    settings["workers"] = 2
    gw = gateway(settings)
    tally: dict[str, int] = {}
    lock = threading.Lock()

    def client(number: int) -> None:
        chance = random.Random(number)
        for _ in range(25):
            streaming = chance.random() < 0.5
            body = {"model": "smart", "messages": [], **({"stream": True} if streaming else {})}
            with gw.connect() as connection:
                connection.request("POST", "/v1/chat/completions", body)
                if chance.random() < 0.1:
                    outcome = "left"
                    connection.reset()
                else:
                    outcome = judge(connection.response(), streaming)
            with lock:
                tally[outcome] = tally.get(outcome, 0) + 1

    def judge(answer, streaming: bool) -> str:
        if answer.status != 200:
            answer.error()
            assert answer.status in (429, 500, 502, 503, 504, 529) and answer.complete, answer
            return "error"
        if not streaming:
            assert answer.complete and answer.json()["choices"][0]["message"]["content"] == "whole", answer
            return "whole"
        data = answer.data()
        if data[-1] == "[DONE]":
            assert answer.complete and answer.text() == "".join(WORDS), answer
            return "whole"
        assert data[-1]["error"]["type"] and b"[DONE]" not in answer.body, answer
        return "broken stream"

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(client, range(12)))
    assert sum(tally.values()) == 300 and {"whole", "broken stream", "left"} <= set(tally), tally
    assert tally["whole"] > 100, tally
    eventually(lambda: gw.metric("fluxgate_requests_in_flight") == 0, what="nothing in flight")
    eventually(lambda: gw.metric("fluxgate_client_connections") == 0, what="no client connection left")
    for mock in mocks:
        mock.script(ok("calm"))
    assert gw.chat().json()["choices"][0]["message"]["content"] == "calm"


def test_descriptors_do_not_leak(gateway, upstream):
    mock, good = upstream(dice(4)), upstream(lambda e: stream(EVENTS) if e.json().get("stream") else ok())
    gw = gateway(config(mock.url, good.url, attempts=SHORT))

    def round_() -> float:
        for n in range(40):
            gw.chat(**({"stream": True} if n % 2 else {}))
        eventually(lambda: gw.metric("fluxgate_client_connections") == 0, what="no client connection left")
        return gw.metric("process_open_fds")

    first = round_()
    later = [round_() for _ in range(3)]
    assert max(later) <= first + 5, f"{first} then {later}"
    assert mock.open_connections <= 5
