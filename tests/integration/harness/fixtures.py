"""The pytest fixtures of the integration and chaos tests; a conftest.py imports them all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .gateway import Gateway
from .mock import Mock
from .node import Aimock, install


@pytest.fixture
def upstream():
    """A function that makes scripted upstreams; what the gateway sent them must have been proper HTTP."""
    made: list[Mock] = []

    def make(*answers, tls=None) -> Mock:
        mock = Mock(tls)
        made.append(mock)
        return mock.script(*answers) if answers else mock

    yield make
    for mock in made:
        mock.stop()
    for mock in made:
        assert not mock.faults, mock.faults


@pytest.fixture
def gateway(tmp_path: Path):
    """A function that starts gateways; each is stopped with TERM and must end with 0 and no sanitizer report."""
    made: list[Gateway] = []

    def start(settings, **options) -> Gateway:
        made.append(Gateway(settings, tmp_path / f"gateway{len(made)}", **options))
        return made[-1]

    yield start
    failures = []
    for one in made:
        try:
            one.stop()
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return install()


@pytest.fixture(scope="session")
def aimock(node_modules: Path, tmp_path_factory):
    server = Aimock(node_modules, tmp_path_factory.mktemp("aimock"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def recording():
    """A function: (request bytes, status, response headers, response bytes) of a recorded exchange in data/."""
    folder = Path(__file__).resolve().parents[1] / "data"

    def load(name: str):
        record = json.loads((folder / f"{name}.json").read_text())
        return record

    return load
