"""Same dialect in and out: the client's bytes and the upstream's, but for the model name and the credentials."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.client import call
from harness.gateway import config, provider
from harness.mock import (
    SSE_HEAD,
    Close,
    Pause,
    Reset,
    Send,
    chat_events,
    chunk,
    delta,
    error,
    event,
    head,
    ok,
    raw,
    reply,
    stream,
)

ASK_USAGE = {"include_usage": True}


def post(gw, path, body: bytes, headers=None):
    return gw.call("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


# --- the request, as the upstream sees it ---
BODIES = {
    "key order and unknown fields": b'{"zz":1,"messages":[{"role":"user","content":"x"}],"model":"smart","a":{"b":[]}}',
    "white space": b'\n{ "model" :\t"smart" ,\r\n "messages" : [ ] }\n ',
    "number formats": b'{"model":"smart","temperature":1.0,"top_p":1e-1,"seed":12345678901234567890,"x":-0.0,"y":1E+2}',
    "escapes": rb'{"model":"smart","messages":[{"role":"user","content":"\u0041\/\ud83d\ude00 \n"}]}',
    "escaped model name": rb'{"model":"\u0073mart","messages":[]}',
    "raw unicode": '{"model":"smart","messages":[{"role":"user","content":"żółć 😀 ünï"}]}'.encode(),
    "nested model keys": b'{"metadata":{"model":"smart"},"model":"smart","tools":[{"model":"smart"}]}',
    "a string that looks like the key": rb'{"user":"\"model\":\"smart\"","model":"smart","messages":[]}',
    "repeated keys below the top": b'{"model":"smart","x":{"a":1,"a":2},"messages":[]}',
    "long": b'{"model":"smart","messages":[{"role":"user","content":"' + b"y" * 300_000 + b'"}],"n":1}',
    "reasoning fields": b'{"model":"smart","messages":[{"role":"assistant","content":null,"reasoning_content":"r",'
    b'"thinking_blocks":[{"signature":"s=="}],"tool_calls":[{"id":"1","type":"function",'
    b'"function":{"name":"f","arguments":"{\\"a\\":1.0}"},"extra_content":{"g":1}}]}]}',
}


@pytest.mark.parametrize("name", BODIES)
def test_only_the_model_value_changes(gateway, upstream, name):
    mock = upstream(ok())
    gw = gateway(config(mock.url))
    sent = BODIES[name]
    answer = post(gw, "/v1/chat/completions", sent)
    assert answer.status == 200, answer
    at = {
        "escaped model name": sent.find(rb'"\u0073mart"'),
        "nested model keys": sent.find(b'"model":"smart"', 25) + 8,
        "a string that looks like the key": sent.rfind(b'"smart"'),
    }.get(name, sent.find(b'"smart"'))
    old = sent[at : sent.find(b'"', at + 1) + 1]
    assert mock.last.body == sent[:at] + b'"upstream-model"' + sent[at + len(old) :]


@pytest.mark.parametrize(
    "path,extra",
    [
        ("/v1/completions", {"prompt": [1, 2, 3]}),
        ("/v1/embeddings", {"input": "x", "encoding_format": "base64"}),
        ("/v1/moderations", {"input": "x"}),
        ("/v1/images/generations", {"prompt": "a cat"}),
        ("/v1/rerank", {"query": "q", "documents": ["a", {"text": "b"}]}),
        ("/v1/responses", {"input": "hello"}),
    ],
)
def test_every_json_endpoint_passes_its_body_and_path(gateway, upstream, path, extra):
    answered = b'{ "object" : "whatever", "n" : 1.50 }'
    mock = upstream(reply(answered))
    gw = gateway(config(mock.url))
    sent = json.dumps({"a": 1, "model": "smart", **extra}).encode()
    answer = post(gw, path, sent)
    assert answer.status == 200 and answer.body == answered, answer
    assert mock.last.target == path and mock.last.method == "POST"
    assert mock.last.body == sent.replace(b'"smart"', b'"upstream-model"')


def test_audio_speech_returns_binary(gateway, upstream):
    sound = bytes(range(256)) * 400
    mock = upstream(reply(sound, content_type="audio/mpeg"))
    answer = post(gateway(config(mock.url)), "/v1/audio/speech", b'{"model":"smart","input":"x","voice":"alloy"}')
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "audio/mpeg", sound)


def test_the_route_may_name_models_with_slashes(gateway, upstream):
    mock = upstream(ok())
    settings = config(mock.url, route={"match": {"model": ["org/model-7b", "smart"]}})
    gw = gateway(settings)
    assert post(gw, "/v1/chat/completions", b'{"model":"org/model-7b","messages":[]}').status == 200
    assert post(gw, "/v1/chat/completions", rb'{"model":"org\/model-7b","messages":[]}').status == 200
    listed = gw.call("GET", "/v1/models")
    assert listed.status == 200 and listed.json()["object"] == "list"
    ids = {m["id"] for m in listed.json()["data"]}
    assert {"org/model-7b", "smart"} <= ids and all(m["object"] == "model" for m in listed.json()["data"])
    one = gw.call("GET", "/v1/models/org/model-7b")
    assert one.status == 200 and one.json()["id"] == "org/model-7b"
    assert gw.call("GET", "/v1/models/nothing").error()["code"] == "model_not_found"


# --- headers ---
def test_credentials_and_private_headers_stay_behind(gateway, upstream):
    mock = upstream(ok())
    settings = config(mock.url)
    settings["providers"]["p0"] = provider(mock.url, headers={"X-Team": "blue"})
    gw = gateway(settings)
    answer = gw.chat(
        headers={
            "Authorization": "Bearer client-secret",
            "Cookie": "a=b",
            "Host": "evil.test",
            "X-Fluxgate-Target": "t9",
            "x-fluxgate-anything": "1",
            "Proxy-Authorization": "Basic x",
            "X-Api-Key": "client-secret",
            "Api-Key": "client-secret",
            "X-Forwarded-For": "1.2.3.4",
            "Forwarded": "for=1.2.3.4",
        }
    )
    assert answer.status == 200, answer
    got = mock.last.headers
    assert got["authorization"] == "Bearer sk-provider" and got["x-team"] == "blue"
    assert got["host"] == f"127.0.0.1:{mock.port}"
    assert b"client-secret" not in mock.last.raw and b"evil.test" not in mock.last.raw
    for name in got.names():
        assert not name.startswith("x-fluxgate-") and name not in ("cookie", "proxy-authorization", "expect"), got
    assert "1.2.3.4" not in mock.last.raw.decode()


def test_a_provider_without_key_gets_no_credential(gateway, upstream):
    mock = upstream(ok())
    settings = config(mock.url)
    del settings["providers"]["p0"]["api_key"]
    gw = gateway(settings)
    assert gw.chat(headers={"Authorization": "Bearer client-secret"}).status == 200
    assert "authorization" not in mock.last.headers


def test_answer_headers(gateway, upstream):
    mock = upstream(
        reply(
            headers=[
                ("openai-processing-ms", "12"),
                ("Set-Cookie", "sid=upstream"),
                ("Connection", "x-hop"),
                ("X-Hop", "1"),
                ("x-ratelimit-remaining-requests", "7"),
            ]
        )
    )
    gw = gateway(config(mock.url))
    answer = gw.chat()
    assert answer.status == 200 and answer.framing == "length", answer
    assert answer.headers["x-fluxgate-route"] == "smart" and answer.headers["x-fluxgate-target"] == "t0"
    assert answer.headers["x-fluxgate-attempts"] == "1"
    assert float(answer.headers["x-fluxgate-upstream-ms"]) >= 0
    first = answer.headers["x-fluxgate-request-id"]
    assert first and first != gw.chat().headers["x-fluxgate-request-id"]
    assert "set-cookie" not in answer.headers and "x-hop" not in answer.headers
    assert "server-timing" not in answer.headers
    timed = gw.chat(headers={"x-fluxgate-timing": "1"})
    assert "dur=" in timed.headers["server-timing"]
    assert "x-fluxgate-timing" not in mock.last.headers


# --- the answer, as the client sees it ---
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_plain_bodies_come_back_byte_for_byte(gateway, upstream, framing):
    body = (
        b'{ "id":"x",\n "choices":[ ], "big":123456789012345678901234567890, "usage":{"prompt_tokens":1,'
        b'"completion_tokens":2,"total_tokens":3}, "u":"\\u00e9"}\n'
    )
    answers = {
        "length": reply(body),
        "chunked": [
            Send(
                head(200, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
                + chunk(body[:7])
                + chunk(body[7:])
                + b"0\r\n\r\n"
            )
        ],
        "close": raw(head(200, [("Content-Type", "application/json"), ("Connection", "close")]) + body),
    }
    mock = upstream(answers[framing])
    answer = gateway(config(mock.url)).chat()
    assert answer.status == 200 and answer.complete and answer.body == body, answer


@pytest.mark.parametrize(
    "name",
    [
        "chat-basic",
        "chat-parallel-tools",
        "chat-multimodal",
        "chat-bad-request",
        "completion-basic",
        "embeddings-base64",
    ],
)
def test_recorded_plain_exchanges(gateway, upstream, recording, name):
    record = recording(name)
    request, response = record["request"]["body"].encode(), record["response"]
    mock = upstream(
        reply(
            response["body"].encode(),
            response["status"],
            [(n, v) for n, v in response["headers"] if n.lower() != "content-type"],
        )
    )
    model = json.loads(request)["model"]
    gw = gateway(config(mock.url, route={"match": {"model": model}}))
    answer = post(gw, record["request"]["path"], request)
    assert answer.status == response["status"] and answer.body == response["body"].encode(), answer
    assert mock.last.target == record["request"]["path"] and mock.count == 1
    assert mock.last.body == request.replace(json.dumps(model).encode(), b'"upstream-model"')


@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096])
@pytest.mark.parametrize("name", ["chat-streaming", "completion-streaming-usage"])
def test_recorded_streams_in_any_slices(gateway, upstream, recording, name, size):
    record = recording(name)
    request = json.loads(record["request"]["body"])
    request["stream_options"] = ASK_USAGE
    body = record["response"]["body"].encode()
    body = body if body.endswith(b"\n\n") else body.rstrip(b"\n") + b"\n\n"
    pieces = b"".join(chunk(body[i : i + size]) for i in range(0, len(body), size))
    mock = upstream([Send(SSE_HEAD + pieces + b"0\r\n\r\n")])
    gw = gateway(config(mock.url, route={"match": {"model": request["model"]}}))
    answer = post(gw, record["request"]["path"], json.dumps(request).encode())
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/event-stream"), answer
    assert answer.complete and answer.framing == "chunked" and answer.body == body


# --- usage in streams ---
def stream_body(extra: str = "") -> bytes:
    return ('{"model":"smart","stream":true,"messages":[{"role":"user","content":"hello"}]%s}' % extra).encode()


def test_usage_is_asked_for_and_hidden(gateway, upstream):
    mock = upstream(stream(chat_events(["Hel", "lo"], usage=True)))
    answer = post(gateway(config(mock.url)), "/v1/chat/completions", stream_body())
    sent = json.loads(mock.last.body)
    assert sent.pop("stream_options") == ASK_USAGE
    assert sent == {**json.loads(stream_body()), "model": "upstream-model"}
    plain = stream_body().replace(b'"smart"', b'"upstream-model"')
    added = b'"stream_options":{"include_usage":true}'
    assert added in mock.last.body and len(mock.last.body) == len(plain) + len(added) + 1
    assert b"usage" not in answer.body, answer
    assert answer.complete and answer.text() == "Hello" and answer.data()[-1] == "[DONE]"
    expected = [
        event(delta("", role="assistant")),
        event(delta("Hel")),
        event(delta("lo")),
        event(delta(finish="stop")),
        event("[DONE]"),
    ]
    assert answer.body == b"".join(expected)


@pytest.mark.parametrize(
    "extra",
    [
        ',"stream_options":{"include_usage":true}',
        ', "stream_options" : { "include_usage" : true , "include_obfuscation":false }',
    ],
)
def test_usage_that_was_asked_for_stays(gateway, upstream, extra):
    events = chat_events(["Hel", "lo"], usage=True)
    mock = upstream(stream(events))
    answer = post(gateway(config(mock.url)), "/v1/chat/completions", stream_body(extra))
    assert mock.last.body == stream_body(extra).replace(b'"smart"', b'"upstream-model"')
    assert answer.body == b"".join(events) and answer.complete


def test_other_stream_options_are_kept_beside_the_added_one(gateway, upstream):
    mock = upstream(stream(chat_events(["a"], usage=True)))
    answer = post(
        gateway(config(mock.url)),
        "/v1/chat/completions",
        stream_body(',"stream_options":{"include_obfuscation":false}'),
    )
    assert json.loads(mock.last.body)["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert b"usage" not in answer.body and answer.data()[-1] == "[DONE]"


def test_a_provider_that_does_not_know_stream_usage_is_not_asked(gateway, upstream):
    events = chat_events(["a"])
    mock = upstream(stream(events))
    settings = config(mock.url)
    settings["providers"]["p0"]["stream_usage"] = False
    answer = post(gateway(settings), "/v1/chat/completions", stream_body())
    assert mock.last.body == stream_body().replace(b'"smart"', b'"upstream-model"')
    assert answer.body == b"".join(events)


def test_stream_headers_and_flush_per_event(gateway, upstream):
    gate = threading.Event()
    mock = upstream(stream(chat_events(["a"]), gate=gate))
    gw = gateway(config(mock.url))
    with gw.connect() as client:
        client.request("POST", "/v1/chat/completions", stream_body())
        answer = client.head()  # before the second event exists
        assert answer.headers["cache-control"].startswith("no-cache")
        assert "content-length" not in answer.headers
        assert answer.headers["x-fluxgate-target"] == "t0"
        events = client.events(answer)
        assert b"assistant" in next(events)["data"]
        gate.set()
        assert [e["data"] for e in events][-1] == b"[DONE]" and answer.complete
        # the connection is fit for the next request
        mock.script(ok("again"))
        client.request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
        assert client.response().json()["choices"][0]["message"]["content"] == "again"


def test_streams_of_other_endpoints_are_not_collected(gateway, upstream):
    """Images and speech stream events that the gateway does not know: they pass as they come all the same."""
    gate = threading.Event()
    events = [event({"type": "image_generation.partial_image", "b64_json": "A" * 50}), event({"type": "done"})]
    mock = upstream(stream(events, gate=gate))
    gw = gateway(config(mock.url))
    with gw.connect() as client:
        client.request("POST", "/v1/images/generations", {"model": "smart", "prompt": "x", "stream": True})
        answer = client.head()  # before the second event exists
        assert answer.status == 200
        got = client.events(answer)
        assert b"partial_image" in next(got)["data"]
        gate.set()
        assert b"done" in [e["data"] for e in got][-1] and answer.complete


def test_comments_and_crlf_from_upstream_do_not_change_the_events(gateway, upstream):
    events = chat_events(["a", "b"])
    noisy = [
        Send(SSE_HEAD + chunk(b"\xef\xbb\xbf: hello\n\n" + events[0].replace(b"\n", b"\r\n"))),
        Send(chunk(b": ping\n\n" + b"".join(events[1:]).replace(b"\n", b"\r\n")) + b"0\r\n\r\n"),
    ]
    mock = upstream(noisy)
    answer = post(
        gateway(config(mock.url)), "/v1/chat/completions", stream_body(',"stream_options":{"include_usage":true}')
    )
    assert [e["data"] for e in answer.events()] == [e[6:-2] for e in events] and answer.complete


# --- connections ---
def test_connections_are_kept_on_both_sides(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(config(mock.url))
    with gw.connect() as client:
        for _ in range(5):
            client.request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
            assert client.response().status == 200
    assert {e.connection for e in mock.exchanges} == {0} and mock.count == 5


def test_an_idle_upstream_connection_that_died_is_not_an_error(gateway, upstream):
    mock = upstream(ok() + [Pause(0.1), Close()], ok() + [Pause(0.1), Reset()], ok())
    gw = gateway(config(mock.url, attempts={"max": 1}))
    for _ in range(4):
        assert gw.chat().status == 200
        time.sleep(0.2)


def test_a_kept_connection_that_dies_under_a_request_is_replaced_once(gateway, upstream):
    """The upstream closed its idle end just as the request came: one new connection, no attempt lost."""
    mock = upstream(ok("first"), [Close()], ok("second"))
    gw = gateway(config(mock.url, attempts={"max": 1}))
    assert gw.chat().status == 200
    answer = gw.chat()
    assert answer.status == 200 and answer.json()["choices"][0]["message"]["content"] == "second", answer
    assert [e.connection for e in mock.exchanges] == [0, 0, 1]


def test_large_answers_and_many_at_once(gateway, upstream):
    body = json.dumps({"id": "x", "choices": [], "blob": "z" * 3_000_000}).encode()
    mock = upstream(reply(body))
    settings = config(mock.url)
    settings["workers"] = 2
    gw = gateway(settings)
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda _: gw.chat(), range(16)):
            assert answer.status == 200 and answer.body == body


def test_upstream_errors_keep_status_and_body(gateway, upstream):
    mock = upstream(error(418, "short and stout", "teapot_error", "teapot"))
    answer = call(gateway(config(mock.url)).port, "POST", "/v1/chat/completions", {"model": "smart", "messages": []})
    assert answer.status == 418 and answer.error()["code"] == "teapot" and mock.count == 1
