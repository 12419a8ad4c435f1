"""The metrics page, judged by promtool and by a real Prometheus that scrapes it."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from harness.client import eventually
from harness.gateway import config
from harness.mock import Reset, chat_events, error, ok, stream


def tool(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is not installed (Debian package prometheus)"
    return path


def traffic(gw, good, bad) -> None:
    """A known set of requests: 5 plain, 3 streams, 1 broken stream, 1 retry, 1 unknown model."""
    good.script(ok())
    for _ in range(5):
        assert gw.chat().status == 200
    good.script(stream(chat_events(["a", "b"], usage=True)))
    for _ in range(3):
        assert gw.chat(stream=True).status == 200
    good.script(stream(chat_events(["a"])[:2], end=[Reset()]))
    gw.chat(stream=True)
    good.script(error(503), ok())
    bad.script(ok())
    assert gw.chat().status == 200
    assert gw.chat(model="nothing").status == 404


@pytest.fixture
def busy(gateway, upstream):
    good, bad = upstream(ok()), upstream(ok())
    settings = config(good.url, bad.url, route={"name": "smart"})
    settings["workers"] = 2
    gw = gateway(settings)
    traffic(gw, good, bad)
    return gw


def test_promtool_accepts_the_page(busy):
    result = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=busy.metrics(), text=True, capture_output=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    fresh = busy.admin("/metrics")
    assert fresh.headers["content-type"].startswith("text/plain; version=0.0.4") and fresh.body.endswith(b"\n")


def test_the_numbers_are_the_traffic(busy):
    assert busy.metric("fluxgate_requests_total", route="smart", code="200") == 10
    assert busy.metric("fluxgate_requests_total", code="404") == 1
    assert busy.metric("fluxgate_attempts_total", target="t0", outcome="success") >= 8
    assert busy.metric("fluxgate_attempts_total", target="t1", outcome="success") == 1
    assert busy.metric("fluxgate_attempts_total") == 11
    assert busy.metric("fluxgate_retries_total", route="smart") == 1
    assert busy.metric("fluxgate_streams_broken_total") == 1
    assert busy.metric("fluxgate_upstream_connections_total", reused="true") >= 7
    assert busy.metric("fluxgate_requests_in_flight") == 0
    assert busy.metric("fluxgate_request_duration_seconds_count", route="smart") == 10
    assert busy.metric("fluxgate_time_to_first_token_seconds_count") == 4
    # 6 plain answers of 5 in, 7 out; 3 streams of 5 in, 2 out
    assert busy.metric("fluxgate_tokens_total", kind="input") == 45
    assert busy.metric("fluxgate_tokens_total", kind="output") == 48
    assert busy.metric("fluxgate_config_last_reload_successful") == 1
    assert busy.metric("fluxgate_build_info") == 1
    assert abs(busy.metric("process_start_time_seconds") - time.time()) < 600
    assert busy.metric("process_open_fds") > 3 and busy.metric("process_resident_memory_bytes") > 1e6


def test_no_label_carries_what_clients_choose(busy):
    for number in range(30):
        busy.chat(model=f"made-up-{number}", user=f"user-{number}")
        busy.call("GET", f"/made/up/{number}")
    page = busy.metrics()
    assert "made-up" not in page and "user-1" not in page and "/made" not in page
    assert "sk-provider" not in page and len(page) < 500_000


def test_histograms_are_consistent(busy):
    page = busy.metrics()
    buckets: dict[str, list] = {}
    for name, labels, value in re.findall(r"^(\w+)_bucket\{(.*)\} (\S+)$", page, re.M):
        le = re.search(r'le="([^"]+)"', labels)[1]
        series = name + "{" + re.sub(r',?le="[^"]+"', "", labels) + "}"
        buckets.setdefault(series, []).append((float(le.replace("+Inf", "inf")), float(value)))
    assert buckets
    for series, rows in buckets.items():
        assert [r[0] for r in rows] == sorted(r[0] for r in rows) and rows[-1][0] == float("inf"), series
        assert [r[1] for r in rows] == sorted(r[1] for r in rows), series


def test_prometheus_scrapes_it_and_answers_queries(busy, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "prometheus.yml").write_text(
        "global: { scrape_interval: 200ms, scrape_timeout: 200ms }\n"
        "scrape_configs:\n  - job_name: fluxgate\n    static_configs:\n"
        f"      - targets: ['127.0.0.1:{busy.admin_port}']\n"
    )
    with open(tmp_path / "prometheus.log", "wb") as log:
        server = subprocess.Popen(
            [
                tool("prometheus"),
                f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def query(expression: str):
        assert server.poll() is None, (tmp_path / "prometheus.log").read_text()
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]["result"]
        except (urllib.error.URLError, ConnectionError):
            return []

    try:
        eventually(lambda: query('up{job="fluxgate"} == 1'), 30, "the target is up")
        result = eventually(lambda: query('sum(fluxgate_requests_total{route="smart",code="200"})'), 15, "a sample")
        assert float(result[0]["value"][1]) == 10
        quantile = query(
            'histogram_quantile(0.5, sum by (le) (fluxgate_request_duration_seconds_bucket{route="smart"}))'
        )
        assert 0 < float(quantile[0]["value"][1]) < 10
        assert float(query("sum(fluxgate_tokens_total)")[0]["value"][1]) > 0
    finally:
        server.terminate()
        server.wait(20)


def test_admin_pages(busy):
    for path in ("/livez", "/readyz"):
        assert busy.admin(path).status == 200
    assert busy.admin("/nothing").status == 404
    assert busy.admin("/metrics", "POST").status == 405
    head = busy.admin("/livez", "HEAD")
    assert head.status == 200 and head.body == b""


def test_dashboards_and_alerts_name_only_what_is_exported(busy, tmp_path):
    page = tmp_path / "metrics.txt"
    page.write_text(busy.metrics())
    script = Path(__file__).with_name("check_dashboards.py")
    result = subprocess.run([sys.executable, str(script), str(page)], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
