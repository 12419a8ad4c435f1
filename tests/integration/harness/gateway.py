"""The gateway as a process: writes its configuration, starts it, finds its ports, stops it and judges how it ended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from .client import Client, Response, call, eventually

SANITIZER_REPORT = re.compile(
    r"(ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer).*"
)
START_TIMEOUT = 30.0  # seconds; a sanitizer build on a busy machine starts slowly
STOP_TIMEOUT = 20.0


def binary() -> str:
    """The program under test: FLUXGATE_BIN, or build/fluxgate of this tree."""
    path = os.environ.get("FLUXGATE_BIN") or str(Path(__file__).resolve().parents[3] / "build" / "fluxgate")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"no program at {path}: build it, or set FLUXGATE_BIN")
    return path


def provider(url: str, **extra) -> dict:
    return {"kind": "openai_compatible", "base_url": url, "api_key": "sk-provider", "allow_private": True, **extra}


def config(*urls: str, attempts: dict | None = None, route: dict | None = None, **sections) -> dict:
    """One route `smart` over one target per URL (t0, t1 ...), in that order, all with the model `upstream-model`."""
    names = [f"t{i}" for i in range(len(urls))]
    out = {
        "listen": {"address": "127.0.0.1:0"},
        "admin": {"address": "127.0.0.1:0"},
        "workers": 1,
        "log": {"level": "debug"},
        "drain": {"delay": "0ms", "timeout": "3s"},
        "providers": {f"p{i}": provider(url) for i, url in enumerate(urls)},
        "targets": {n: {"provider": f"p{i}", "model": "upstream-model"} for i, n in enumerate(names)},
        "routes": [
            {
                "name": "smart",
                "match": {"model": "smart"},
                "targets": names[:1],
                "fallback": names[1:],
                "attempts": {
                    "max": 3,
                    "deadline": "10s",
                    "connect_timeout": "2s",
                    "first_token_timeout": "5s",
                    "idle_timeout": "5s",
                    "backoff": "5ms",
                    **(attempts or {}),
                },
                **(route or {}),
            }
        ],
    }
    if not names[1:]:
        del out["routes"][0]["fallback"]
    out.update(sections)
    return out


class Gateway:
    def __init__(
        self,
        settings: dict | str,
        folder: Path,
        *,
        env: dict | None = None,
        arguments: list[str] = (),
        wait: bool = True,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "fluxgate.yaml"
        self.log_file = folder / "fluxgate.log"
        self.write(settings)
        self.stopped = False
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [binary(), "serve", "--config", str(self.file), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **(env or {})},
            )
        self.port = self.admin_port = 0
        if wait:
            try:
                self._find_ports()
            except BaseException:
                self.kill()
                raise

    def write(self, settings: dict | str) -> None:
        """Replaces the configuration file in one step. JSON is YAML, so a dict is written as JSON."""
        text = settings if isinstance(settings, str) else json.dumps(settings, indent=1)
        temporary = self.file.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(self.file)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def _find_ports(self) -> None:
        def ports():
            text = self.log()
            if self.process.poll() is not None:
                raise AssertionError(f"ended at start with {self.process.returncode}:\n{text[-4000:]}")
            client = re.search(r"(?<!admin )listening on https?://[^\s\"]*:(\d+)", text)
            admin = re.search(r"admin (?:listening )?on https?://[^\s\"]*:(\d+)", text)
            return client and admin and (int(client[1]), int(admin[1]))

        try:
            self.port, self.admin_port = eventually(ports, START_TIMEOUT, "ports in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-4000:]}") from error
        eventually(lambda: self.ready() == 200, START_TIMEOUT, "/readyz 200")

    # --- talking to it ---
    def admin(self, path: str, method: str = "GET") -> Response:
        return call(self.admin_port, method, path)

    def ready(self) -> int:
        try:
            return self.admin("/readyz").status
        except ConnectionError:
            return 0

    def metrics(self) -> str:
        response = self.admin("/metrics")
        assert response.status == 200, response
        return response.body.decode()

    def metric(self, name: str, **labels) -> float:
        """Sum of the samples of `name` whose labels include `labels`; 0 if there is none."""
        total = 0.0
        for line in self.metrics().splitlines():
            found = re.fullmatch(rf"{re.escape(name)}(?:\{{(.*)\}})? (\S+)", line)
            if found:
                have = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found[1] or ""))
                if all(have.get(k) == v for k, v in labels.items()):
                    total += float(found[2])
        return total

    def connect(self, **options) -> Client:
        return Client(self.port, **options)

    def call(self, method: str, path: str, body=None, headers=None, **options) -> Response:
        return call(self.port, method, path, body, headers, **options)

    def chat(self, *, model: str = "smart", headers=None, **fields) -> Response:
        """A chat completion for `model`; further fields go into the body."""
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], **fields}
        return self.call("POST", "/v1/chat/completions", body, headers)

    # --- ending it ---
    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def reload(self) -> None:
        self.signal(signal.SIGHUP)

    def wait(self, within: float = STOP_TIMEOUT) -> int:
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {within} s after it was told to stop:\n{self.log()[-3000:]}") from None

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.stopped = True

    def stop(self) -> None:
        """TERM; a clean exit and no sanitizer report are part of every test."""
        if self.stopped:
            return
        self.stopped = True
        started = time.monotonic()
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.wait()
        text = self.log()
        report = SANITIZER_REPORT.search(text)
        assert not report, f"sanitizer report: {text[report.start() : report.start() + 6000]}"
        assert code == 0, f"exit status {code} after {time.monotonic() - started:.1f} s:\n{text[-4000:]}"
