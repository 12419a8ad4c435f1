"""The router end to end: which target is asked, why, and what happens when it fails."""

import json
import threading
import time

import pytest
from harness.client import call, eventually
from harness.gateway import config
from harness.mock import Close, Gate, Pause, Send, SSE_HEAD, chat_events, error, ok, reply, stream, chunk

EVENTS = chat_events(["alpha", "beta", "gamma"], usage=True)


def explain(gw, body: dict) -> dict:
    answer = call(
        gw.admin_port, "POST", "/v1/route/explain", json.dumps(body), {"Content-Type": "application/json"}
    )
    assert answer.status == 200, answer
    return answer.json()


def chat_body(**fields) -> dict:
    return {"model": "smart", "messages": [{"role": "user", "content": "hello"}], **fields}


def peers(*urls: str, **options) -> dict:
    """All targets are equals of the route, none a fallback."""
    settings = config(*urls, **options)
    route = settings["routes"][0]
    route["targets"] = route["targets"] + route.pop("fallback", [])
    return settings


# --- orders and filters ---
def test_the_cheapest_that_is_good_enough(gateway, upstream):
    dear, cheap, weak = upstream(ok("dear")), upstream(ok("cheap")), upstream(ok("weak"))
    settings = peers(dear.url, cheap.url, weak.url, route={"policy": {"order_by": "cost", "quality_slack": 0.1, "exploration": 0}})
    for name, price, quality in (("t0", 10, 0.9), ("t1", 1, 0.85), ("t2", 0.1, 0.4)):
        settings["targets"][name] |= {"price": {"input": price, "output": price}, "quality": quality}
    gw = gateway(settings)
    for _ in range(5):
        answer = gw.chat()
        assert answer.headers["x-fluxgate-target"] == "t1", answer
    told = explain(gw, chat_body())
    assert told["picked"]["target"] == "t1" and told["would_try"][0] == "t1", told
    assert (dear.count, cheap.count, weak.count) == (0, 5, 0), "explaining sends nothing"
    eventually(lambda: gw.metric("fluxgate_picks_total", route="smart") == 5, what="picks counted")
    assert gw.metric("fluxgate_cost_usd_total", target="t1") > 0


def test_abilities_rule_out_and_say_so(gateway, upstream):
    blind, seeing = upstream(ok("blind")), upstream(ok("seeing"))
    settings = peers(blind.url, seeing.url, route={"balance": "ordered"})
    settings["targets"]["t0"]["abilities"] = {"vision": False}
    gw = gateway(settings)
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]
    assert gw.chat().headers["x-fluxgate-target"] == "t0"
    assert gw.chat(messages=picture).headers["x-fluxgate-target"] == "t1"
    told = explain(gw, chat_body(messages=picture))
    assert told["rejected"] == [
        {"target": "t0", "provider": "p0", "model": "upstream-model", "eligible": False, "rejected_by": "capability:vision"}
    ]
    settings["targets"]["t1"]["abilities"] = {"vision": False}
    gw = gateway(settings)
    answer = gw.chat(messages=picture)
    assert answer.status == 400 and answer.error()["code"] == "unsupported_capability", answer
    eventually(lambda: gw.metric("fluxgate_excluded_targets_total", code="capability") == 2, what="counted")


def test_too_long_for_every_window_is_a_typed_400_with_the_numbers(gateway, upstream):
    small, large = upstream(ok("small")), upstream(ok("large"))
    settings = peers(small.url, large.url, route={"balance": "ordered"})
    settings["targets"]["t0"]["context_window"] = 1000
    settings["targets"]["t1"]["context_window"] = 4000
    gw = gateway(settings)
    assert gw.chat(max_tokens=100).headers["x-fluxgate-target"] == "t0"
    medium = [{"role": "user", "content": "word " * 1500}]
    assert gw.chat(messages=medium, max_tokens=100).headers["x-fluxgate-target"] == "t1"
    answer = gw.chat(messages=[{"role": "user", "content": "word " * 6000}], max_tokens=100)
    assert answer.status == 400 and answer.error()["code"] == "context_length_exceeded", answer
    assert answer.error()["param"] == "messages" and " tokens" in answer.error()["message"]
    assert (small.count, large.count) == (1, 1)


def test_trimming_leaves_out_whole_turns(gateway, upstream):
    mock = upstream(ok())
    settings = config(mock.url, route={"context": {"on_overflow": "trim", "default_output": 100}})
    settings["targets"]["t0"]["context_window"] = 2000
    gw = gateway(settings)
    filler = "word " * 900
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "old " + filler},
        {"role": "assistant", "content": "answer", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "result"},
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": "middle " + filler},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "now"},
    ]
    answer = gw.chat(messages=messages)
    assert answer.status == 200 and answer.headers["x-fluxgate-trimmed"] == "4", answer
    kept = mock.last.json()["messages"]
    assert kept == [messages[0]] + messages[5:], kept
    eventually(lambda: gw.metric("fluxgate_relief_total", what="trimmed") == 1, what="counted")


def test_the_max_output_a_target_cannot_write(gateway, upstream):
    short, long_ = upstream(ok()), upstream(ok())
    settings = peers(short.url, long_.url, route={"balance": "ordered"})
    settings["targets"]["t0"] |= {"max_output_tokens": 1000, "context_window": 100000}
    settings["targets"]["t1"] |= {"max_output_tokens": 8000, "context_window": 100001}
    gw = gateway(settings)
    assert gw.chat(max_tokens=900).headers["x-fluxgate-target"] == "t0"
    assert gw.chat(max_tokens=5000).headers["x-fluxgate-target"] == "t1"


# --- matching ---
def test_sensitive_prompts_stay_on_the_premises(gateway, upstream):
    cloud, home = upstream(ok("cloud")), upstream(ok("home"))
    settings = config(cloud.url, home.url, sensitivity={"detectors": ["email", "aws_access_key"], "require": {"pii": ["on_prem"]}})
    settings["providers"]["p1"]["labels"] = ["on_prem"]
    settings["routes"].insert(
        0, {"name": "secrets", "match": {"sensitivity": ["secret"]}, "require": {"labels": ["on_prem"]}, "targets": ["t1"]}
    )
    gw = gateway(settings)
    assert gw.chat().headers["x-fluxgate-target"] == "t0"
    mail = [{"role": "user", "content": "write to anna.schmidt@example.org please"}]
    answer = gw.chat(messages=mail)
    assert (answer.headers["x-fluxgate-route"], answer.headers["x-fluxgate-target"]) == ("smart", "t1"), answer
    key = [{"role": "user", "content": "my key is AKIAIOSFODNN7EXAMPLQ and more"}]
    assert gw.chat(messages=key).headers["x-fluxgate-route"] == "secrets"
    assert gw.chat(headers={"x-fluxgate-labels": "pii"}).headers["x-fluxgate-target"] == "t1", "callers may raise it"
    home.script(error(503))
    answer = gw.chat(messages=mail)
    assert answer.status == 503 and cloud.count == 1, "and nothing falls back to where it may not go"


def test_routes_by_header_task_and_tokens(gateway, upstream):
    mocks = [upstream(ok()) for _ in range(4)]
    settings = config(*[m.url for m in mocks], tasks={"keywords": {"code": ["stack trace"]}})
    base = settings["routes"][0]
    base["targets"], base["fallback"] = ["t0"], []
    settings["routes"] = [
        {"name": "team", "match": {"headers": {"x-team": "sea*"}}, "targets": ["t1"], "precedence": 1},
        {"name": "code", "match": {"model": "smart", "task": ["code"]}, "targets": ["t2"]},
        {"name": "long", "match": {"model": "smart", "tokens": {"min": 1000}}, "targets": ["t3"]},
        base,
    ]
    del base["fallback"]
    gw = gateway(settings)
    assert gw.chat().headers["x-fluxgate-route"] == "smart"
    assert gw.chat(headers={"x-team": "search"}).headers["x-fluxgate-route"] == "team"
    assert gw.chat(headers={"x-fluxgate-task": "code"}).headers["x-fluxgate-route"] == "code"
    trace = [{"role": "user", "content": "Why does this Stack Trace happen?"}]
    assert gw.chat(messages=trace).headers["x-fluxgate-route"] == "code"
    assert gw.chat(messages=[{"role": "user", "content": "word " * 2000}]).headers["x-fluxgate-route"] == "long"
    assert gw.chat(headers={"x-fluxgate-priority": "urgent"}).status == 400


@pytest.mark.parametrize(
    "path,body",
    [
        ("/v1/embeddings", {"input": ["mail anna.schmidt@example.org"]}),
        ("/v1/moderations", {"input": "mail anna.schmidt@example.org"}),
        ("/v1/rerank", {"query": "who?", "documents": ["anna.schmidt\u0040example.org"]}),
        ("/v1/images/generations", {"prompt": "a card for anna.schmidt@example.org"}),
        ("/v1/responses", {"input": [{"role": "user", "content": "mail anna.schmidt@example.org"}]}),
        ("/v1/completions", {"prompt": "mail anna.schmidt@example.org"}),
    ],
)
def test_sensitivity_binds_every_endpoint(gateway, upstream, path, body):
    cloud, home = upstream(ok()), upstream(ok())
    settings = peers(cloud.url, home.url, route={"balance": "ordered"})
    settings["sensitivity"] = {"detectors": ["email"], "require": {"pii": ["on_prem"]}}
    settings["providers"]["p1"]["labels"] = ["on_prem"]
    answer = gateway(settings).call("POST", path, {"model": "smart", **body})
    assert answer.status == 200 and (cloud.count, home.count) == (0, 1), answer


# --- balancing and experiments ---
def test_round_robin_and_sticky_sessions(gateway, upstream):
    mocks = [upstream(ok()) for _ in range(3)]
    gw = gateway(peers(*[m.url for m in mocks], route={"balance": "round_robin"}))
    for _ in range(9):
        gw.chat()
    assert [m.count for m in mocks] == [3, 3, 3]
    gw = gateway(peers(*[m.url for m in mocks], route={"balance": "session"}))
    for session in ("a", "b", "c", "d"):
        seen = {gw.chat(headers={"x-fluxgate-session": session}).headers["x-fluxgate-target"] for _ in range(4)}
        assert len(seen) == 1, seen


def test_an_experiment_is_sticky_and_said(gateway, upstream):
    own, other = upstream(ok()), upstream(ok())
    settings = config(own.url, other.url)
    route = settings["routes"][0]
    del route["fallback"]
    route["experiment"] = {"name": "new-model", "unit": "session", "variants": [{"name": "b", "share": 0.5, "targets": ["t1"]}]}
    gw = gateway(settings)
    variants = {}
    for session in map(str, range(40)):
        answers = [gw.chat(headers={"x-fluxgate-session": session}) for _ in range(2)]
        seen = {(a.headers.get("x-fluxgate-variant"), a.headers["x-fluxgate-target"]) for a in answers}
        assert len(seen) == 1 and seen <= {(None, "t0"), ("b", "t1")}, seen
        variants[session] = seen.pop()
    assert len(set(variants.values())) == 2
    other.script(error(503))
    session = next(s for s, (variant, _) in variants.items() if variant == "b")
    answer = gw.chat(headers={"x-fluxgate-session": session})
    assert (answer.status, answer.headers["x-fluxgate-target"]) == (200, "t0"), "an experiment costs no answer"


def test_a_failing_canary_is_aborted(gateway, upstream):
    own, canary = upstream(ok()), upstream(error(500))
    settings = config(own.url, canary.url)
    route = settings["routes"][0]
    del route["fallback"]
    route["canary"] = {"targets": ["t1"], "steps": [0.5, 1], "step_duration": "1h", "min_requests": 20}
    route["retry_budget"] = {"ratio": 1, "floor": 100}
    gw = gateway(settings)
    assert gw.metric("fluxgate_canary_share", route="smart") == 0.5
    for number in range(120):
        answer = gw.chat(headers={"x-fluxgate-session": f"s{number}"})
        assert answer.status == 200, "what the canary fails, the route's own target answers"
    assert gw.metric("fluxgate_canary_share", route="smart") == 0
    status = gw.admin("/status").json()["routes"][0]["canary"]
    assert status["stage"] == "aborted" and status["reason"], status
    before = canary.count
    for number in range(10):
        gw.chat(headers={"x-fluxgate-session": f"s{number}"})
    assert canary.count == before


def test_shadows_get_copies_and_cannot_hurt(gateway, upstream):
    own = upstream(lambda e: stream(EVENTS) if e.json().get("stream") else ok("own"))
    shadow = upstream(error(500))
    settings = config(own.url, shadow.url)
    route = settings["routes"][0]
    del route["fallback"]
    route["shadow"] = {"targets": ["t1"], "share": 1}
    gw = gateway(settings)
    answer = gw.chat(user="u1")
    assert answer.json()["choices"][0]["message"]["content"] == "own"
    eventually(lambda: gw.metric("fluxgate_shadow_requests_total", route="smart", outcome="status_5xx") == 1, what="the shadow counted")
    assert shadow.last.json() == {**chat_body(user="u1"), "model": "upstream-model"}
    shadow.script(stream(EVENTS))
    assert gw.chat(stream=True).data()[-1] == "[DONE]"
    eventually(lambda: gw.metric("fluxgate_shadow_requests_total", route="smart", outcome="success") == 1, what="the stream read to its end")
    assert own.count == 2 and gw.metric("fluxgate_attempts_total", target="t1") == 0


# --- resilience ---
def test_the_breaker_opens_and_one_probe_closes_it(gateway, upstream):
    bad, good = upstream(error(503)), upstream(ok())
    settings = config(bad.url, good.url, breaker={"consecutive": 3, "backoff": "300ms", "max_backoff": "400ms"})
    settings["routes"][0]["retry_budget"] = {"ratio": 1, "floor": 100}
    gw = gateway(settings)
    for _ in range(6):
        assert gw.chat().status == 200
    assert bad.count == 3, "after three failures it is left alone"
    assert gw.metric("fluxgate_breaker_trips_total", target="t0") == 1
    assert gw.metric("fluxgate_target_gate", target="t0", gate="shut") == 1
    bad.script(ok())
    eventually(lambda: gw.chat().headers["x-fluxgate-target"] == "t0", what="the probe reopened it")
    assert gw.metric("fluxgate_target_gate", target="t0", gate="open") == 1
    assert gw.chat().headers["x-fluxgate-attempts"] == "1"


def test_429_cools_a_target_for_as_long_as_it_says(gateway, upstream):
    limited = upstream(error(429, headers=[("Retry-After", "60")]))
    other = upstream(ok())
    gw = gateway(config(limited.url, other.url))
    assert gw.chat().status == 200
    for _ in range(4):
        assert gw.chat().headers["x-fluxgate-attempts"] == "1"
    assert limited.count == 1
    assert gw.metric("fluxgate_target_gate", target="t0", gate="cooling") == 1
    told = explain(gw, chat_body())
    assert told["rejected"][0]["rejected_by"] == "health:cooling"
    assert explain(gw, {"request": chat_body(), "overrides": {"health": {"t0": "open"}}})["picked"]["target"] == "t0"


def test_the_last_target_is_never_ejected_unless_the_route_says_so(gateway, upstream):
    mock = upstream(error(429, headers=[("Retry-After", "60")]))
    gw = gateway(config(mock.url))
    assert [gw.chat().status for _ in range(3)] == [429] * 3 and mock.count == 3
    settings = config(mock.url, route={"on_exhausted": "reject"})
    gw = gateway(settings)
    gw.chat()
    answer = gw.chat()
    assert answer.status == 429 and answer.error()["code"] == "rate_limit_exceeded" and mock.count == 4, answer


def test_a_storm_stays_within_the_retry_budget(gateway, upstream):
    mocks = [upstream(error(503)) for _ in range(3)]
    settings = config(*[m.url for m in mocks], route={"retry_budget": {"ratio": 0.2, "floor": 1}}, breaker={"enabled": False})
    gw = gateway(settings)
    for _ in range(100):
        assert gw.chat().status == 503
    extra = sum(m.count for m in mocks) - 100
    assert 10 <= extra <= 0.2 * 100 + 10 + 2, extra
    eventually(lambda: gw.metric("fluxgate_relief_total", what="budget_refused") > 50, what="counted")


def test_a_refused_key_rests_and_the_next_one_serves(gateway, upstream):
    def answer(exchange):
        return error(401) if exchange.headers["authorization"] == "Bearer sk-old" else ok()

    mock = upstream(answer)
    settings = config(mock.url)
    del settings["providers"]["p0"]["api_key"]
    settings["providers"]["p0"]["api_keys"] = ["sk-old", "sk-new"]
    settings["routes"][0]["retries"] = 1
    gw = gateway(settings)
    statuses = [gw.chat().status for _ in range(6)]
    assert statuses.count(401) <= 1 and statuses[-4:] == [200] * 4, statuses
    assert gw.metric("fluxgate_target_gate", target="t0", gate="open") == 1, "the target is not to blame"


def test_an_only_key_that_is_refused_rests_too(gateway, upstream):
    refused, other = upstream(error(401)), upstream(ok())
    gw = gateway(config(refused.url, other.url))
    assert gw.chat().headers["x-fluxgate-attempts"] == "2"
    for _ in range(3):
        assert gw.chat().headers["x-fluxgate-attempts"] == "1"
    assert refused.count == 1
    assert gw.metric("fluxgate_target_gate", target="t0", gate="no_credential") == 1
    assert gw.metric("fluxgate_breaker_trips_total", target="t0") == 0, "the provider is not to blame"


def test_context_errors_go_to_a_larger_window_only(gateway, upstream):
    small = upstream(error(400, "too long", "invalid_request_error", "context_length_exceeded"))
    same, large = upstream(ok("same")), upstream(ok("large"))
    settings = config(small.url, same.url, large.url)
    for name, window in (("t0", 8000), ("t1", 8000), ("t2", 128000)):
        settings["targets"][name]["context_window"] = window
    gw = gateway(settings)
    answer = gw.chat()
    assert answer.headers["x-fluxgate-target"] == "t2" and same.count == 0, answer
    assert gw.metric("fluxgate_target_failure_ratio", target="t0") == 0, "a client's mistake hurts nobody"


def test_content_filter_falls_back_only_if_allowed(gateway, upstream):
    strict = upstream(error(400, "blocked", "invalid_request_error", "content_filter"))
    lax = upstream(ok())
    assert gateway(config(strict.url, lax.url)).chat().status == 400
    assert gateway(config(strict.url, lax.url, route={"content_filter_fallback": True})).chat().status == 200


def test_a_full_target_queues_in_order_of_priority(gateway, upstream):
    hold = threading.Event()

    def slow(exchange):
        return [Gate(hold), *ok(exchange.json()["user"])]

    mock = upstream(slow)
    settings = config(mock.url, route={"on_exhausted": "queue", "queue": {"max": 10, "timeout": "8s"}, "priority": "high"})
    settings["targets"]["t0"]["max_concurrency"] = 1
    gw = gateway(settings)
    def ask(name: str, priority: str):
        answer = gw.chat(user=name, headers={"x-fluxgate-priority": priority})
        assert answer.status == 200, answer

    threads = []
    for number, (name, priority) in enumerate((("first", "high"), ("normal", "normal"), ("second", "normal"), ("high", "high"))):
        threads.append(threading.Thread(target=ask, args=(name, priority)))
        threads[-1].start()
        eventually(lambda n=number: gw.metric("fluxgate_route_waiting_requests", route="smart") == n or n == 0, what="queued")
        if number == 0:
            eventually(lambda: mock.count == 1, what="the first is there")
    hold.set()
    for thread in threads:
        thread.join()
    order = [exchange.json()["user"] for exchange in mock.exchanges]
    assert order == ["first", "high", "normal", "second"], order
    eventually(lambda: gw.metric("fluxgate_target_pending_requests", target="t0") == 0, what="nobody left")


def test_without_a_queue_a_full_target_is_a_503(gateway, upstream):
    hold = threading.Event()
    mock = upstream(lambda e: [Gate(hold), *ok()])
    settings = config(mock.url)
    settings["targets"]["t0"]["max_concurrency"] = 1
    gw = gateway(settings)
    thread = threading.Thread(target=gw.chat)
    thread.start()
    eventually(lambda: mock.count == 1, what="the first is there")
    answer = gw.chat()
    assert answer.status == 503 and "limit:concurrency" in answer.error()["message"], answer
    hold.set()
    thread.join()
    assert gw.chat().status == 200


# --- hedging ---
def hedged(*urls: str) -> dict:
    settings = config(*urls, route={"hedge": {"delay": "150ms", "min_delay": "50ms"}})
    settings["routes"][0]["retry_budget"] = {"ratio": 1, "floor": 100}
    return settings


def test_a_late_first_token_is_hedged_and_the_loser_closed(gateway, upstream):
    slow = upstream([Send(SSE_HEAD), Send(chunk(EVENTS[0])), Pause(5), Send(b"")])
    fast = upstream(stream(EVENTS))
    gw = gateway(hedged(slow.url, fast.url))
    started = time.monotonic()
    answer = gw.chat(stream=True)
    assert answer.text() == "alphabetagamma" and answer.data()[-1] == "[DONE]", answer
    assert answer.headers["x-fluxgate-target"] == "t1" and time.monotonic() - started < 3
    eventually(lambda: gw.metric("fluxgate_hedges_total", result="won") == 1, what="counted")
    eventually(lambda: gw.metric("fluxgate_attempts_total", target="t0", outcome="cancelled") == 1, what="the loser counted")
    eventually(lambda: gw.metric("fluxgate_target_pending_requests", target="t0") == 0, what="the loser gone")


def test_no_hedge_when_the_first_is_in_time_or_fails_at_once(gateway, upstream):
    first, second = upstream(stream(EVENTS)), upstream(stream(EVENTS))
    gw = gateway(hedged(first.url, second.url))
    assert gw.chat(stream=True).headers["x-fluxgate-target"] == "t0" and second.count == 0
    first.script(error(503))
    answer = gw.chat(stream=True)
    assert answer.headers["x-fluxgate-target"] == "t1" and answer.data()[-1] == "[DONE]", "a failure is a fallback, no hedge"
    assert gw.metric("fluxgate_hedges_total") == 0


def test_calls_of_tools_are_never_made_twice(gateway, upstream):
    slow, second = upstream([Pause(0.6), *stream(EVENTS)]), upstream(stream(EVENTS))
    gw = gateway(hedged(slow.url, second.url))
    tools = [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object"}}}]
    assert gw.chat(stream=True, tools=tools).data()[-1] == "[DONE]"
    assert (slow.count, second.count) == (1, 0)


def test_a_fast_failure_does_not_win_the_race(gateway, upstream):
    slow = upstream([Pause(0.6), *stream(EVENTS)])
    broken = upstream([Send(SSE_HEAD), Send(chunk(b'data: {"error":{"message":"no"}}\n\n')), Close()])
    gw = gateway(hedged(slow.url, broken.url))
    answer = gw.chat(stream=True)
    assert answer.headers["x-fluxgate-target"] == "t0" and answer.data()[-1] == "[DONE]", answer
    eventually(lambda: gw.metric("fluxgate_hedges_total", result="lost") == 1, what="counted")


# --- failures told honestly ---
FAILURES = {
    "cut": [Send(SSE_HEAD), Close()],
    "garbage": [Send(SSE_HEAD + b"zz\r\n"), Close()],
    "429": error(429),
    "503": error(503),
    "529": error(529),
    "in_band": [Send(SSE_HEAD), Send(chunk(b'data: {"error":{"message":"overloaded"}}\n\n')), Close()],
    "nothing": stream([b"data: [DONE]\n\n"]),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_before_the_first_event_the_next_target_serves_and_the_log_tells(gateway, upstream, tmp_path, failure):
    bad, good = upstream(FAILURES[failure]), upstream(stream(EVENTS))
    log = tmp_path / "decisions.ndjson"
    gw = gateway(config(bad.url, good.url, decision_log={"file": str(log)}))
    answer = gw.chat(stream=True)
    assert answer.text() == "alphabetagamma" and answer.data()[-1] == "[DONE]", answer
    eventually(lambda: log.exists() and log.read_text().endswith("\n"), what="the decision log")
    row = json.loads(log.read_text())
    assert row["served"] == "t1" and [a["target"] for a in row["attempts"]] == ["t0", "t1"], row
    assert row["attempts"][0]["outcome"] != "success" and row["attempts"][1]["outcome"] == "success"
    assert row["candidates"][0]["target"] == "t0" and row["candidates"][0]["p"] == 1
    assert row["tokens_out"] > 0 and "hello" not in log.read_text(), "and no text unless asked"


def test_a_plain_answer_of_nothing_goes_to_the_next(gateway, upstream):
    empty = upstream(reply(json.dumps({"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": ""}], "usage": {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}}).encode()))
    good = upstream(ok("words"))
    answer = gateway(config(empty.url, good.url)).chat()
    assert answer.json()["choices"][0]["message"]["content"] == "words", answer


def test_the_log_holds_text_only_if_asked_and_never_sensitive_text(gateway, upstream, tmp_path):
    log = tmp_path / "decisions.ndjson"
    mock = upstream(ok())
    gw = gateway(config(mock.url, decision_log={"file": str(log), "text": True}, sensitivity={"detectors": ["email"]}))
    gw.chat(messages=[{"role": "user", "content": "what is a prime"}])
    gw.chat(messages=[{"role": "user", "content": "write to anna.schmidt@example.org"}])
    eventually(lambda: log.exists() and len(log.read_text().splitlines()) == 2, what="two lines")
    first, second = map(json.loads, log.read_text().splitlines())
    assert first["prompt"] == "what is a prime" and "prompt" not in second, (first, second)
    assert second["facts"]["labels"] == ["pii"]


# --- learning ---
@pytest.mark.parametrize("bad,good", [({"score": 0}, {"score": 1}), ({"verdict": "underpowered"}, {"verdict": "good_fit"})])
def test_feedback_teaches_an_adaptive_route(gateway, upstream, tmp_path, bad, good):
    mocks = [upstream(ok()), upstream(ok())]
    log = tmp_path / "decisions.ndjson"
    settings = peers(*[m.url for m in mocks], route={"policy": {"order_by": "adaptive", "sticky": False}}, decision_log={"file": str(log)})
    gw = gateway(settings)
    for number in range(80):
        answer = gw.chat(messages=[{"role": "user", "content": f"question {number}"}])
        verdict = good if answer.headers["x-fluxgate-target"] == "t1" else bad
        judged = {"id": answer.headers["x-fluxgate-request-id"], **verdict}
        told = gw.call("POST", "/v1/feedback", json.dumps(judged), {"Authorization": f"Bearer user-{number}"})
        assert told.status == 200 and told.json()["learned"] is True, told
    before = mocks[1].count
    for number in range(40):
        gw.chat(messages=[{"role": "user", "content": f"later {number}"}])
    assert mocks[1].count - before >= 30, "most requests now go to the better one"
    eventually(lambda: sum("feedback" in json.loads(line) for line in log.read_text().splitlines()) == 80, what="feedback in the log")
    eventually(lambda: gw.metric("fluxgate_feedback_total", result="learned") == 80, what="counted")


def test_bad_words_alone_teach_as_well(gateway, upstream):
    mocks = [upstream(ok()), upstream(ok())]
    gw = gateway(peers(*[m.url for m in mocks], route={"policy": {"order_by": "adaptive", "sticky": False}}))
    for number in range(80):
        answer = gw.chat(messages=[{"role": "user", "content": f"question {number}"}])
        if answer.headers["x-fluxgate-target"] == "t0":
            judged = {"id": answer.headers["x-fluxgate-request-id"], "verdict": "underpowered"}
            gw.call("POST", "/v1/feedback", json.dumps(judged), {"Authorization": f"Bearer user-{number}"})
    assert mocks[1].count > 55, [m.count for m in mocks]


@pytest.mark.parametrize(
    "body,param",
    [
        ("[]", None),
        ('{"score":1}', "id"),
        ('{"id":"x"}', "score"),
        ('{"id":"x","score":2}', "score"),
        ('{"id":"x","score":1,"verdict":"good_fit"}', "score"),
        ('{"id":"x","verdict":"nice"}', "verdict"),
    ],
)
def test_bad_feedback_is_refused(gateway, upstream, body, param):
    answer = gateway(config(upstream(ok()).url)).call("POST", "/v1/feedback", body)
    assert answer.status == 400 and answer.error()["param"] == param, answer


def test_the_summary_on_a_response_is_opt_in(gateway, upstream):
    gw = gateway(config(upstream(ok()).url))
    assert "x-fluxgate-explain" not in gw.chat().headers
    summary = json.loads(gw.chat(headers={"x-fluxgate-explain": "summary"}).headers["x-fluxgate-explain"])
    assert summary["route"] == "smart" and summary["picked"] == "t0", summary


@pytest.mark.parametrize("body", [{"request": 1}, {"request": {}, "endpoint": 5}, {"request": {"model": "smart"}, "overrides": {"health": {"nobody": "shut"}}}, {"request": {"model": "smart"}, "seed": "x"}])
def test_a_bad_explain_query_is_a_400(gateway, upstream, body):
    gw = gateway(config(upstream(ok()).url))
    answer = call(gw.admin_port, "POST", "/v1/route/explain", json.dumps(body), {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.error()["message"], answer


def test_health_survives_a_reload(gateway, upstream):
    limited, other = upstream(error(429, headers=[("Retry-After", "60")])), upstream(ok())
    settings = config(limited.url, other.url)
    gw = gateway(settings)
    gw.chat()
    settings["targets"]["t1"]["weight"] = 2
    gw.write(settings)
    gw.reload()
    eventually(lambda: gw.metric("fluxgate_config_reloads_total", result="success") >= 1, what="reloaded")
    assert gw.chat().headers["x-fluxgate-attempts"] == "1" and limited.count == 1
