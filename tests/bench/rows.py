"""What is measured: the mock's shapes, the load of each row, and how a window becomes a number."""

import statistics
from dataclasses import dataclass, field

BURST_TOKENS = 512
BATCH = 8
PACED_TOKENS = 150
SHORT_TOKENS = 32
PACED_STREAMS = 200

# name -> flags of the mock's --shape
SHAPES = {
    "plain": "reply=400",
    "burst": f"tokens={BURST_TOKENS}",
    "batch": f"tokens={BURST_TOKENS},batch={BATCH}",
    "short": f"tokens={SHORT_TOKENS}",
    "paced": f"tokens={PACED_TOKENS},interval_us=20000",
    "idle": "tokens=2,interval_us=300000000",  # one event, then silence for longer than anything here lasts
    "tls_plain": "reply=400,tls=1",
    "tls_burst": f"tokens={BURST_TOKENS},tls=1",
}


@dataclass
class Load:
    """One kind of window: the shape it asks for and the load generator's flags."""

    key: str
    shape: str
    flags: dict = field(default_factory=dict)
    timed: bool = True  # lasts as long as a window; otherwise until its requests are answered


def stream(tokens, **more):
    return {"stream": 1, "expect-tokens": tokens, **more}


LOADS = [
    Load("small", "plain", {"body-bytes": 300}),
    Load("medium", "plain", {"body-bytes": 20_000}),
    Load("large", "plain", {"body-bytes": 400_000}),
    Load("burst", "burst", stream(BURST_TOKENS)),
    Load("batch", "batch", stream(BURST_TOKENS)),
    Load("paced", "paced", stream(PACED_TOKENS, connections=PACED_STREAMS, requests=PACED_STREAMS) | {"ramp-ms": 200},
         timed=False),
    Load("tls_small", "tls_plain", {"body-bytes": 300}),
    Load("tls_medium", "tls_plain", {"body-bytes": 20_000}),
    Load("tls_burst", "tls_burst", stream(BURST_TOKENS)),
    Load("single", "plain", {"body-bytes": 300, "connections": 1}),
    Load("single_stream", "short", stream(SHORT_TOKENS, connections=1)),
]


def per_request(window):
    return window["cpu_ns"] / 1000 / window["requests"]


def per_token(window):
    return window["cpu_ns"] / 1000 / window["tokens"]


def rate(window):
    return window["requests"] / window["seconds"]


def added(metric, percentile):
    """The proxy's figure minus the one without a proxy in the same repeat."""

    def value(window, direct):
        return window[metric][percentile] - direct[metric][percentile]

    return value


@dataclass
class Row:
    title: str
    load: str
    value: object           # window -> number, or (window, direct window) -> number
    needs_direct: bool = False
    ratio: bool = True      # shown beside nginx's
    digits: int = 1


ROWS = [
    Row("CPU µs/request, 32 connections, 300 B body", "small", per_request),
    Row("CPU µs/request, 32 connections, 20 KB body", "medium", per_request),
    Row("CPU µs/request, 32 connections, 400 KB body", "large", per_request),
    Row("CPU µs/token, 32 streams back to back", "burst", per_token, digits=2),
    Row(f"CPU µs/token, the same, {BATCH} tokens per upstream write", "batch", per_token, digits=2),
    Row(f"CPU µs/token, {PACED_STREAMS} streams, one token per 20 ms", "paced", per_token),
    Row("CPU µs/request, TLS upstream, 300 B body", "tls_small", per_request),
    Row("CPU µs/request, TLS upstream, 20 KB body", "tls_medium", per_request),
    Row("CPU µs/token, TLS upstream, 32 streams back to back", "tls_burst", per_token, digits=2),
    Row("requests/s, 32 connections, 300 B body", "small", rate, digits=0),
    Row("added latency, one connection, p50 µs", "single", added("latency_us", "p50"), True, False),
    Row("added latency, one connection, p99 µs", "single", added("latency_us", "p99"), True, False),
    Row("added time to first token, one stream, p50 µs", "single_stream", added("first_byte_us", "p50"), True, False),
    Row("added time to first token, one stream, p99 µs", "single_stream", added("first_byte_us", "p99"), True, False),
    Row(f"added time for a {SHORT_TOKENS}-token stream, p50 µs", "single_stream", added("latency_us", "p50"), True,
        False),
    Row("added gap between paced tokens, p99 µs", "paced", added("gap_us", "p99"), True, False),
]


def row_values(row, windows, proxy):
    """The row's value in each repeat that is valid, in order."""
    values = []
    for repeat, window in sorted(windows.get((row.load, proxy), {}).items()):
        if not row.needs_direct:
            values.append(row.value(window))
            continue
        direct = windows.get((row.load, "direct"), {}).get(repeat)
        if direct is not None:
            values.append(row.value(window, direct))
    return values


def median(values):
    return statistics.median(values) if values else None
