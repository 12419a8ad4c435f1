"""The command line: check, schema, version, and how serve refuses to start."""

import json
import re
import subprocess

import pytest

from harness.gateway import binary, config

GOOD = """\
listen: { address: 127.0.0.1:0 }
admin: { address: 127.0.0.1:0 }
providers:
  local: { kind: openai_compatible, base_url: "http://127.0.0.1:9/v1", allow_private: true }
targets:
  llama: { provider: local, model: llama-3 }
routes:
  - name: smart
    match: { model: smart }
    targets: [llama]
    attempts: { max: 2, deadline: 20s }
"""


def run(*arguments: str, env: dict | None = None, **options) -> subprocess.CompletedProcess:
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=60, env=env, **options)


def check(tmp_path, text: str) -> tuple[int, str, str]:
    file = tmp_path / "f.yaml"
    file.write_text(text)
    result = run("check", str(file))
    return result.returncode, result.stdout + result.stderr, str(file)


def test_check_accepts_a_good_file(tmp_path):
    code, output, _ = check(tmp_path, GOOD)
    assert code == 0, output


BAD = {  # name: (old, new, line of the message, a word of it)
    "unknown key": ("attempts: {", "atempts: {", 11, "atempts"),
    "unknown key in a section": ("max: 2", "maxx: 2", 11, "maxx"),
    "bad duration": ("20s", "20 parsecs", 11, "deadline"),
    "no such target": ("[llama]", "[lama]", 10, "lama"),
    "no such provider": ("provider: local", "provider: remote", 6, "remote"),
    "bad kind": ("openai_compatible", "opnai", 4, "kind"),
    "bad url": ("http://127.0.0.1:9/v1", "ftp://127.0.0.1/v1", 4, "base_url"),
    "bad port": ("listen: { address: 127.0.0.1:0 }", "listen: { address: 127.0.0.1:99999 }", 1, "address"),
    "wrong type": ("targets: [llama]", "targets: { a: b }", 10, "targets"),
    "repeated key": (
        "    match: { model: smart }\n",
        "    match: { model: smart }\n    match: { model: other }\n",
        10,
        "match",
    ),
    "not yaml": ("routes:\n", "routes: [\n", None, ""),
    "private without permission": (", allow_private: true", "", 4, "allow_private"),
}


@pytest.mark.parametrize("name", BAD)
def test_check_names_file_line_and_column(tmp_path, name):
    old, new, line, word = BAD[name]
    assert old in GOOD
    code, output, file = check(tmp_path, GOOD.replace(old, new, 1))
    assert code == 1, output
    places = re.findall(rf"{re.escape(file)}:(\d+):(\d+): (.*)", output)
    assert places, output
    if line:
        assert any(int(p[0]) == line and int(p[1]) >= 1 and word in p[2] for p in places), output


def test_check_reports_every_error_at_once(tmp_path):
    text = GOOD.replace("atempts", "x").replace("[llama]", "[lama]").replace("20s", "never").replace("opnai", "y")
    code, output, file = check(tmp_path, text)
    assert code == 1 and len(re.findall(rf"{re.escape(file)}:\d+:\d+: error", output)) >= 2, output


def test_check_of_a_missing_file():
    result = run("check", "/nonexistent/f.yaml")
    assert result.returncode != 0 and "/nonexistent/f.yaml" in result.stdout + result.stderr


def test_check_shows_no_secret(tmp_path):
    text = GOOD.replace("allow_private: true", "allow_private: true, api_key: sk-very-secret, api_kye: sk-very-secret")
    code, output, _ = check(tmp_path, text)
    assert code == 1 and "sk-very-secret" not in output, output


def test_schema_is_json_schema_and_knows_the_keys():
    result = run("schema")
    assert result.returncode == 0, result.stderr
    schema = json.loads(result.stdout)
    assert "json-schema.org" in schema["$schema"]
    assert {"listen", "admin", "providers", "targets", "routes", "limits", "drain", "log"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_version():
    result = run("version")
    assert result.returncode == 0 and re.fullmatch(r"fluxgate \d+\.\d+\.\d+\n", result.stdout), result
    assert json.loads(run("version", "--json").stdout)["version"] in result.stdout


def test_healthcheck(gateway):
    gw = gateway(config("http://127.0.0.1:9/v1"))
    assert run("healthcheck", "--admin", f"127.0.0.1:{gw.admin_port}").returncode == 0
    gw.stop()
    assert run("healthcheck", "--admin", f"127.0.0.1:{gw.admin_port}").returncode == 1


def test_listen_can_be_given_on_the_command_line(gateway):
    gw = gateway(
        config("http://127.0.0.1:9/v1", listen={"address": "127.0.0.1:1"}), arguments=["--listen", "127.0.0.1:0"]
    )
    assert gw.call("GET", "/v1/models").status == 200


def test_help_and_mistakes():
    result = run("--help")
    assert result.returncode == 0
    for command in ("serve", "check", "schema"):
        assert command in result.stdout
    assert run("no-such-command").returncode != 0
    assert run("serve", "--no-such-option").returncode != 0


def test_serve_refuses_a_bad_file_with_its_place(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_text(GOOD.replace("attempts", "atempts"))
    result = run("serve", "--config", str(file))
    assert result.returncode != 0 and f"{file}:11:" in result.stdout + result.stderr, result


def test_serve_refuses_a_port_in_use(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = config("http://127.0.0.1:9/v1")
        settings["listen"]["address"] = f"127.0.0.1:{taken.getsockname()[1]}"
        file = tmp_path / "f.yaml"
        file.write_text(json.dumps(settings))
        result = run("serve", "--config", str(file))
    assert result.returncode != 0 and "address already in use" in (result.stdout + result.stderr).lower(), result


def test_a_missing_environment_variable_is_named(tmp_path):
    text = GOOD.replace("allow_private: true", "allow_private: true, api_key: { env: FLUXGATE_TEST_ABSENT }")
    code, output, _ = check(tmp_path, text)
    assert code == 1 and "FLUXGATE_TEST_ABSENT" in output
