// A configuration with every key there is: the tests of the key table read it, and check that it leaves none out.
#pragma once

#include <string_view>

namespace fluxgate::config {

// Every key of every section, none at its default.
inline constexpr std::string_view kEverything = R"(
listen: { address: 0.0.0.0:1, tls: { certificate: c.pem, key: /k.pem } }
admin: { address: "[::1]:2" }
workers: 3
log: { level: debug, format: json, access: false, file: logs/a.log }
limits:
  request_line: 1KiB
  request_head: 2KiB
  header_count: 9
  request_body: 3KiB
  upload_body: 4KiB
  response_body: 5KiB
  connections: 6
  in_flight: 7
  head_timeout: 8s
  body_idle_timeout: 9s
  body_min_rate: 10
  keep_alive_timeout: 11s
  write_timeout: 12s
drain: { delay: 13s, timeout: 14s }
providers:
  a:
    kind: openai_compatible
    base_url: https://example.com:444/v2
    api_key: { env: KEY }
    organization: org
    project: proj
    headers: { X-Plain: text, X-Env: { env: OTHER } }
    allow_private: true
    stream_usage: false
    max_idle_connections: 15
    idle_timeout: 16s
    labels: [l1, l2]
    region: eu
    tls: { ca: ca.pem, certificate: cc.pem, key: ck.pem, server_name: sni }
  b:
    kind: sim
    sim:
      first_token_delay: 17ms
      token_interval: 18ms
      tokens: 19
      error_429: 0.01
      error_500: 0.02
      error_503: 0.03
      stall: 0.04
      cut: 0.05
      garbage: 0.06
      seed: 20
  c: { kind: openai, api_keys: [{ env: KEY }, { env: OTHER }] }
targets:
  t: { provider: a, model: "*", strip_prefix: a/, weight: 2.5, price: { input: 0.15, output: 0.6 }, context_window: 21 }
  u: { provider: b, model: m }
  v:
    provider: c
    model: m
    catalogue: vendor/m
    price: { input: 1, output: 2, cached_input: 0.1, cache_write: 1.25 }
    max_output_tokens: 28
    abilities: { vision: true, tools: false }
    tokenizer: cl100k_base
    quality: 0.75
    labels: [l3]
    max_concurrency: 29
    requests_per_minute: 30
    tokens_per_minute: 5000000000
routes:
  - name: r
    match: { model: [x, y-*] }
    balance: ordered
    targets: [t]
    fallback: [u, t]
    retries: 2
    attempts:
      max: 4
      deadline: 22s
      connect_timeout: 23s
      first_token_timeout: 24s
      idle_timeout: 25s
      stream_timeout: 26s
      backoff: 27ms
    require: { labels: [l1] }
  - name: everything
    precedence: 31
    match:
      headers: { X-Team: search, x-env: "*" }
      task: [code, prose]
      sensitivity: [pii]
      needs: [vision, json_schema]
      tokens: { min: 32, max: 33 }
    balance: p2c
    policy:
      order_by: weighted
      near: 0.01
      quality_floor: 0.02
      quality_slack: 0.03
      weights: { quality: 1, latency: 2, cost: 3, load: 4 }
      slo_ttft: 34s
      exploration: 0.05
      max_cost: 0.06
      sticky: false
      switch_margin: 0.07
      quality: { default: { t: 0.9 }, code: { t: 0.8, u: 0.7 } }
    targets: [t, u]
    require: { regions: [eu], known_abilities: true, known_price: true, max_price: { input: 0.08, output: 0.09 } }
    context: { on_overflow: trim, default_output: 35 }
    priority: high
    on_exhausted: queue
    queue: { max: 36, timeout: 37s }
    retry_budget: { ratio: 0.1, floor: 38 }
    content_filter_fallback: true
    hedge: { delay: 800ms, min_delay: 39ms }
    experiment:
      name: e
      unit: user
      variants: [{ name: e1, share: 0.11, targets: [t] }, { name: e2, share: 0.12, targets: [u, t] }]
    canary:
      targets: [t]
      steps: [0.13, 1]
      step_duration: 40s
      min_requests: 41
      max_error_increase: 0.14
      max_ttft_ratio: 1.15
      confidence: 0.9
    shadow: { targets: [t, v], share: 0.16, max_in_flight: 42 }
  - { name: d, match: { model: default }, targets: [v] }
breaker:
  enabled: false
  consecutive: 43
  success_rate: 0.17
  min_requests: 44
  backoff: 45s
  max_backoff: 46s
  cooldown: 47s
sensitivity:
  detectors: [email, credit_card]
  patterns: { ticket: { regex: 'T-[0-9]+', label: internal } }
  require: { pii: [l1, l2] }
tasks:
  keywords: { code: [stack trace, segfault] }
  structure: true
  file: tasks.bin
  min_confidence: 0.6
decision_log: { file: logs/d.log, text: true, sample: 0.18 }
catalogue: { file: models.json }
)";

}  // namespace fluxgate::config
