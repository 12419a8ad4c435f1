"""TLS on both sides: whom the gateway trusts, what it shows, and certificates changed while it runs."""

import ssl

import pytest

from harness.certs import Authority
from harness.client import Client, eventually
from harness.gateway import config
from harness.mock import Mock, chat_events, ok, stream


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "somebody else")


def server_context(pair, client_authority: Authority | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    if client_authority:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_authority.certificate)
    return context


def tls_config(mock: Mock, **tls) -> dict:
    settings = config(mock.url, attempts={"max": 1})
    if tls:
        settings["providers"]["p0"]["tls"] = {k: str(v) for k, v in tls.items()}
    return settings


# --- towards the upstream ---
def test_upstream_with_its_own_authority(gateway, upstream, authority):
    mock = upstream(tls=server_context(authority.issue("upstream", "IP:127.0.0.1,DNS:localhost")))
    gw = gateway(tls_config(mock, ca=authority.certificate))
    mock.script(ok("secret"), stream(chat_events(["a"])), ok("again"))
    assert gw.chat().json()["choices"][0]["message"]["content"] == "secret"
    assert gw.chat(stream=True).text() == "a"
    assert gw.chat().status == 200
    assert {e.connection for e in mock.exchanges} == {0}, "the TLS connection was not kept"


@pytest.mark.parametrize("case", ["wrong host", "unknown authority", "another authority", "expired"])
def test_upstreams_that_are_not_trusted(gateway, upstream, authority, stranger, case):
    names = "DNS:other.test,IP:127.0.0.9" if case == "wrong host" else "IP:127.0.0.1"
    pair = authority.issue("bad-" + case.replace(" ", "-"), names, days=-1 if case == "expired" else 2)
    mock = upstream(tls=server_context(pair))
    trust = {"unknown authority": {}, "another authority": {"ca": stranger.certificate}}
    answer = gateway(tls_config(mock, **trust.get(case, {"ca": authority.certificate}))).chat()
    assert answer.status == 502 and answer.error() and mock.count == 0, answer


def test_server_name_is_verified_instead_of_the_address(gateway, upstream, authority):
    seen = []
    context = server_context(authority.issue("named", "DNS:upstream.test"))
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    mock = upstream(ok(), tls=context)
    assert gateway(tls_config(mock, ca=authority.certificate, server_name="upstream.test")).chat().status == 200
    assert seen == ["upstream.test"]
    assert gateway(tls_config(mock, ca=authority.certificate, server_name="other.test")).chat().status == 502


def test_client_certificate(gateway, upstream, authority, stranger):
    mock = upstream(ok(), tls=server_context(authority.issue("mutual", "IP:127.0.0.1"), authority))
    certificate, key = authority.issue("gateway", "DNS:gateway.test")
    with_it = tls_config(mock, ca=authority.certificate, certificate=certificate, key=key)
    assert gateway(with_it).chat().status == 200
    assert gateway(tls_config(mock, ca=authority.certificate)).chat().status == 502
    certificate, key = stranger.issue("gateway", "DNS:gateway.test")
    wrong = tls_config(mock, ca=authority.certificate, certificate=certificate, key=key)
    assert gateway(wrong).chat().status == 502
    assert mock.count == 1 and mock.handshake_errors


def test_plain_http_on_a_tls_port_and_the_other_way_round(gateway, upstream, authority):
    secure = upstream(ok(), tls=server_context(authority.issue("crossed", "IP:127.0.0.1")))
    plain = upstream(ok())
    crossed = config(secure.url.replace("https", "http"), attempts={"max": 1})
    assert gateway(crossed).chat().status == 502
    crossed = tls_config(plain, ca=authority.certificate)
    crossed["providers"]["p0"]["base_url"] = plain.url.replace("http", "https")
    crossed["routes"][0]["attempts"]["connect_timeout"] = "500ms"  # the plain server waits for the end of a "head"
    assert gateway(crossed).chat().status in (502, 504)
    assert secure.count == 0 and plain.count == 0
    eventually(lambda: plain.faults, what="the TLS hello seen as no HTTP")
    plain.faults.clear()  # and that is what this test is about


def test_a_failed_handshake_falls_over(gateway, upstream, authority):
    bad = upstream(ok(), tls=server_context(authority.issue("distrusted", "IP:127.0.0.1")))
    good = upstream(ok("spare"))
    answer = gateway(config(bad.url, good.url)).chat()
    assert answer.status == 200 and answer.headers["x-fluxgate-target"] == "t1", answer


# --- towards clients ---
def listener(mock: Mock, certificate, key) -> dict:
    settings = config(mock.url)
    settings["listen"]["tls"] = {"certificate": str(certificate), "key": str(key)}
    return settings


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))


def test_listener(gateway, upstream, authority):
    mock = upstream(ok("hi"), stream(chat_events(["a"])))
    gw = gateway(listener(mock, *authority.issue("front", "DNS:localhost")))
    with gw.connect(tls=trusting(authority)) as client:
        assert client.sock.version() in ("TLSv1.2", "TLSv1.3")
        client.request("POST", "/v1/chat/completions", {"model": "smart", "messages": []})
        assert client.response().json()["choices"][0]["message"]["content"] == "hi"
        client.request("POST", "/v1/chat/completions", {"model": "smart", "messages": [], "stream": True})
        assert client.response().text() == "a"
    context = trusting(authority)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with gw.connect(tls=context) as client:
        assert client.sock.selected_alpn_protocol() in ("http/1.1", None)
        assert client.request("GET", "/v1/models").response().status == 200


def test_listener_refuses_old_versions_and_plain_text(gateway, upstream, authority):
    gw = gateway(listener(upstream(ok()), *authority.issue("front", "DNS:localhost")))
    old = trusting(authority)
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        gw.connect(tls=old)
    with Client(gw.port) as client:
        client.send(b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n")
        data = client.reader.rest()
        assert not data.startswith(b"HTTP/1.1 200"), data
    with gw.connect(tls=trusting(authority)) as client:
        assert client.request("GET", "/v1/models").response().status == 200


def test_a_stalled_handshake_is_cut(gateway, upstream, authority):
    settings = listener(upstream(ok()), *authority.issue("front", "DNS:localhost"))
    settings["limits"] = {"head_timeout": "300ms", "keep_alive_timeout": "300ms"}
    gw = gateway(settings)
    with Client(gw.port) as client:
        client.send(b"\x16\x03\x01\x02\x00\x01")
        client.sock.settimeout(15)
        client.reader.rest()
        assert client.reader.eof


def test_certificate_reload_keeps_open_connections(gateway, upstream, authority, tmp_path):
    mock = upstream(ok())
    certificate, key = tmp_path / "live.pem", tmp_path / "live.key"

    def install(label: str) -> bytes:
        new_certificate, new_key = authority.issue(label, "DNS:localhost")
        key.write_bytes(new_key.read_bytes())
        certificate.write_bytes(new_certificate.read_bytes())
        return ssl.PEM_cert_to_DER_cert(new_certificate.read_text())

    def shown(gw) -> bytes:
        with gw.connect(tls=trusting(authority)) as client:
            return client.sock.getpeercert(binary_form=True)

    first = install("one")
    gw = gateway(listener(mock, certificate, key))
    assert shown(gw) == first
    with gw.connect(tls=trusting(authority)) as client:
        client.request("GET", "/v1/models")
        assert client.response().status == 200
        second = install("two")
        gw.reload()
        eventually(lambda: shown(gw) == second, what="the new certificate")
        client.request("GET", "/v1/models")
        assert client.response().status == 200
    certificate.write_text("not a certificate")
    gw.reload()
    eventually(lambda: gw.metric("fluxgate_config_last_reload_successful") == 0, what="the failed reload")
    assert shown(gw) == second
