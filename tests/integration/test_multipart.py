"""Uploads: only the model field is rewritten; boundary, order and file bytes stay."""

import os

import pytest

from harness.client import eventually
from harness.gateway import config
from harness.mock import error, ok, reply, stall

FILE = bytes(range(256)) * 64 + b"\r\n--not-the-boundary\r\n" + bytes(reversed(range(256)))
BOUNDARY = b"----form-7MA4YWxkTrZu0gW"


def part(name: bytes, value: bytes, extra: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"' + extra + b"\r\n\r\n" + value


def file_part(data: bytes = FILE) -> bytes:
    return part(b"file", data, b'; filename="a \xc5\xbc.mp3"\r\nContent-Type: audio/mpeg')


def form(*parts: bytes, boundary: bytes = BOUNDARY) -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + p + b"\r\n" for p in parts) + b"--" + boundary + b"--\r\n"


def send(gw, body: bytes, path: str = "/v1/audio/transcriptions", boundary: str = f"boundary={BOUNDARY.decode()}"):
    return gw.call("POST", path, body, {"Content-Type": f"multipart/form-data; {boundary}"})


FORMS = {
    "model first": [part(b"model", b"smart"), file_part(), part(b"language", b"en")],
    "file last": [part(b"model", b"smart"), part(b"response_format", b"json"), file_part()],
    "model last": [file_part(), part(b"temperature", b"0.0"), part(b"model", b"smart")],
    "model text in the file": [file_part(b'\r\nname="model"\r\n\r\nsmart\r\n'), part(b"model", b"smart")],
    "fields with model in the name": [
        part(b"model_x", b"smart"),
        part(b"xmodel", b"smart"),
        part(b"model", b"smart"),
        file_part(),
    ],
    "model with a content type": [part(b"model", b"smart", b"\r\nContent-Type: text/plain"), file_part()],
    "large file": [part(b"model", b"smart"), file_part(os.urandom(3_000_000))],
}


@pytest.mark.parametrize("name", FORMS)
def test_only_the_model_field_changes(gateway, upstream, name):
    mock = upstream(reply({"text": "hello"}))
    body = form(*FORMS[name])
    answer = send(gateway(config(mock.url)), body)
    assert answer.status == 200 and answer.json() == {"text": "hello"}, answer
    expected = form(
        *[p.replace(b"smart", b"upstream-model") if p.startswith(part(b"model", b"")[:44]) else p for p in FORMS[name]]
    )
    assert mock.last.body == expected
    assert mock.last.target == "/v1/audio/transcriptions"
    assert mock.last.headers["content-type"] == f"multipart/form-data; boundary={BOUNDARY.decode()}"


@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/images/variations"])
def test_image_uploads(gateway, upstream, path):
    mock = upstream(reply({"created": 1, "data": [{"b64_json": "AAAA"}]}))
    answer = send(gateway(config(mock.url)), form(part(b"model", b"smart"), file_part()), path)
    assert answer.status == 200 and answer.json()["data"] and mock.last.target == path, answer


def test_subtitles_come_back_as_text(gateway, upstream):
    mock = upstream(reply(b"1\n00:00 --> 00:01\nhi\n", content_type="text/plain; charset=utf-8"))
    path = "/v1/audio/translations"
    answer = send(gateway(config(mock.url)), form(part(b"model", b"smart"), file_part()), path)
    assert answer.status == 200 and answer.body.startswith(b"1\n"), answer
    assert answer.headers["content-type"] == "text/plain; charset=utf-8" and mock.last.target == path


def test_a_quoted_boundary(gateway, upstream):
    mock = upstream(ok())
    body = form(part(b"model", b"smart"), file_part(), boundary=b"a b:c")
    assert send(gateway(config(mock.url)), body, boundary='boundary="a b:c"').status == 200
    assert mock.last.body == body.replace(b"\r\n\r\nsmart\r\n", b"\r\n\r\nupstream-model\r\n")


def test_images_edits_may_be_json(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(config(mock.url))
    assert (
        gw.call(
            "POST", "/v1/images/edits", b'{"model":"smart","prompt":"x"}', {"Content-Type": "application/json"}
        ).status
        == 200
    )
    assert mock.last.body == b'{"model":"upstream-model","prompt":"x"}'


BAD = {
    "no model": (form(file_part()), f"boundary={BOUNDARY.decode()}"),
    "model twice": (
        form(part(b"model", b"smart"), part(b"model", b"other"), file_part()),
        f"boundary={BOUNDARY.decode()}",
    ),
    "no boundary": (form(part(b"model", b"smart")), "charset=utf-8"),
    "empty boundary": (form(part(b"model", b"smart")), 'boundary=""'),
    "another boundary": (form(part(b"model", b"smart")), "boundary=other"),
    "cut": (form(part(b"model", b"smart"), file_part())[:-40], f"boundary={BOUNDARY.decode()}"),
    "empty": (b"", f"boundary={BOUNDARY.decode()}"),
    "api_base": (
        form(part(b"model", b"smart"), part(b"api_base", b"http://x"), file_part()),
        f"boundary={BOUNDARY.decode()}",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_forms_are_400_and_go_nowhere(gateway, upstream, name):
    mock = upstream(ok())
    body, boundary = BAD[name]
    answer = send(gateway(config(mock.url)), body, boundary=boundary)
    assert answer.status in ({400, 415} if "boundary" in name else {400}), answer
    assert answer.error() and mock.count == 0


def test_unknown_model(gateway, upstream):
    mock = upstream(ok())
    answer = send(gateway(config(mock.url)), form(part(b"model", b"nope"), file_part()))
    assert answer.status == 404 and answer.error()["code"] == "model_not_found" and mock.count == 0


def test_the_upload_limit_is_its_own(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(config(mock.url, limits={"request_body": 2000, "upload_body": 200_000}))
    assert send(gw, form(part(b"model", b"smart"), file_part(b"x" * 100_000))).status == 200
    assert send(gw, form(part(b"model", b"smart"), file_part(b"x" * 300_000))).status == 413
    assert mock.count == 1


def test_chunked_upload(gateway, upstream):
    mock = upstream(ok())
    gw = gateway(config(mock.url))
    body = form(part(b"model", b"smart"), file_part())
    pieces = b"".join(
        b"%x\r\n%s\r\n" % (len(body[i : i + 1000]), body[i : i + 1000]) for i in range(0, len(body), 1000)
    )
    with gw.connect() as client:
        client.send(
            b"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: multipart/form-data; boundary=" + BOUNDARY + b"\r\n\r\n" + pieces + b"0\r\n\r\n"
        )
        assert client.response().status == 200
    assert mock.last.body == body.replace(b"\r\n\r\nsmart\r\n", b"\r\n\r\nupstream-model\r\n")


def test_uploads_fall_over(gateway, upstream):
    bad, good = upstream(error(503)), upstream(ok("spare"))
    body = form(part(b"model", b"smart"), file_part())
    answer = send(gateway(config(bad.url, good.url)), body)
    assert answer.status == 200 and good.last.body == bad.last.body


def test_an_upload_whose_client_leaves_is_cancelled(gateway, upstream):
    mock = upstream(stall())
    gw = gateway(config(mock.url))
    client = gw.connect().request(
        "POST",
        "/v1/audio/transcriptions",
        form(part(b"model", b"smart"), file_part()),
        {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"},
    )
    exchange = mock.wait_for(1)
    client.close()
    assert exchange.peer_closed.wait(3)
    eventually(lambda: gw.metric("fluxgate_requests_in_flight") == 0, what="nothing in flight")
