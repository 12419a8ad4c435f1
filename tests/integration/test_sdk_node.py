"""The official Node SDK as client: runs node/*.test.mjs with Node's own test runner before aimock and the gateway."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.gateway import config
from harness.mock import Close, WaitPeerClose, chat_events, error, ok, stream
from harness.node import node_command

SCRIPTS = sorted((Path(__file__).parent / "node").glob("*.test.mjs"))


def answer(exchange):
    """The scripted upstream's answers, chosen by the last user message."""
    body = exchange.json()
    return {
        "broken stream": stream(chat_events(["one", "two"])[:3], end=[Close()]),
        "endless": stream(chat_events(["one", "two"])[:2], end=[WaitPeerClose()]),
        "silence": [WaitPeerClose()],
        "unavailable": error(503),
    }.get(body["messages"][-1]["content"], ok())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_node(gateway, upstream, aimock, node_modules, script, tmp_path):
    mock = upstream(answer)
    settings = config(aimock.url, mock.url)
    settings["targets"]["t0"]["model"] = "*"
    settings["routes"] = [
        {
            "name": "aimock",
            "match": {"model": ["gpt-4o-mini", "text-embedding-3-small", "omni-moderation-latest"]},
            "targets": ["t0"],
            "attempts": {"max": 1},
        },
        {
            "name": "scripted",
            "match": {"model": "smart"},
            "targets": ["t1"],
            "retries": 1,
            "attempts": {"max": 2, "backoff": "5ms"},
        },
    ]
    gw = gateway(settings)
    # Packages are found beside the file that imports them, so the script runs from the folder of the packages.
    copy = node_modules / f"{os.getpid()}-{script.name}"
    copy.write_bytes(script.read_bytes())
    try:
        result = subprocess.run(
            [*node_command(), "--test", "--test-reporter=tap", str(copy)],
            cwd=node_modules,
            text=True,
            capture_output=True,
            timeout=120,
            env={**os.environ, "GATEWAY": f"http://127.0.0.1:{gw.port}/v1"},
        )
    finally:
        copy.unlink()
    assert result.returncode == 0, f"{result.stdout[-6000:]}\n{result.stderr[-2000:]}\n{gw.log()[-2000:]}"
    assert int(re.search(r"^# pass (\d+)", result.stdout, re.M)[1]) >= 5, result.stdout
    cancelled = [e for e in mock.exchanges if e.json()["messages"][-1]["content"] in ("endless", "silence")]
    assert all(e.peer_closed.wait(3) for e in cancelled)
    assert len([e for e in mock.exchanges if e.json()["messages"][-1]["content"] == "unavailable"]) in (0, 2)
