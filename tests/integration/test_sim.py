"""The first five minutes: no configuration, no key, the README's curl line; and the simulated provider's faults."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from harness.gateway import binary, config

README = Path(__file__).resolve().parents[2] / "README.md"


def readme_curl() -> list[str]:
    """The README's first curl command that asks for a chat completion, as words of a command line."""
    for block in re.findall(r"^```\w*\n(.*?)^```", README.read_text(), re.M | re.S):
        for command in re.findall(r"curl .*", block, re.S):
            lines = re.sub(r"\\\n\s*", " ", command).split("\n")
            for count in range(1, len(lines) + 1):  # a quoted body may go over several lines
                try:
                    words = shlex.split("\n".join(lines[:count]), comments=True)
                except ValueError:
                    continue
                if any("/v1/chat/completions" in w for w in words):
                    return words[: words.index("|")] if "|" in words else words
                break
    raise AssertionError("the README shows no curl line for /v1/chat/completions")


def test_an_empty_environment_answers_the_readme(tmp_path):
    """In a network namespace of its own, since the default ports are fixed."""
    script = (
        'ip link set lo up; "$0" serve >log 2>&1 & server=$!\n'
        "for i in $(seq 200); do curl -sf http://127.0.0.1:9090/readyz >/dev/null && break; sleep 0.05; done\n"
        '"$@" >answer; status=$?\n'
        "curl -sf http://127.0.0.1:8080/v1/models >models\n"
        'kill -TERM $server; wait $server; echo "curl $status serve $?"'
    )
    curl = readme_curl()
    if "-s" not in curl and "-sS" not in curl:
        curl.insert(1, "-sS")
    result = subprocess.run(
        [
            "unshare",
            "--net",
            "env",
            "-i",
            "PATH=" + os.environ["PATH"],
            "HOME=" + str(tmp_path),
            "bash",
            "-c",
            script,
            binary(),
            *curl,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    log = (tmp_path / "log").read_text()
    assert "curl 0 serve 0" in result.stdout, f"{result}\n{log}"
    text = (tmp_path / "answer").read_text()
    if "data:" in text:
        assert text.rstrip().endswith("data: [DONE]") and "chat.completion.chunk" in text
    else:
        answer = json.loads(text[text.index("{") :])
        assert answer["object"] == "chat.completion" and answer["choices"][0]["message"]["content"]
        assert answer["usage"]["total_tokens"] > 0
    assert json.loads((tmp_path / "models").read_text())["object"] == "list"


def sim_config(**sim) -> dict:
    settings = config()
    settings["providers"] = {
        "sim": {"kind": "sim", "sim": {"first_token_delay": "1ms", "token_interval": "1ms", **sim}}
    }
    settings["targets"] = {"sim": {"provider": "sim", "model": "*"}}
    settings["routes"] = [
        {
            "name": "all",
            "match": {"model": "default"},
            "targets": ["sim"],
            "attempts": {"max": 1, "deadline": "2s", "first_token_timeout": "500ms", "idle_timeout": "500ms"},
        }
    ]
    return settings


def test_every_endpoint_answers(gateway):
    gw = gateway(sim_config(tokens=5))
    assert gw.chat().json()["choices"][0]["message"]["content"]
    streamed = gw.chat(stream=True, stream_options={"include_usage": True})
    assert streamed.data()[-1] == "[DONE]" and streamed.text()
    assert streamed.data()[-2]["usage"]["completion_tokens"] == 5
    assert b"usage" not in gw.chat(stream=True).body
    posts = {
        "/v1/completions": {"prompt": "x"},
        "/v1/embeddings": {"input": ["a", "b"]},
        "/v1/moderations": {"input": "x"},
        "/v1/responses": {"input": "x"},
        "/v1/rerank": {"query": "q", "documents": ["a", "b"]},
    }
    for path, fields in posts.items():
        answer = gw.call("POST", path, {"model": "any", **fields})
        assert answer.status == 200 and answer.json(), f"{path}: {answer}"
    two = gw.call("POST", "/v1/embeddings", {"model": "any", "input": ["a", "b"]}).json()["data"]
    assert [d["index"] for d in two] == [0, 1] and len(two[0]["embedding"]) > 10


FAULTS = {"error_429": {429}, "error_500": {500}, "error_503": {503}, "stall": {504}, "garbage": {502}}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("streaming", [False, True])
def test_simulated_faults_are_told(gateway, fault, streaming):
    answer = gateway(sim_config(**{fault: 1.0})).chat(**({"stream": True} if streaming else {}))
    assert answer.status in FAULTS[fault] and answer.error(), answer


def test_a_simulated_cut_is_never_a_success(gateway):
    gw = gateway(sim_config(cut=1.0))
    plain = gw.chat()
    assert plain.status == 502 and plain.error(), plain
    streamed = gw.chat(stream=True)
    assert b"[DONE]" not in streamed.body
    assert streamed.status == 502 or "error" in streamed.data()[-1], streamed


def test_the_same_seed_throws_the_same_dice(gateway):
    runs = [
        [gw.chat().status for _ in range(30)]
        for gw in (gateway(sim_config(tokens=1, error_500=0.5, seed=s)) for s in (7, 7, 8))
    ]
    assert runs[0] == runs[1] != runs[2]
    assert 3 < runs[0].count(500) < 27
