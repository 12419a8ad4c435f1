"""aimock's chaos modes behind the gateway, the official SDK before it: an answer is whole or it is an error."""

import json

import openai
import pytest

from harness.gateway import config
from harness.node import Aimock

TEXT = "Hello from the other side of the gateway, żółć 😀."
MODES = {
    "drop": "--chaos-drop",
    "malformed": "--chaos-malformed",
    "disconnect": "--chaos-disconnect",
    "ratelimit": "--chaos-ratelimit",
}


@pytest.fixture
def chaos(node_modules, tmp_path):
    made = []

    def start(*arguments: str) -> Aimock:
        made.append(Aimock(node_modules, tmp_path / f"aimock{len(made)}", *arguments))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def ask(sdk: openai.OpenAI, streaming: bool) -> str:
    """ "whole" or the name of the error; anything between fails the test."""
    try:
        if streaming:
            text, finish = "", None
            for chunk in sdk.chat.completions.create(
                model="smart", stream=True, messages=[{"role": "user", "content": "hello"}]
            ):
                text += chunk.choices[0].delta.content or ""
                finish = chunk.choices[0].finish_reason or finish
        else:
            answer = sdk.chat.completions.create(model="smart", messages=[{"role": "user", "content": "hello"}])
            text, finish = answer.choices[0].message.content, answer.choices[0].finish_reason
    except openai.APIError as error:
        return type(error).__name__
    assert (text, finish) == (TEXT, "stop"), f"a false success: {text!r} {finish!r}"
    return "whole"


def sdk_for(gw) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{gw.port}/v1", api_key="k", max_retries=0, timeout=20)


@pytest.mark.parametrize("mode", MODES)
def test_always_failing_upstream_never_gives_a_success(gateway, chaos, mode):
    gw = gateway(config(chaos(MODES[mode], "1").url, attempts={"max": 2}, route={"retries": 1}))
    with sdk_for(gw) as sdk:
        outcomes = [ask(sdk, streaming) for streaming in (False, True) for _ in range(4)]
    assert "whole" not in outcomes
    expected = {"ratelimit": "RateLimitError"}.get(mode, "InternalServerError")
    assert set(outcomes) == {expected}, outcomes


@pytest.mark.parametrize("mode", MODES)
def test_a_sound_fallback_makes_every_answer_whole(gateway, chaos, aimock, mode):
    gw = gateway(config(chaos(MODES[mode], "1").url, aimock.url))
    with sdk_for(gw) as sdk:
        assert {ask(sdk, streaming) for streaming in (False, True) for _ in range(5)} == {"whole"}


def test_half_of_everything_failing(gateway, chaos, aimock):
    sick = chaos(
        "--chaos-drop", "0.2", "--chaos-malformed", "0.2", "--chaos-disconnect", "0.2", "--chaos-ratelimit", "0.2"
    )
    alone = gateway(config(sick.url, attempts={"max": 1}))
    with sdk_for(alone) as sdk:
        outcomes = [ask(sdk, n % 2 == 0) for n in range(60)]
    assert 0 < outcomes.count("whole") < 60
    helped = gateway(config(sick.url, aimock.url))
    with sdk_for(helped) as sdk:
        assert {ask(sdk, n % 2 == 0) for n in range(30)} == {"whole"}
    seen = json.dumps([e["response"]["status"] for e in sick.journal()])
    assert "500" in seen or "429" in seen
