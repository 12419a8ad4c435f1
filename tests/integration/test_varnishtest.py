"""varnishtest, an independent scripted client and server, plays vtc/*.vtc through the gateway."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from harness.gateway import config

SCRIPTS = sorted((Path(__file__).parent / "vtc").glob("*.vtc"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.stem)
def test_vtc(gateway, script, tmp_path):
    tool = shutil.which("varnishtest")
    assert tool, "varnishtest is not installed (Debian package varnish)"
    with socket.create_server(("127.0.0.1", 0)) as probe:  # free until varnishtest's server takes it
        upstream = f"127.0.0.1:{probe.getsockname()[1]}"
    gw = gateway(config(f"http://{upstream}/v1", attempts={"max": 1, "idle_timeout": "1s"}))
    result = subprocess.run(
        [tool, "-D", f"upstream={upstream}", "-D", f"gateway=127.0.0.1:{gw.port}", str(script)],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=60,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(tmp_path)},
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-5000:]
