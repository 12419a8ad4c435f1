"""The commands beside the daemon: what they print, and how they refuse."""

import json
import subprocess

import pytest
from harness.gateway import binary, config


def run(*arguments: str, stdin: str | None = None, code: int = 0) -> str:
    done = subprocess.run([binary(), *arguments], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def routed(tmp_path):
    settings = config("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", route={"policy": {"order_by": "cost", "exploration": 0}})
    route = settings["routes"][0]
    route["targets"] = ["t0", "t1"]
    del route["fallback"]
    settings["targets"]["t0"]["price"] = {"input": 2, "output": 2}
    settings["targets"]["t1"] |= {"price": {"input": 1, "output": 1}, "abilities": {"tools": False}}
    settings["providers"]["p0"]["api_key"] = {"env": "A_KEY_THAT_IS_NOT_SET"}
    file = tmp_path / "fluxgate.yaml"
    file.write_text(json.dumps(settings))
    return str(file)


REQUEST = json.dumps({"model": "smart", "messages": [{"role": "user", "content": "hi"}]})
WITH_TOOLS = json.dumps({"model": "smart", "messages": [], "tools": [{"type": "function", "function": {"name": "f"}}]})


def test_explain_prints_the_same_as_json_and_text_without_any_key(routed):
    told = json.loads(run("explain", "-", "-c", routed, "--json", stdin=REQUEST))
    assert told["picked"]["target"] == "t1" and told["would_try"] == ["t1", "t0"], told
    text = run("explain", "-", "-c", routed, stdin=REQUEST)
    assert "1. t1" in text and "2. t0" in text and "503 -> t0" in text
    assert "capability:tools" in run("explain", "-", "-c", routed, "--why-not", "t1", stdin=WITH_TOOLS)


def test_explain_is_deterministic(routed):
    once = run("explain", "-", "-c", routed, "--json", "--seed", "0x2a", stdin=REQUEST)
    assert once == run("explain", "-", "-c", routed, "--json", "--seed", "42", stdin=REQUEST)


@pytest.mark.parametrize(
    "arguments,stdin,code",
    [
        (["explain", "/nonexistent.json"], None, 1),
        (["explain", "-"], "{}", 1),
        (["explain", "-", "--seed", "x"], REQUEST, 2),
        (["explain", "-", "--header", "novalue"], REQUEST, 2),
        (["models", "show", "no-such-model-anywhere"], None, 1),
        (["models", "list", "--ability", "flight"], None, 2),
        (["import", "litellm", "-"], "[1, 2", 1),
        (["simulate", "-", "-c", "/nonexistent.yaml"], "{}", 1),
        (["train", "-", "-o", "/tmp/never"], '{"prompt":"a","task":"b"}', 1),
    ],
)
def test_bad_calls_are_refused_with_a_reason(arguments, stdin, code):
    assert run(*arguments, stdin=stdin, code=code).strip()


def test_models_list_and_show():
    listed = run("models", "list", "gpt-4o-mini", "--provider", "openai")
    assert "128000" in listed and "0.15" in listed
    rows = [json.loads(line) for line in run("models", "list", "--ability", "vision", "--json").splitlines()]
    assert len(rows) > 100
    assert "gpt-4o-mini" in run("models", "show", "openai/gpt-4o-mini")


def test_models_import_gives_a_catalogue_that_routes_use(tmp_path):
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"sample_spec": {}, "acme/one": {"litellm_provider": "acme", "mode": "chat", "max_input_tokens": 1000, "max_output_tokens": 100, "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}}))
    out = tmp_path / "own.ndjson"
    run("models", "import", str(prices), "-o", str(out))
    settings = config("http://127.0.0.1:1/v1")
    settings["providers"] = {"acme": settings["providers"]["p0"]}
    settings["targets"]["t0"] |= {"provider": "acme", "model": "one"}
    settings["routes"][0]["policy"] = {"order_by": "cost"}
    settings["catalogue"] = {"file": str(out)}
    file = tmp_path / "fluxgate.yaml"
    file.write_text(json.dumps(settings))
    told = json.loads(run("explain", "-", "-c", str(file), "--json", stdin=REQUEST))
    assert told["candidates"][0]["est"]["usd"] > 0, told


def test_import_litellm_writes_a_configuration_that_passes_check(tmp_path):
    out = tmp_path / "fluxgate.yaml"
    old = """
model_list:
  - model_name: smart
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY, rpm: 100}
  - model_name: smart
    litellm_params: {model: groq/llama-3.3-70b-versatile, api_key: os.environ/GROQ_API_KEY}
router_settings: {routing_strategy: latency-based-routing}
"""
    done = subprocess.run([binary(), "import", "litellm", "-", "-o", str(out)], input=old, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "approximate" in done.stderr, done
    env = {"OPENAI_API_KEY": "sk-1", "GROQ_API_KEY": "gsk-1", "PATH": "/usr/bin"}
    checked = subprocess.run([binary(), "check", str(out)], capture_output=True, text=True, timeout=60, env=env)
    assert checked.returncode == 0, checked


def test_train_then_tasks_then_route(tmp_path):
    rows = []
    for n in range(40):
        rows.append({"prompt": f"write a python function number {n} with a loop", "task": "code", "outcomes": {"t0": 1, "t1": 0}})
        rows.append({"prompt": f"translate sentence {n} into french please", "task": "translate", "outcomes": {"t0": 1, "t1": 1}})
    log = tmp_path / "log.ndjson"
    log.write_text("\n".join(map(json.dumps, rows)))
    model = tmp_path / "tasks.json"
    assert "held" in run("train", str(log), "-o", str(model))
    settings = config("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", tasks={"file": str(model)}, route={"policy": {"order_by": "cost", "exploration": 0}})
    route = settings["routes"][0]
    route["targets"] = ["t0", "t1"]
    del route["fallback"]
    settings["targets"]["t0"]["price"] = {"input": 10, "output": 10}
    settings["targets"]["t1"]["price"] = {"input": 1, "output": 1}
    file = tmp_path / "fluxgate.yaml"
    file.write_text(json.dumps(settings))

    def pick(text: str) -> dict:
        request = {"model": "smart", "messages": [{"role": "user", "content": text}]}
        return json.loads(run("explain", "-", "-c", str(file), "--json", stdin=json.dumps(request)))

    code, french = pick("write a python function with a loop"), pick("translate this sentence into french")
    assert code["signals"]["tasks"][0]["name"] == "code" and code["picked"]["target"] == "t0", code
    assert french["picked"]["target"] == "t1", french


def test_simulate_prints_its_table(routed):
    scenario = {"targets": {"t1": {"phases": [{"from": 5, "to": 15, "status": 503}]}}, "traffic": {"model": "smart", "rate": 20, "seconds": 30}}
    text = run("simulate", "-", "-c", routed, stdin=json.dumps(scenario))
    assert "t0" in text and "retry budget" in text
    assert run("simulate", "-", "-c", routed, stdin=json.dumps(scenario)) == text, "the same seed, the same table"
