"""The official Python SDK as client, aimock or a scripted upstream as provider."""

import asyncio
import base64
import struct
import threading
import time

import openai
import pytest
from pydantic import BaseModel

from harness.client import eventually
from harness.gateway import config
from harness.mock import Close, Gate, WaitPeerClose, chat_events, error, event, ok, reply, stream

MODELS = ["gpt-4o-mini", "text-embedding-3-small", "omni-moderation-latest"]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def user(text) -> list:
    return [{"role": "user", "content": text}]


def client_for(gw, **options) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"http://127.0.0.1:{gw.port}/v1", api_key="sk-client", **{"max_retries": 0, "timeout": 20, **options}
    )


@pytest.fixture
def sdk(gateway, aimock) -> openai.OpenAI:
    settings = config(aimock.url)
    settings["targets"]["t0"]["model"] = "*"
    settings["routes"][0]["match"] = {"model": MODELS}
    with client_for(gateway(settings)) as client:
        yield client


@pytest.fixture
def scripted(gateway, upstream):
    """A scripted upstream, and a function that makes SDK clients for the gateway before it."""
    mock = upstream(ok())
    gw = gateway(config(mock.url))
    made = []

    def client(**options):
        made.append(client_for(gw, **options))
        return made[-1]

    yield mock, client, gw
    for one in made:
        one.close()


# --- chat ---
def test_chat(sdk):
    answer = sdk.chat.completions.create(model="gpt-4o-mini", messages=user("hello"))
    assert answer.choices[0].message.content == "Hello from the other side of the gateway, żółć 😀."
    assert answer.choices[0].finish_reason == "stop" and answer.usage.total_tokens > 0
    raw = sdk.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=user("hello"))
    assert raw.headers["x-fluxgate-target"] == "t0" and raw.headers["x-fluxgate-attempts"] == "1"


def test_chat_stream(sdk):
    text, finish = "", None
    for chunk in sdk.chat.completions.create(model="gpt-4o-mini", messages=user("hello"), stream=True):
        assert chunk.choices, "the usage chunk was not asked for"
        text += chunk.choices[0].delta.content or ""
        finish = chunk.choices[0].finish_reason or finish
    assert text == "Hello from the other side of the gateway, żółć 😀." and finish == "stop"


def test_chat_stream_with_usage(sdk):
    chunks = list(
        sdk.chat.completions.create(
            model="gpt-4o-mini", messages=user("hello"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0


def test_the_stream_accumulator(sdk):
    with sdk.chat.completions.stream(model="gpt-4o-mini", messages=user("hello")) as events:
        kinds = {e.type for e in events}
        final = events.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content.endswith("żółć 😀.")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_tool_loop(sdk, streaming):
    messages = user("what is the weather")
    if streaming:
        with sdk.chat.completions.stream(model="gpt-4o-mini", messages=messages, tools=[WEATHER]) as events:
            for _ in events:
                pass
            first = events.get_final_completion()
    else:
        first = sdk.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])
    choice = first.choices[0]
    assert choice.finish_reason == "tool_calls" and len(choice.message.tool_calls) == 2
    assert [c.function.name for c in choice.message.tool_calls] == ["get_weather"] * 2
    assert [c.function.arguments for c in choice.message.tool_calls] == ['{"city":"Paris"}', '{"city":"Rome"}']
    messages.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
    messages += [{"role": "tool", "tool_call_id": c.id, "content": "sunny"} for c in choice.message.tool_calls]
    for message in messages:
        for call in message.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
    last = sdk.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])
    assert last.choices[0].message.content == "It is sunny in Paris."


class CalendarEvent(BaseModel):
    name: str
    date: str
    participants: list[str]


def test_structured_output(sdk, aimock):
    answer = sdk.chat.completions.parse(
        model="gpt-4o-mini", messages=user("extract the event"), response_format=CalendarEvent
    )
    assert answer.choices[0].message.parsed == CalendarEvent(
        name="science fair", date="Friday", participants=["Alice", "Bob"]
    )
    sent = aimock.journal()[-1]["body"]["response_format"]
    assert sent["type"] == "json_schema" and sent["json_schema"]["strict"] is True


def test_vision_parts(sdk, aimock):
    image = "data:image/png;base64," + base64.b64encode(b"\x89PNG" + bytes(200)).decode()
    parts = [
        {"type": "text", "text": "describe this picture"},
        {"type": "image_url", "image_url": {"url": image, "detail": "low"}},
    ]
    answer = sdk.chat.completions.create(model="gpt-4o-mini", messages=user(parts))
    assert answer.choices[0].message.content == "A very small red square."
    assert aimock.journal()[-1]["body"]["messages"][0]["content"] == parts


def test_credentials_do_not_reach_the_provider(sdk, aimock):
    sdk.chat.completions.create(model="gpt-4o-mini", messages=user("hello"), extra_headers={"x-fluxgate-x": "1"})
    headers = aimock.journal()[-1]["headers"]
    assert "sk-client" not in str(headers) and not [n for n in headers if n.startswith("x-fluxgate")]


# --- other endpoints ---
def test_embeddings(sdk):
    answer = sdk.embeddings.create(model="text-embedding-3-small", input=["embed me", "embed me too"])
    assert [d.index for d in answer.data] == [0, 1] and answer.data[0].embedding == [0.25, -0.5, 1.0]


def test_embeddings_in_base64(scripted):
    """The SDK asks for base64 unless told otherwise and decodes it itself."""
    mock, client, _ = scripted
    vector = struct.pack("<3f", 0.25, -0.5, 1.0)
    mock.script(
        reply(
            {
                "object": "list",
                "model": "m",
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
                "data": [{"object": "embedding", "index": 0, "embedding": base64.b64encode(vector).decode()}],
            }
        )
    )
    answer = client().embeddings.create(model="smart", input="x")
    assert answer.data[0].embedding == [0.25, -0.5, 1.0] and mock.last.json()["encoding_format"] == "base64"


def test_recorded_base64_embeddings(scripted, recording):
    mock, client, _ = scripted
    mock.script(reply(recording("embeddings-base64")["response"]["body"].encode()))
    vector = client().embeddings.create(model="smart", input="How do I reset my password?").data[0].embedding
    assert len(vector) == 1536 and abs(sum(x * x for x in vector) - 1) < 1e-3


def test_models(sdk):
    listed = [m.id for m in sdk.models.list()]
    assert set(MODELS) <= set(listed)
    assert sdk.models.retrieve("gpt-4o-mini").id == "gpt-4o-mini"
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"


def test_moderations(sdk):
    assert sdk.moderations.create(model="omni-moderation-latest", input="x").results[0].flagged is False


def test_completions_and_audio_and_responses(scripted):
    mock, client, _ = scripted
    sdk = client()
    mock.script(
        reply(
            {
                "id": "cmpl-1",
                "object": "text_completion",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "text": "done", "logprobs": None, "finish_reason": "stop"}],
            }
        )
    )
    assert sdk.completions.create(model="smart", prompt="x").choices[0].text == "done"
    mock.script(reply({"text": "transcribed"}))
    assert sdk.audio.transcriptions.create(model="smart", file=("a.mp3", b"\0" * 5000)).text == "transcribed"
    assert mock.last.body.count(b"upstream-model") == 1 and b"\0" * 5000 in mock.last.body
    mock.script(reply(b"\1" * 9000, content_type="audio/mpeg"))
    assert sdk.audio.speech.create(model="smart", voice="alloy", input="x").content == b"\1" * 9000
    created = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": "in_progress",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    names = ["response.created", "response.output_text.delta", "response.completed"]
    bodies = [
        {"response": created},
        {"delta": "hi", "item_id": "i", "output_index": 0, "content_index": 0, "logprobs": []},
        {"response": {**created, "status": "completed"}},
    ]
    mock.script(
        stream(
            [
                f"event: {n}\n".encode() + event({"type": n, "sequence_number": i, **b})
                for i, (n, b) in enumerate(zip(names, bodies, strict=True))
            ]
        )
    )
    kinds = [e.type for e in sdk.responses.create(model="smart", input="x", stream=True)]
    assert kinds == names


# --- errors ---
@pytest.mark.parametrize(
    "text,kind,code",
    [
        ("too long", openai.BadRequestError, "context_length_exceeded"),
        ("slow down", openai.RateLimitError, "rate_limit_exceeded"),
        ("broken", openai.InternalServerError, None),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_error_classes(sdk, text, kind, code, streaming):
    with pytest.raises(kind) as caught:
        sdk.chat.completions.create(model="gpt-4o-mini", messages=user(text), stream=streaming)
    assert caught.value.code == code and caught.value.body["message"]


def test_gateway_errors_have_the_right_class(sdk):
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.chat.completions.create(model="no-such-model", messages=user("x"))
    assert caught.value.code == "model_not_found" and caught.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError):
        sdk.chat.completions.create(
            model="gpt-4o-mini", messages=user("x"), extra_body={"api_base": "http://127.0.0.1:1"}
        )


def test_the_sdk_does_not_retry_what_the_gateway_has_retried(gateway, upstream):
    mock = upstream(error(503))
    gw = gateway(config(mock.url, route={"retries": 1}))
    with client_for(gw, max_retries=3) as sdk, pytest.raises(openai.InternalServerError):
        sdk.chat.completions.create(model="smart", messages=user("x"))
    assert mock.count == 2, "x-should-retry: false was not honoured or not sent"


def test_a_refusal_of_the_gateway_itself_may_be_retried(gateway, upstream):
    """Overload passes: the SDK waits Retry-After and succeeds."""
    gate = threading.Event()
    mock = upstream([Gate(gate), *ok("first")], ok("second"))
    gw = gateway(config(mock.url, limits={"in_flight": 1}))
    first = gw.connect().request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
    mock.wait_for(1)
    threading.Timer(0.3, gate.set).start()
    started = time.monotonic()
    with client_for(gw, max_retries=3) as sdk:
        answer = sdk.chat.completions.create(model="smart", messages=user("x"))
    assert answer.choices[0].message.content == "second" and time.monotonic() - started >= 0.3
    assert first.response().status == 200


def test_a_broken_stream_raises(scripted):
    mock, client, _ = scripted
    mock.script(stream(chat_events(["one", "two"])[:3], end=[Close()]))
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for chunk in client().chat.completions.create(model="smart", messages=user("x"), stream=True):
            text += chunk.choices[0].delta.content or ""
    assert text == "onetwo" and caught.value.message


def test_abort_in_mid_stream_cancels_the_upstream(scripted):
    mock, client, gw = scripted
    mock.script(stream(chat_events(["one"])[:2], end=[WaitPeerClose()]))
    answer = client().chat.completions.create(model="smart", messages=user("x"), stream=True)
    next(iter(answer))
    answer.close()
    assert mock.last.peer_closed.wait(3)
    eventually(lambda: gw.metric("fluxgate_requests_in_flight") == 0, what="nothing in flight")


def test_a_client_timeout_cancels_the_upstream(scripted):
    mock, client, _ = scripted
    mock.script([WaitPeerClose()])
    with pytest.raises(openai.APITimeoutError):
        client(timeout=0.5).chat.completions.create(model="smart", messages=user("x"))
    assert mock.last.peer_closed.wait(3)


def test_many_async_streams(gateway, aimock):
    settings = config(aimock.url, workers=2)
    settings["targets"]["t0"]["model"] = "*"
    settings["routes"][0]["match"] = {"model": MODELS}
    gw = gateway(settings)

    async def everything():
        async with openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{gw.port}/v1", api_key="k", max_retries=0) as sdk:

            async def one() -> str:
                text = ""
                async for chunk in await sdk.chat.completions.create(
                    model="gpt-4o-mini", messages=user("count up"), stream=True
                ):
                    text += chunk.choices[0].delta.content or ""
                return text

            return await asyncio.gather(*[one() for _ in range(25)])

    texts = asyncio.run(everything())
    assert len(texts) == 25 and all(t.startswith("one two") and t.endswith("twenty") for t in texts)
