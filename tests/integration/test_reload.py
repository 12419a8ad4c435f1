"""The configuration is replaced while requests run, by SIGHUP or by changing the file; a bad one changes nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor

from harness.client import eventually
from harness.gateway import config
from harness.mock import chat_events, ok, stream

SUCCESS = "fluxgate_config_last_reload_successful"
RELOADS = "fluxgate_config_reloads_total"


def renamed(mock, name: str, **changes) -> dict:
    return config(mock.url, route={"name": name, "match": {"model": ["smart", name]}}, **changes)


def models(gw) -> set:
    return {m["id"] for m in gw.call("GET", "/v1/models").json()["data"]}


def test_sighup_takes_the_new_file(gateway, upstream):
    one, two = upstream(ok("one")), upstream(ok("two"))
    gw = gateway(renamed(one, "first"))
    assert gw.chat().json()["choices"][0]["message"]["content"] == "one"
    gw.write(renamed(two, "second"))
    gw.reload()
    eventually(lambda: "second" in models(gw), what="the new route")
    answer = gw.chat(model="second")
    assert answer.json()["choices"][0]["message"]["content"] == "two"
    assert answer.headers["x-fluxgate-route"] == "second"
    assert gw.chat(model="first").status == 404
    assert gw.metric(SUCCESS) == 1 and one.count == 1


def test_a_changed_file_is_taken_without_a_signal(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(renamed(mock, "first"))
    gw.write(renamed(mock, "second"))  # replaced by rename
    eventually(lambda: "second" in models(gw), 15, "the new route after a rename")
    gw.file.write_text(gw.file.read_text().replace("second", "third"))  # written in place
    eventually(lambda: "third" in models(gw), 15, "the new route after a write in place")


BAD_FILES = ["listen: [", "routes: 7\n", "nonsense: true\n", "", "\x00\x01"]


def test_a_bad_file_changes_nothing(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(renamed(mock, "first"))
    for number, text in enumerate(BAD_FILES):
        gw.write(text)
        gw.reload()
        eventually(
            lambda n=number: gw.metric(RELOADS, result="failure") > n, 10, f"the failed reload counted: {text!r}"
        )
        assert gw.metric(SUCCESS) == 0 and gw.ready() == 200
        assert gw.chat(model="first").status == 200 and models(gw) >= {"first"}
    gw.file.unlink()
    gw.reload()
    assert gw.chat().status == 200
    gw.write(renamed(mock, "back"))
    gw.reload()
    eventually(lambda: "back" in models(gw), what="the repaired file")
    assert gw.metric(SUCCESS) == 1


def test_the_reason_is_in_the_log_with_its_line(gateway, upstream):
    gw = gateway(renamed(upstream(ok()), "first"))
    gw.write(gw.file.read_text().replace('"routes"', '"rutes"'))
    gw.reload()
    eventually(lambda: "rutes" in gw.log() and "fluxgate.yaml:" in gw.log(), what="the error with its place")


def test_a_stream_in_flight_keeps_its_old_configuration(gateway, upstream):
    gate = threading.Event()
    old, new = upstream(stream(chat_events(["old", "er"]), gate=gate)), upstream(ok("new"))
    gw = gateway(renamed(old, "first"))
    with gw.connect() as client:
        client.request("POST", "/v1/chat/completions", {"model": "first", "stream": True, "messages": []})
        answer = client.head()
        events = client.events(answer)
        next(events)
        gw.write(renamed(new, "second"))
        gw.reload()
        eventually(lambda: gw.chat(model="second").status == 200, what="the new route")
        gate.set()
        assert [e["data"] for e in events][-1] == b"[DONE]" and answer.complete and answer.text() == "older"
        # the same connection's next request is the new configuration's
        client.request("POST", "/v1/chat/completions", {"model": "second", "messages": []})
        assert client.response().json()["choices"][0]["message"]["content"] == "new"


def test_twenty_reloads_under_load_lose_nothing(gateway, upstream):
    mocks = [
        upstream(lambda e: stream(chat_events(["a", "b"])) if e.json().get("stream") else ok("a")) for _ in range(2)
    ]
    settings = [renamed(m, name, workers=2) for m, name in zip(mocks, ("even", "odd"), strict=True)]
    gw = gateway(settings[0])
    stop = threading.Event()
    served = [0] * 6

    def load(number: int) -> None:
        with gw.connect() as client:
            while not stop.is_set():
                body = {"model": "smart", "messages": [], **({"stream": True} if number % 2 else {})}
                client.request("POST", "/v1/chat/completions", body)
                answer = client.response()
                assert answer.status == 200 and answer.complete, answer
                if number % 2:
                    assert answer.text() == "ab" and answer.data()[-1] == "[DONE]"
                served[number] += 1

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(load, i) for i in range(6)]
        try:
            for turn in range(1, 21):
                gw.write(settings[turn % 2])
                gw.reload()
                eventually(lambda name=("even", "odd")[turn % 2]: name in models(gw), 10, f"reload {turn}")
        finally:
            stop.set()
        for one in work:
            one.result()
    assert min(served) > 5 and gw.metric(SUCCESS) == 1
    assert gw.metric(RELOADS, result="success") >= 20
    assert gw.metric("fluxgate_requests_in_flight") == 0


def test_changed_timeouts_and_keys_take_effect(gateway, upstream):
    mock = upstream(ok())
    settings = renamed(mock, "first")
    gw = gateway(settings)
    gw.chat()
    settings["providers"]["p0"]["api_key"] = "sk-rotated"
    gw.write(settings)
    gw.reload()

    def rotated():
        gw.chat()
        return mock.last.headers["authorization"] == "Bearer sk-rotated"

    eventually(rotated, what="the rotated key upstream")
