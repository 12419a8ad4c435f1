"""HTTP/1.1 as raw bytes on real connections: framing, smuggling, pipelining, limits, slow clients.

Every refused request carries a second, well-formed one behind it: were it ever taken for a request, the upstream would
see it. The proof of each case is what the upstream saw, not only the status.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.client import Client, build_request, eventually
from harness.gateway import Gateway, config
from harness.mock import Mock, chat_events, ok, stall, stream

BODY = b'{"model":"smart","messages":[]}'
N = len(BODY)
SMUGGLED = build_request("POST", "/v1/chat/completions", BODY, {"X-Smuggled": "1"})
GOOD = build_request("POST", "/v1/chat/completions", BODY)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    mock = Mock()
    settings = config(
        mock.url,
        limits={"request_body": 100_000, "head_timeout": "1s", "body_idle_timeout": "1s", "keep_alive_timeout": "30s"},
    )
    gw = Gateway(settings, tmp_path_factory.mktemp("http"))
    yield gw, mock
    mock.stop()
    gw.stop()
    assert not mock.faults, mock.faults


def post(
    *lines: bytes,
    body: bytes = BODY,
    target: bytes = b"/v1/chat/completions",
    version: bytes = b"HTTP/1.1",
    host: bytes = b"Host: a\r\n",
    length: bool = True,
) -> bytes:
    """A POST with the given field lines; Content-Length is added unless `length` is false."""
    fields = b"".join(line + b"\r\n" for line in lines)
    size = b"Content-Length: %d\r\n" % len(body) if length else b""
    return (
        b"POST "
        + target
        + b" "
        + version
        + b"\r\n"
        + host
        + b"Content-Type: application/json\r\n"
        + size
        + fields
        + b"\r\n"
        + body
    )


CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (N, BODY)


def chunked(body: bytes, *lines: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", *lines, body=body, length=False)


# name: (bytes, statuses allowed). All must be refused, close the connection, and reach no upstream.
REFUSED = {
    # 1-6: transfer codings
    "CL then TE": (post(b"Transfer-Encoding: chunked", body=CHUNKED), {400}),
    "TE then CL": (chunked(CHUNKED, b"Content-Length: 5"), {400}),
    "xchunked": (post(b"Transfer-Encoding: xchunked", body=b"", length=False), {400, 501}),
    "identity": (post(b"Transfer-Encoding: identity", body=b"", length=False), {400, 501}),
    "chunked, gzip": (post(b"Transfer-Encoding: chunked, gzip", body=CHUNKED, length=False), {400, 501}),
    "chunked, chunked": (post(b"Transfer-Encoding: chunked, chunked", body=CHUNKED, length=False), {400}),
    "comma chunked": (post(b"Transfer-Encoding: ,chunked", body=CHUNKED, length=False), {400}),
    "chunked;q=1": (post(b"Transfer-Encoding: chunked;q=1", body=CHUNKED, length=False), {400}),
    "gzip, chunked": (post(b"Transfer-Encoding: gzip, chunked", body=CHUNKED, length=False), {400, 501}),
    "quoted chunked": (post(b'Transfer-Encoding: "chunked"', body=CHUNKED, length=False), {400, 501}),
    "chunked with a vertical tab": (post(b"Transfer-Encoding: \x0bchunked", body=CHUNKED, length=False), {400}),
    "Connection lists Content-Length": (post(b"Connection: content-length"), {400}),
    "Connection lists Transfer-Encoding": (chunked(CHUNKED, b"Connection: transfer-encoding"), {400}),
    "empty TE": (post(b"Transfer-Encoding:", body=CHUNKED, length=False), {400, 501}),
    "unknown TE with CL": (post(b"Transfer-Encoding: xchunked"), {400, 501}),
    "TE in HTTP/1.0": (post(b"Transfer-Encoding: chunked", body=CHUNKED, length=False, version=b"HTTP/1.0"), {400}),
    "two TE lines": (chunked(CHUNKED, b"Transfer-Encoding: chunked"), {400}),
    "TE with underscore": (post(b"Transfer_Encoding: chunked"), {400}),
    # 7-8: Content-Length
    "CL differs": (post(b"Content-Length: 5"), {400}),
    "CL twice the same": (post(b"Content-Length: %d" % N), {400}),
    "CL list": (post(b"Content-Length: %d, %d" % (N, N), length=False), {400}),
    **{
        f"CL {v!r}": (post(b"Content-Length: " + v, length=False), {400, 413})
        for v in [
            b"+%d" % N,
            b"-1",
            b"0x1f",
            b"3_1",
            b"",
            b"31;",
            b"3 1",
            b"99999999999999999999999",
            b"31.0",
            b"1e1",
            b"\xb3\xb1",
        ]
    },
    # 9-11: lines
    "obs-fold": (post(b"X-A: b\r\n c"), {400}),
    "obs-fold in TE": (post(b"Transfer-Encoding:\r\n chunked", body=CHUNKED, length=False), {400}),
    "space before colon": (post(b"X-A : b"), {400}),
    "space before colon of TE": (post(b"Transfer-Encoding : chunked", body=CHUNKED, length=False), {400}),
    "space before the first header": (post(host=b" Host: a\r\n"), {400}),
    "no colon": (post(b"X-A"), {400}),
    "empty name": (post(b": b"), {400}),
    "brackets in a name": (post(b"X[A]: b"), {400}),
    "high byte in a name": (post(b"X-\xe9: b"), {400}),
    "NUL in a value": (post(b"X-A: b\x00c"), {400}),
    "bare CR in a value": (post(b"X-A: b\rX-B: c"), {400}),
    "control byte in a value": (post(b"X-A: b\x07c"), {400}),
    "bare LF lines": (post().replace(b"\r\n", b"\n"), {400}),
    "one bare LF": (post(b"X-A: b\nX-B: c"), {400}),
    "CR CR LF": (post(b"X-A: b\r"), {400}),
    "head ends with CR X": (post(b"X-A: b")[: -N - 2] + b"\rX" + BODY, {400}),
    # 13: Host
    "no Host": (post(host=b""), {400}),
    "two Hosts": (post(b"Host: b"), {400}),
    "two Hosts, the same": (post(b"Host: a"), {400}),
    **{
        f"Host {v!r}": (post(host=b"Host: " + v + b"\r\n"), {400})
        for v in [
            b"",
            b"a b",
            b"foo?",
            b"foo/",
            b"x#",
            b"u@h",
            b"[::1",
            b"a:99999999",
            b"a:b",
            b"a\\b",
            b"a,b",
            b"http://a",
        ]
    },
    # 14-17: the request line
    "authority differs from Host": (post(target=b"http://other.test/v1/chat/completions"), {400}),
    "asterisk": (post(target=b"*"), {400, 404}),
    "fragment": (post(target=b"/v1/chat/completions#x"), {400}),
    "high bytes in the target": (post(target=b"/v1/\xe9"), {400}),
    "no leading slash": (post(target=b"v1/chat/completions"), {400}),
    "encoded NUL": (post(target=b"/v1/chat/completions%00"), {400, 404}),
    "encoded slash": (post(target=b"/v1%2fchat/completions"), {400, 404}),
    "encoded backslash": (post(target=b"/v1%5cchat/completions"), {400, 404}),
    "bad percent": (post(target=b"/v1/chat/completions%zz"), {400, 404}),
    "space in the target": (post(target=b"/v1/chat completions"), {400}),
    "two spaces": (post(target=b" /v1/chat/completions"), {400}),
    "tab": (post().replace(b"POST /", b"POST\t/", 1), {400}),
    "HTTP/2.0": (post(version=b"HTTP/2.0"), {505, 400}),
    "HTTP/9.9": (post(version=b"HTTP/9.9"), {505, 400}),
    "lower case version": (post(version=b"http/1.1"), {400}),
    "no version": (post(version=b"")[:0] + b"POST /v1/chat/completions\r\nHost: a\r\n\r\n", {400}),
    "HTTP/1.1 with a tail": (post(version=b"HTTP/1.1x"), {400}),
    "HTTP/11.1": (post(version=b"HTTP/11.1"), {400, 505}),
    "malformed method": (post().replace(b"POST", b"PO(ST", 1), {400}),
    "h2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505, 405, 501}),
    "tls hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x11" * 600 + b"\r\n\r\n", {400}),
    # 18-20: sizes
    "long request line": (post(target=b"/v1/models?" + b"a" * 9_000), {414}),
    "endless request line": (b"GET /" + b"a" * 200_000, {414}),
    "big head": (post(*[b"X-%d: " % i + b"a" * 1000 for i in range(40)]), {431}),
    "one big field": (post(b"X-A: " + b"a" * 60_000), {431}),
    "too many fields": (post(*[b"X-%d: a" % i for i in range(120)]), {431}),
    "body over the limit": (post(body=b" " * 200_000), {413}),
    "body over the limit, chunked": (chunked(b"30d40\r\n" + b" " * 200_000 + b"\r\n0\r\n\r\n"), {413}),
    "huge length, no body": (post(b"Content-Length: 99999999999", length=False, body=b""), {413}),
    # 21-23: chunks
    **{
        f"chunk size {v!r}": (chunked(v + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), {400, 413})
        for v in [
            b"0x1f",
            b"+1f",
            b"-1",
            b" 1f",
            b"1f ",
            b"",
            b"1fzz",
            b"1_f",
            b"fffffffffffffffff",
            b"1f\x00",
            b"ffffffffffffffff",
        ]
    },
    "chunk size ended by LF": (chunked(b"1f\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
    "chunk data not ended by CRLF": (chunked(b"1f\r\n" + BODY + b"XX0\r\n\r\n"), {400}),
    "chunk data ended by LF": (chunked(b"1f\r\n" + BODY + b"\n0\r\n\r\n"), {400}),
    "chunk extension too long": (chunked(b"1f;x=" + b"a" * 100_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
    "CR in a chunk extension": (chunked(b"1f;a\rb\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
    "LF in a chunk extension": (chunked(b"1f;a\nb\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
    "trailers too big": (
        chunked(b"1f\r\n" + BODY + b"\r\n0\r\n" + b"X-T: " + b"a" * 100_000 + b"\r\n\r\n"),
        {400, 431},
    ),
    "malformed trailer": (chunked(b"1f\r\n" + BODY + b"\r\n0\r\nX T: a\r\n\r\n"), {400}),
    # 27, 32
    "other expectation": (post(b"Expect: tea"), {417}),
    "CONNECT": (b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n", {400, 405, 501}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_and_closed_and_nothing_behind_it_is_read(pair, name):
    gw, mock = pair
    data, statuses = REFUSED[name]
    mock.script(ok())
    with gw.connect() as client:
        try:
            client.send(data + SMUGGLED)
        except (ConnectionError, OSError):
            pass  # refused and closed while we were still sending
        answer = client.response()
        assert answer.status in statuses, answer
        answer.error()
        assert answer.headers["connection"] == "close" and answer.complete
        assert client.closed_by_peer(), "the connection stayed open"
    assert mock.count == 0, f"the upstream saw {mock.exchanges[0].raw!r}"


ACCEPTED = {
    "plain": post(),
    "chunked": chunked(CHUNKED),
    "chunked, any case": post(b"TRANSFER-ENCODING: Chunked", body=CHUNKED, length=False),
    "many chunks": chunked(b"".join(b"1\r\n%c\r\n" % c for c in BODY) + b"0\r\n\r\n"),
    "chunk size with zeros and capitals": chunked(b"0001F\r\n" + BODY + b"\r\n000\r\n\r\n"),
    "short chunk extension": chunked(b"1f;name=value\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "trailers": chunked(b"1f\r\n" + BODY + b"\r\n0\r\nAuthorization: Bearer trailer\r\nX-Trailer: 1\r\n\r\n"),
    "empty line before": b"\r\n" + post(),
    "no white space after the colon": post(b"X-A:b"),
    "tabs around a value": post(b"X-A: \t b\t "),
    "absolute form": post(target=b"http://a/v1/chat/completions"),
    "query": post(target=b"/v1/chat/completions?api-version=2024"),
    "upgrade": post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    "high bytes in a value": post(b"X-A: caf\xc3\xa9"),
    "expect in capitals": post(b"Expect: 100-Continue"),
    "99 fields": post(*[b"X-%d: a" % i for i in range(90)]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_and_the_connection_is_kept(pair, name):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(ACCEPTED[name])
        first = client.response()
        assert first.status == 200 and first.complete, first
        client.send(GOOD)
        assert client.response().status == 200
    assert mock.count == 2
    sent = mock.exchanges[0]
    assert sent.body == BODY.replace(b'"smart"', b'"upstream-model"') and sent.framing == "length"
    for name_ in (
        "transfer-encoding",
        "te",
        "upgrade",
        "http2-settings",
        "keep-alive",
        "expect",
        "trailer",
        "x-trailer",
        "proxy-connection",
    ):
        assert name_ not in sent.headers, sent.headers
    assert b"trailer" not in sent.raw and sent.headers["host"] == f"127.0.0.1:{mock.port}"
    assert "connection" not in sent.headers or sent.headers["connection"].lower() == "keep-alive"


@pytest.mark.parametrize("version", [b"HTTP/1.2", b"HTTP/1.9"])
def test_higher_minor_versions(pair, version):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        answer = client.send(post(version=version)).response()
        assert answer.status in (200, 400, 505) and mock.count == (answer.status == 200), answer


def test_http_1_0_is_answered_and_closed(pair):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(post(version=b"HTTP/1.0"))
        answer = client.response()
        if answer.status == 200:
            assert answer.framing in ("length", "close") and client.closed_by_peer()
        else:
            assert answer.status in (400, 505) and answer.error()


def test_http_1_0_stream_is_not_chunked(pair):
    gw, mock = pair
    mock.script(stream(chat_events(["a"])))
    with gw.connect() as client:
        client.send(post(version=b"HTTP/1.0", body=b'{"model":"smart","messages":[],"stream":true}'))
        answer = client.response()
        assert answer.status in (400, 505) or (answer.framing == "close" and answer.text() == "a"), answer


# --- 24, 25: connection-listed fields ---
def test_connection_listed_fields_are_dropped_but_never_our_own(pair):
    gw, mock = pair
    mock.script(ok())
    answer = gw.call(
        "POST",
        "/v1/chat/completions",
        BODY,
        [
            ("Connection", "keep-alive, X-Hop, authorization, content-type"),
            ("X-Hop", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "keep-alive"),
            ("TE", "trailers"),
            ("Authorization", "Bearer me"),
        ],
    )
    assert answer.status == 200, answer
    sent = mock.last
    assert sent.headers["authorization"] == "Bearer sk-provider" and sent.headers["content-type"]
    assert sent.headers["content-length"] == str(len(sent.body)) and "x-hop" not in sent.headers
    assert not {"keep-alive", "proxy-connection", "te"} & set(sent.headers.names())


# --- 27: Expect ---
def test_expect_gets_100_only_when_the_body_is_wanted(pair):
    gw, mock = pair
    mock.script(ok())
    head_, body = post(b"Expect: 100-continue")[:-N], BODY
    with gw.connect() as client:
        client.send(head_)
        assert client.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        answer = client.send(body).response()
        assert answer.status == 200 and answer.interim == []
    assert mock.count == 1 and "expect" not in mock.last.headers


@pytest.mark.parametrize(
    "head_,status",
    [
        (post(b"Expect: 100-continue", b"Content-Length: 5000000", body=b"", length=False), 413),
        (post(b"Expect: 100-continue", target=b"/v1/nothing"), 404),
        (post(b"Expect: 100-continue").replace(b"POST", b"PUT", 1), 405),
        (post(b"Expect: 100-continue", b"Content-Encoding: gzip"), 415),
    ],
)
def test_expect_gets_the_final_status_where_the_head_decides(pair, head_, status):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(head_.split(b"\r\n\r\n")[0] + b"\r\n\r\n")  # and no body, ever
        answer = client.response()
        assert answer.status == status and answer.interim == [], answer
        assert answer.headers["connection"] == "close" and client.closed_by_peer()


# --- 28, 29: bodies nobody reads ---
def test_an_early_answer_reaches_a_client_that_is_still_sending(pair):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(post(b"Content-Length: 20000000", length=False, body=b"")[:])
        sent = 0
        try:
            for _ in range(200):
                client.send(b" " * 100_000)
                sent += 100_000
        except (ConnectionError, OSError):
            pass
        answer = client.response()
        assert answer.status == 413 and answer.error() and sent < 20_000_000, answer


@pytest.mark.parametrize("target,status", [(b"/v1/nothing", 404), (b"/v1/models", 405)])
def test_an_unread_body_is_never_the_next_request(pair, target, status):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(post(target=target, body=SMUGGLED))
        answer = client.response()
        assert answer.status == status, answer
        if answer.headers.get("connection") == "close":
            assert client.closed_by_peer()
        else:
            assert client.send(GOOD).response().status == 200
            assert mock.count == 1
            return
    assert mock.count == 0


def test_a_body_on_get_is_never_the_next_request(pair):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(b"GET /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
        assert client.response().status in (200, 400)
    time.sleep(0.1)
    assert mock.count == 0


# --- 30: pipelining ---
def numbered(exchange):
    return ok(str(exchange.json()["n"]))


def pipelined(count: int) -> bytes:
    return b"".join(
        build_request("POST", "/v1/chat/completions", {"model": "smart", "messages": [], "n": i}) for i in range(count)
    )


def test_pipelined_requests_are_answered_in_order(pair):
    gw, mock = pair
    mock.script(numbered)
    with gw.connect() as client:
        client.send(pipelined(5) + b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n" + pipelined(1))
        for i in range(5):
            assert client.response().json()["choices"][0]["message"]["content"] == str(i)
        assert client.response().json()["object"] == "list"
        assert client.response().json()["choices"][0]["message"]["content"] == "0"
    assert [e.json()["n"] for e in mock.exchanges] == [0, 1, 2, 3, 4, 0]


def test_a_bad_request_behind_good_ones_does_not_hurt_them(pair):
    gw, mock = pair
    mock.script(numbered)
    with gw.connect() as client:
        client.send(pipelined(2) + b"BAD\r\n\r\n" + SMUGGLED)
        assert [client.response().json()["choices"][0]["message"]["content"] for _ in range(2)] == ["0", "1"]
        last = client.response()
        assert last.status == 400 and last.error() and client.closed_by_peer()
    assert mock.count == 2


def test_pipelined_streams_do_not_mix(pair):
    gw, mock = pair
    mock.script(stream(chat_events(["a", "b"])), ok("plain"), stream(chat_events(["c"])))
    one = build_request("POST", "/v1/chat/completions", {"model": "smart", "messages": [], "stream": True})
    with gw.connect() as client:
        client.send(one + GOOD + one)
        assert client.response().text() == "ab"
        assert client.response().json()["choices"][0]["message"]["content"] == "plain"
        assert client.response().text() == "c"


def test_split_at_every_byte(pair):
    gw, mock = pair
    mock.script(ok())
    data = chunked(b"10\r\n" + BODY[:16] + b"\r\nf\r\n" + BODY[16:] + b"\r\n0\r\n\r\n")
    with gw.connect() as client:
        for at in range(1, len(data)):
            client.send(data[:at])
            time.sleep(0.001)
            client.send(data[at:])
            assert client.response().status == 200, at
    assert mock.count == len(data) - 1 and {e.body for e in mock.exchanges} == {
        BODY.replace(b"smart", b"upstream-model")
    }


# --- 31, 32: methods ---
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/smart"])
def test_head_is_get_without_the_body(pair, path):
    gw, _ = pair
    with gw.connect() as client:
        client.request("GET", path)
        full = client.response()
        client.request("HEAD", path)
        bare = client.response(head_only=True)
        assert full.status == bare.status == 200
        assert bare.headers.get("content-length") in (None, str(len(full.body)))
        client.request("GET", path)  # a body after HEAD would be read as this one's head
        assert client.response().body == full.body


@pytest.mark.parametrize("method", ["TRACE", "FOO", "get", "PATCH", "OPTIONS"])
def test_other_methods(pair, method):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        answer = client.send(f"{method} /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\r\n".encode()).response()
    assert answer.status in ({204, 200, 405} if method == "OPTIONS" else {405, 501}) and mock.count == 0, answer


# --- slow clients ---
@pytest.mark.parametrize(
    "name,data,then",
    [
        ("slow head", b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n", b"X-A: b\r\n"),
        ("silence in the head", b"POST /v1/cha", b""),
        ("silence in the body", post()[:-10], b""),
        ("silence in a chunk", chunked(b"1f\r\n" + BODY[:10]), b""),
    ],
)
def test_slow_requests_get_408_and_are_closed(pair, name, data, then):
    gw, mock = pair
    mock.script(ok())
    with gw.connect() as client:
        client.send(data)
        started = time.monotonic()
        while then and time.monotonic() - started < 1.6:
            time.sleep(0.2)
            try:
                client.send(then)
            except OSError:
                break
        answer = client.response()
        assert answer.status == 408 and answer.error() and time.monotonic() - started < 8, answer
        assert client.closed_by_peer()
    assert mock.count == 0


def test_a_silent_connection_is_closed_without_a_word(gateway, upstream):
    gw = gateway(config(upstream(ok()).url, limits={"keep_alive_timeout": "300ms", "head_timeout": "300ms"}))
    with gw.connect() as client:
        assert client.closed_by_peer(5)
    with gw.connect() as client:
        client.send(GOOD)
        assert client.response().status == 200
        assert client.closed_by_peer(5)


def test_slowloris_does_not_keep_others_out(pair):
    gw, mock = pair
    mock.script(ok())
    slow = [gw.connect().send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-%d:" % i) for i in range(150)]
    started = time.monotonic()
    assert gw.chat().status == 200 and time.monotonic() - started < 3
    eventually(lambda: gw.metric("fluxgate_client_connections") == 0, 10, "slow connections closed")
    for client in slow:
        client.close()


# --- load limits ---
def test_too_many_requests_in_flight_are_503(gateway, upstream):
    mock = upstream(stall())
    gw = gateway(config(mock.url, limits={"in_flight": 2}))
    clients = [gw.connect().send(GOOD) for _ in range(2)]
    mock.wait_for(2)
    answer = gw.chat()
    assert answer.status == 503 and answer.error() and int(answer.headers["retry-after"]) >= 1, answer
    clients[0].close()
    mock.script(ok())
    eventually(lambda: gw.chat().status == 200, 5, "room again")
    clients[1].close()


def test_too_many_connections_are_refused(gateway, upstream):
    gw = gateway(config(upstream(ok()).url, limits={"connections": 3}))
    held = [gw.connect().send(GOOD) for _ in range(3)]
    assert [c.response().status for c in held] == [200] * 3
    with gw.connect() as fourth:
        try:
            fourth.send(GOOD)
            answer = fourth.response()
            assert answer.status == 503 and answer.headers["connection"] == "close", answer
        except ConnectionError:
            pass
    for client in held:
        client.close()
    eventually(lambda: gw.chat().status == 200, 5, "room again")


def test_many_clients_at_once(gateway, upstream):
    mock = upstream(lambda exchange: ok(exchange.json()["user"]))
    settings = config(mock.url)
    settings["workers"] = 2
    gw = gateway(settings)

    def one(number: int) -> None:
        with Client(gw.port) as client:
            for turn in range(20):
                user = f"{number}.{turn}"
                client.send(
                    build_request(
                        "POST",
                        "/v1/chat/completions",
                        json.dumps({"model": "smart", "messages": [], "user": user}).encode(),
                    )
                )
                assert client.response().json()["choices"][0]["message"]["content"] == user

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(16)))
    assert mock.count == 320
