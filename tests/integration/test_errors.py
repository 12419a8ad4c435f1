"""Every refusal is an OpenAI-shaped error, decided before any upstream is bothered where it can be."""

import pytest

from harness.gateway import config
from harness.mock import chat_events, error, event, head, ok, raw, reply, stall, stream

MESSAGES = '"messages":[{"role":"user","content":"x"}]'


def post(gw, body, path="/v1/chat/completions", headers=None):
    return gw.call(
        "POST",
        path,
        body.encode() if isinstance(body, str) else body,
        {"Content-Type": "application/json", **(headers or {})},
    )


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/moderations",
        "/v1/rerank",
        "/v1/images/generations",
        "/v1/audio/speech",
    ],
)
def test_unknown_model(gateway, upstream, path):
    mock = upstream(ok())
    answer = post(gateway(config(mock.url)), '{"model":"no-such-model",%s,"input":"x"}' % MESSAGES, path)
    error_ = answer.error()
    assert (answer.status, error_["code"], error_["type"]) == (404, "model_not_found", "invalid_request_error"), answer
    assert "no-such-model" in error_["message"] and mock.count == 0
    assert answer.headers["x-fluxgate-request-id"]


BAD_BODIES = {
    "empty": b"",
    "not json": b"hello",
    "cut": b'{"model":"smart","messages":[',
    "two values": b'{"model":"smart","messages":[]}{"model":"smart"}',
    "trailing text": b'{"model":"smart","messages":[]} x',
    "an array": b'[{"model":"smart"}]',
    "a string": b'"smart"',
    "NaN": b'{"model":"smart","messages":[],"temperature":NaN}',
    "Infinity": b'{"model":"smart","messages":[],"temperature":-Infinity}',
    "byte order mark": b'\xef\xbb\xbf{"model":"smart","messages":[]}',
    "bad UTF-8": b'{"model":"smart","messages":[{"role":"user","content":"\xff\xfe"}]}',
    "overlong UTF-8": b'{"model":"smart","messages":[{"role":"user","content":"\xc0\xaf"}]}',
    "control character": b'{"model":"smart","messages":[{"role":"user","content":"a\nb"}]}',
    "comment": b'{"model":"smart",/* c */"messages":[]}',
    "trailing comma": b'{"model":"smart","messages":[],}',
    "single quotes": b"{'model':'smart'}",
    "leading zero": b'{"model":"smart","messages":[],"n":01}',
    "no model": b'{"messages":[]}',
    "model null": b'{"model":null,"messages":[]}',
    "model number": b'{"model":7,"messages":[]}',
    "model empty": b'{"model":"","messages":[]}',
    "model twice": b'{"model":"smart","messages":[],"model":"other"}',
    "model twice, one escaped": rb'{"model":"smart","messages":[],"mode\u006c":"other"}',
    "model twice, the same": b'{"model":"smart","model":"smart","messages":[]}',
    "stream twice": b'{"model":"smart","stream":false,"messages":[],"stream":true}',
    "api_base": b'{"model":"smart","messages":[],"api_base":"http://127.0.0.1:1/"}',
    "base_url": b'{"model":"smart","messages":[],"base_url":"http://127.0.0.1:1/"}',
    "api_key": b'{"model":"smart","messages":[],"api_key":"sk-x"}',
    "api_key, escaped": rb'{"model":"smart","messages":[],"api\u005fkey":"sk-x"}',
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One gateway for the refusals: they must not disturb each other either."""
    from harness.gateway import Gateway
    from harness.mock import Mock

    mock = Mock()
    gw = Gateway(config(mock.url), tmp_path_factory.mktemp("errors"))
    yield gw, mock
    mock.stop()
    gw.stop()


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies_are_400_and_go_nowhere(shared, name):
    gw, mock = shared
    mock.script(ok())
    answer = post(gw, BAD_BODIES[name])
    assert answer.status == 400, answer
    assert answer.error()["type"] == "invalid_request_error" and mock.count == 0
    assert post(gw, '{"model":"smart",%s}' % MESSAGES).status == 200


def test_nested_forbidden_names_are_only_text(shared):
    gw, mock = shared
    mock.script(ok())
    assert post(gw, '{"model":"smart","messages":[],"metadata":{"api_base":"x","model":"y"}}').status == 200


@pytest.mark.parametrize(
    "method,path,statuses",
    [
        ("GET", "/v1/chat/completions", {405}),
        ("PUT", "/v1/chat/completions", {405}),
        ("DELETE", "/v1/models", {405}),
        ("POST", "/v1/models", {405}),
        ("GET", "/", {404}),
        ("POST", "/v1/nothing", {404}),
        ("GET", "/metrics", {404}),
        ("GET", "/livez", {404, 200}),
        ("POST", "/v1/chat/completions/", {404}),
        ("GET", "/admin", {404}),
    ],
)
def test_wrong_paths_and_methods(shared, method, path, statuses):
    gw, mock = shared
    mock.script(ok())
    body = b'{"model":"smart","messages":[]}' if method in ("POST", "PUT") else None
    answer = gw.call(method, path, body)
    assert answer.status in statuses and mock.count == 0, answer
    if answer.status != 200:
        answer.error()
    if answer.status == 405:
        assert answer.headers["allow"]


def test_request_content_codings_are_415(shared):
    gw, mock = shared
    mock.script(ok())
    answer = post(gw, '{"model":"smart","messages":[]}', headers={"Content-Encoding": "gzip"})
    assert answer.status == 415 and answer.error() and mock.count == 0


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"]
)
def test_json_content_types_are_taken(shared, content_type):
    gw, mock = shared
    mock.script(ok())
    assert post(gw, '{"model":"smart","messages":[]}', headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize(
    "status,type_,code",
    [
        (400, "invalid_request_error", "context_length_exceeded"),
        (413, "invalid_request_error", None),
        (422, "invalid_request_error", None),
    ],
)
def test_final_upstream_errors_pass_through_at_once(gateway, upstream, status, type_, code):
    mock = upstream(error(status, "the upstream's own words", type_, code))
    spare = upstream(ok())
    answer = gateway(config(mock.url, spare.url)).chat()
    assert answer.status == status, answer
    assert answer.error() == {"message": "the upstream's own words", "type": type_, "param": None, "code": code}
    assert (mock.count, spare.count) == (1, 0) and "x-should-retry" not in answer.headers


def test_a_model_the_provider_lacks_may_be_elsewhere(gateway, upstream):
    mock = upstream(error(404, "no such model here", "invalid_request_error", "model_not_found"))
    spare = upstream(ok("spare"))
    assert gateway(config(mock.url, spare.url)).chat().status == 200
    answer = gateway(config(mock.url)).chat()
    assert answer.status == 404 and answer.error()["message"] == "no such model here", answer


@pytest.mark.parametrize("streaming", [False, True])
def test_retry_after_and_should_retry_once_all_is_spent(gateway, upstream, streaming):
    mock = upstream(error(429, "slow down", "requests", "rate_limit_exceeded", [("Retry-After", "7")]))
    spare = upstream(error(429, "slow down", "requests", "rate_limit_exceeded", [("Retry-After", "7")]))
    answer = gateway(config(mock.url, spare.url)).chat(stream=streaming)
    assert answer.status == 429 and answer.error()["code"] == "rate_limit_exceeded", answer
    assert answer.headers["retry-after"] == "7" and answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("streaming", [False, True])
def test_a_client_may_retry_what_the_gateway_tried_once(gateway, upstream, streaming):
    """With nothing to fall back to, the client's own retry after Retry-After is the only way to an answer."""
    mock = upstream(error(429, "slow down", "requests", "rate_limit_exceeded", [("Retry-After", "7")]))
    answer = gateway(config(mock.url)).chat(stream=streaming)
    assert answer.status == 429 and answer.headers["retry-after"] == "7" and "x-should-retry" not in answer.headers


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_always_there_on_429_and_503(gateway, upstream, status):
    mock = upstream(error(status))
    answer = gateway(config(mock.url)).chat()
    assert answer.status == status and int(answer.headers["retry-after"]) >= 1


def test_a_non_json_error_body_becomes_an_openai_error(gateway, upstream):
    mock = upstream(reply(b"<html>Bad Gateway</html>", 502, content_type="text/html"))
    answer = gateway(config(mock.url)).chat()
    assert answer.status == 502 and answer.error() and b"<html>" not in answer.body, answer


def test_connection_refused_is_502(gateway, upstream):
    mock = upstream()
    mock.stop()
    answer = gateway(config(mock.url)).chat()
    assert answer.status == 502 and answer.error() and "x-should-retry" not in answer.headers, answer
    answer = gateway(config(mock.url, mock.url)).chat()
    assert answer.status == 502 and answer.error() and answer.headers["x-should-retry"] == "false", answer


def test_no_answer_is_504(gateway, upstream):
    mock = upstream(stall())
    answer = gateway(config(mock.url, attempts={"max": 1, "deadline": "400ms"})).chat()
    assert answer.status == 504 and answer.error(), answer
    assert mock.last.peer_closed.wait(5)


GARBAGE = {
    "not http": raw(b"\x00\x01\x02 this is no http at all\r\n\r\n"),
    "ssh": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "closes at once": raw(b""),
    "cut head": raw(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "html 200": reply(b"<html><body>Welcome to the captive portal</body></html>", content_type="text/html"),
    "text 200": reply(b"all is well", content_type="text/plain"),
    "broken json 200": reply(b'{"id":"x","choices":['),
    "short body": raw(head(200, [("Content-Type", "application/json"), ("Content-Length", "500")]) + b'{"id":'),
    "bad chunk size": raw(
        head(200, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]) + b"zz\r\n{}"
    ),
    "gzip unasked": reply(b"\x1f\x8b\x08\x00abc", headers=[("Content-Encoding", "gzip")]),
    "endless head": raw(b"HTTP/1.1 200 OK\r\n" + b"X-Fill: " + b"a" * 2_000_000),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_502(gateway, upstream, name):
    mock = upstream(GARBAGE[name])
    answer = gateway(config(mock.url, attempts={"max": 1})).chat()
    assert answer.status == 502 and answer.error()["code"] != "", answer
    assert b"captive" not in answer.body and "content-encoding" not in answer.headers


def test_too_large_an_answer_is_502(gateway, upstream):
    mock = upstream(reply({"choices": [], "fill": "f" * 400_000}))
    answer = gateway(config(mock.url, limits={"response_body": 200_000})).chat()
    assert answer.status == 502 and answer.error(), answer


def test_in_band_error_as_first_event_is_an_error_status(gateway, upstream):
    mock = upstream(
        stream(
            [event({"error": {"message": "overloaded", "type": "server_error", "code": "overloaded", "param": None}})]
        )
    )
    answer = gateway(config(mock.url, attempts={"max": 1})).chat(stream=True)
    assert answer.status >= 400 and answer.error(), answer


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::ffff:127.0.0.1]",
        "127.0.0.1.",
        "0.0.0.0",
    ],
)
def test_private_addresses_need_permission(gateway, upstream, host):
    """However the address is spelled: refused when the file is read, or when the name resolves; never dialled."""
    mock = upstream(ok())
    settings = config(mock.url)
    settings["providers"]["p0"] |= {"allow_private": False, "base_url": f"http://{host}:{mock.port}/v1"}
    try:
        gw = gateway(settings)
    except AssertionError as refused:
        assert "base_url" in str(refused), refused
    else:
        answer = gw.chat()
        assert answer.status in (502, 503) and answer.error(), answer
        assert "sk-provider" not in answer.body.decode()
    assert mock.connections == 0


def test_redirects_are_not_followed(gateway, upstream):
    other = upstream(ok())
    mock = upstream(reply(b"", 302, [("Location", other.url + "/chat/completions")]))
    answer = gateway(config(mock.url, attempts={"max": 1})).chat()
    assert answer.status == 502 and answer.error() and other.count == 0, answer


def test_secrets_are_in_no_answer_and_no_log(gateway, upstream):
    mock = upstream(
        error(401, "Incorrect API key provided: sk-provider", "invalid_request_error", "invalid_api_key"),
        stream(chat_events(["x"])),
        stall(),
    )
    gw = gateway(config(mock.url, attempts={"max": 1, "deadline": "300ms"}))
    gw.chat(headers={"Authorization": "Bearer client-secret"})
    gw.chat(stream=True, headers={"Authorization": "Bearer client-secret"})
    gw.chat()
    gw.stop()
    log = gw.log()
    assert "sk-provider" not in log and "client-secret" not in log
