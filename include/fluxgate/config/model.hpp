// The configuration as plain values: what the YAML file says, checked and with defaults filled in.
//
// These structs know nothing of upper rooms: a route here is text and numbers; routing::RouteTable compiles it. Loading
// is config::load_file (loader.hpp). Every key's meaning, unit and default stands once, in the key table beside the
// loader (src/config/keys*.cpp), from which the parser's checks, `fluxgate schema` and docs/configuration.md are made;
// the default itself is the initialiser here, which that table reads.
// A Config is immutable after loading and may be read from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fluxgate/base/secret.hpp"

namespace fluxgate::config {

using std::chrono::milliseconds;

// Where a value stands in the file, for messages about it. Lines and columns count from 1; 0 means "not from a file".
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};

// host:port, or [v6]:port. Port 0 asks the system for a free one (tests).
struct Address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

struct ListenerTls {
  std::string certificate;  // PEM chain file
  std::string key;          // PEM private key file
};

struct Listen {
  Address address{"127.0.0.1", 8080};
  std::optional<ListenerTls> tls;
};

struct Admin {
  Address address{"127.0.0.1", 9090};
};

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

struct Log {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  bool access = true;        // one line a request
  std::string file;          // empty: standard output
};

// Bounds on everything that comes from outside.
struct Limits {
  std::size_t request_line = 8 * 1024;             // longer: 414
  std::size_t request_head = 32 * 1024;            // longer: 431
  std::size_t header_count = 100;                  // more: 431
  std::size_t request_body = 32 * 1024 * 1024;     // JSON bodies; larger: 413
  std::size_t upload_body = 64 * 1024 * 1024;      // multipart bodies; larger: 413
  std::size_t response_body = 64 * 1024 * 1024;    // a plain upstream answer held in memory; larger: 502
  std::size_t connections = 10000;                 // client connections; more: 503 and close
  std::size_t in_flight = 2000;                    // requests at once, over all workers; more: 503
  milliseconds head_timeout{10000};                // from the first byte of a request head to its end: 408
  milliseconds body_idle_timeout{30000};           // between two reads of a request body: 408
  std::size_t body_min_rate = 1024;                // bytes a second, averaged, after the first 10 s of a body: 408
  milliseconds keep_alive_timeout{60000};          // an idle client connection
  milliseconds write_timeout{60000};               // a client that does not read: closed
};

struct Drain {
  milliseconds delay{0};           // keep accepting with /readyz at 503, so that load balancers notice
  milliseconds timeout{30000};     // then in-flight requests may finish; after it streams get an error event
};

enum class ProviderKind { kOpenAi, kOpenAiCompatible, kSim };

struct ProviderTls {
  std::string ca;            // PEM file that replaces the system trust store
  std::string certificate;   // client certificate (PEM chain)
  std::string key;           // and its private key
  std::string server_name;   // verified and sent as SNI instead of the host of base_url
};

// The built-in simulated provider: answers without a network or a key. Every value can be set per provider.
struct Sim {
  milliseconds first_token_delay{50};
  milliseconds token_interval{10};
  std::size_t tokens = 32;             // length of an answer
  // Share of requests, 0..1, that end in each way instead of an answer.
  double error_429 = 0;                // status 429 with Retry-After: 1
  double error_500 = 0;
  double error_503 = 0;
  double stall = 0;                    // accepts and never answers
  double cut = 0;                      // closes in the middle of the answer
  double garbage = 0;                  // 200 with a body that is neither JSON nor SSE
  std::uint64_t seed = 1;              // the dice of the shares above

  friend bool operator==(const Sim&, const Sim&) = default;
};

struct Provider {
  std::string name;                    // the key under `providers`
  ProviderKind kind = ProviderKind::kOpenAi;
  std::string base_url;                // scheme://host[:port]/path; the kind has a default where one exists
  Secret api_key;                      // empty: no credential header is sent
  std::vector<Secret> api_keys;        // instead of api_key: several, used in turn; one that is refused rests
  std::string organization;            // OpenAI-Organization header
  std::string project;                 // OpenAI-Project header
  std::map<std::string, Secret> headers;  // further headers on every request to it
  bool allow_private = false;          // may resolve to loopback, private and link-local addresses
  bool stream_usage = true;            // accepts stream_options.include_usage
  std::size_t max_idle_connections = 128;   // kept per worker
  milliseconds idle_timeout{45000};    // a kept connection older than this is closed, not reused
  std::vector<std::string> labels;
  std::string region;                  // where it runs, e.g. eu; routes may require it
  ProviderTls tls;
  Sim sim;                             // only for kind: sim
  Location where;
};

struct Price {                         // US dollars per million tokens
  double input = 0;
  double output = 0;
  std::optional<double> cached_input;  // input served from the provider's prompt cache; unset: as input
  std::optional<double> cache_write;   // input written to it; unset: as input
};

// What is not said here comes from the model catalogue, if it knows the model; else it is unknown.
struct Target {
  std::string name;                    // the key under `targets`
  std::string provider;                // a key under `providers`
  std::string model;                   // the model name the provider knows; "*": the name the client asked for
  std::string strip_prefix;            // only with model "*": taken off the front of the client's name, if it is there
  std::string catalogue;               // the model's name in the catalogue, if it is not `model`
  double weight = 1;
  std::optional<Price> price;          // unset: unknown, which is not zero
  std::optional<std::uint64_t> context_window;     // tokens, input and output together
  std::optional<std::uint64_t> max_output_tokens;
  std::map<std::string, bool> abilities;           // api::kAbilityNames -> can or cannot; absent: unknown
  std::string tokenizer;               // o200k_base, cl100k_base or estimate; empty: by the model
  std::optional<double> quality;       // 0..1, the operator's own judgement where no table has a better one
  std::vector<std::string> labels;     // in addition to its provider's
  std::optional<std::uint64_t> max_concurrency;    // requests in flight over all workers; unset: no cap
  std::optional<std::uint64_t> requests_per_minute;// the provider's rate limit; unset: unknown
  std::optional<std::uint64_t> tokens_per_minute;
  Location where;
};

// One budget of tries and time for a whole request.
struct Attempts {
  std::size_t max = 3;                     // upstream tries, the first one included
  milliseconds deadline{600000};           // the whole request, for plain answers and until the first event of a stream
  milliseconds connect_timeout{3000};      // DNS, TCP and TLS of one try
  milliseconds first_token_timeout{60000}; // streams: from the request sent to the first event
  milliseconds idle_timeout{120000};       // streams: between two upstream reads
  milliseconds stream_timeout{1800000};    // streams: the longest a stream may last in total
  milliseconds backoff{100};               // before trying the same target again; doubles, with jitter
};

struct Match {
  std::vector<std::string> models;         // exact names or wildcards with '*'; empty with other conditions: any
  bool is_default = false;                 // `model: default`: takes what no other route takes
  std::map<std::string, std::string> headers;  // lower-case name -> value or wildcard; all must be there
  std::vector<std::string> tasks;          // any of them is the request's most likely task
  std::vector<std::string> sensitivity;    // any of these labels was raised
  std::vector<std::string> needs;          // api::kAbilityNames: the request needs all of them
  std::optional<std::uint64_t> min_tokens; // estimated input tokens
  std::optional<std::uint64_t> max_tokens;
};

enum class Balance {
  kOrdered,           // the first that is well
  kWeighted,          // at random, by weight
  kRoundRobin,        // in turn, smoothly by weight
  kLeastOutstanding,  // the one with the fewest tokens in flight
  kP2c,               // the better of two drawn at random, by expected time and load
  kSession,           // a session stays where it is
  kPrefix,            // equal prompt beginnings go to the same target, unless it is overloaded
};

enum class OrderBy {
  kListed,    // all of `targets` are equals
  kCost,      // expected money
  kLatency,   // expected time
  kQuality,   // expected quality
  kWeighted,  // a weighted sum of quality, time, money and load
  kAdaptive,  // learned from feedback and outcomes (Thompson sampling)
};

struct ScoreWeights {
  double quality = 0.4;
  double latency = 0.2;
  double cost = 0.2;
  double load = 0.2;
};

// Which of a route's targets come first. Those about as good as the best are equals, and `balance` spreads over them.
struct Policy {
  OrderBy order_by = OrderBy::kListed;
  std::optional<double> near;              // how far from the best still counts as equal; default by order_by
  double quality_floor = 0;                // 0..1: targets known to be below it are ruled out
  double quality_slack = 0.05;             // order_by cost: only those within this of the best quality compete
  ScoreWeights weights;                    // order_by weighted
  milliseconds slo_ttft{3000};             // the time to first token that counts as bad as can be
  double exploration = 0.01;               // share of requests that tries a stale or unproven target
  std::optional<double> max_cost;          // dollars: a target whose cautious estimate (95 %) is above it is ruled out
  bool sticky = true;                      // adaptive: stay with a conversation's target unless another is clearly better
  double switch_margin = 0.05;             // how clearly
  std::map<std::string, std::map<std::string, double>> quality;  // task (or "default") -> target -> 0..1
};

// What a target must have to be asked at all. Binds fallbacks, hedges and shadows too.
struct Require {
  std::vector<std::string> labels;         // a target (or its provider) without all of them is ruled out
  std::vector<std::string> regions;        // its provider's region must be one of these
  bool known_abilities = false;            // an ability the request needs must be known to be there, not just not denied
  bool known_price = false;                // targets without a price are ruled out
  std::optional<double> max_input_price;   // dollars per million tokens
  std::optional<double> max_output_price;
};

enum class OnOverflow {
  kReject,  // 400 context_length_exceeded with the numbers
  kTrim,    // leave out the oldest complete turns until it fits
};

// When no target's window is large enough for the request.
struct ContextRules {
  OnOverflow on_overflow = OnOverflow::kReject;
  std::uint64_t default_output = 1024;     // tokens kept free for the answer if the request sets no limit
};

// When every target is shut, cooling or full. A configured max_concurrency is never exceeded.
enum class OnExhausted {
  kReject,    // 503, or 429 while all are cooling
  kLeastBad,  // ask them all the same: the last target is never ejected
  kQueue,     // wait for one to have room
};

struct Queue {
  std::size_t max = 100;                   // requests waiting on this route
  milliseconds timeout{5000};
};

struct RetryBudget {
  double ratio = 0.2;                      // retries, fallbacks and hedges may be this share of the route's requests
  double floor = 1;                        // and so many a second at least
};

struct Hedge {
  std::optional<milliseconds> delay;       // before the second attempt; unset: the target's 95th percentile
  milliseconds min_delay{50};
};

struct Variant {
  std::string name;
  double share = 0;                        // 0..1
  std::vector<std::string> targets;
  Location where;
};

enum class ExperimentUnit { kSession, kUser, kRequest };

// Sticky A/B: the same unit always gets the same variant's targets.
struct Experiment {
  std::string name;                        // also the salt of the hash
  ExperimentUnit unit = ExperimentUnit::kSession;
  std::vector<Variant> variants;           // the rest of the shares goes to the route's own targets
};

// A share of requests goes to new targets, growing step by step while they do no worse than the route's own.
struct Canary {
  std::vector<std::string> targets;
  std::vector<double> steps{0.01, 0.05, 0.25, 1};
  milliseconds step_duration{600000};
  std::size_t min_requests = 50;           // of each side before a step is judged
  double max_error_increase = 0.02;        // absolute; above it with confidence: abort
  double max_ttft_ratio = 1.5;             // of the median time to first token; above it: abort
  double confidence = 0.95;

  friend bool operator==(const Canary&, const Canary&) = default;
};

// Copies of a share of requests go to other targets too; their answers are measured and thrown away.
struct Shadow {
  std::vector<std::string> targets;
  double share = 0.01;
  std::size_t max_in_flight = 4;           // copies in flight on this route, over all workers
};

enum class PriorityClass { kBatch, kLow, kNormal, kHigh };

struct Route {
  std::string name;
  int precedence = 0;                      // routes with more are matched first; then file order
  Match match;
  Balance balance = Balance::kWeighted;    // among equals
  Policy policy;
  std::vector<std::string> targets;        // keys under `targets`
  std::vector<std::string> fallback;       // tried in order after `targets`
  std::optional<std::size_t> retries;      // further tries of the same target before the next; default 0
  Attempts attempts;
  Require require;
  ContextRules context;
  PriorityClass priority = PriorityClass::kNormal;
  OnExhausted on_exhausted = OnExhausted::kLeastBad;
  Queue queue;                             // for on_exhausted: queue
  RetryBudget retry_budget;
  bool content_filter_fallback = false;    // an answer refused by a content filter may be tried elsewhere
  std::optional<Hedge> hedge;
  std::optional<Experiment> experiment;
  std::optional<Canary> canary;
  std::optional<Shadow> shadow;
  Location where;
};

// When a target that fails is left alone, and for how long. One setting for all targets.
struct Breaker {
  bool enabled = true;
  std::size_t consecutive = 5;             // failures in a row
  double success_rate = 0.8;               // or less than this over the last 10 s
  std::size_t min_requests = 20;           // with at least so many requests in them
  milliseconds backoff{5000};              // the first time; doubles, with jitter
  milliseconds max_backoff{300000};
  milliseconds cooldown{5000};             // after 429 without Retry-After
};

struct SensitivityPattern {
  std::string name;                        // the key under `patterns`
  std::string regex;                       // RE2 syntax
  std::string label = "pii";
  Location where;
};

// Detectors of personal data and secrets in prompts. What they find raises labels; labels bind where a request may go.
struct Sensitivity {
  std::vector<std::string> detectors;      // names of built-in ones, or "all"; empty: none runs
  std::vector<SensitivityPattern> patterns;
  std::map<std::string, std::vector<std::string>> require;  // label -> labels a target must have, on every route
};

// How the task of a request is found if its sender does not name it.
struct Tasks {
  std::map<std::string, std::vector<std::string>> keywords;  // task -> words or phrases
  bool structure = false;                  // tools, schemas, images and code fences name tasks of their own
  std::string file;                        // from `fluxgate train`: the classifier and its quality table
  double min_confidence = 0.5;             // a guess below it raises no task for match.task
};

struct DecisionLog {
  std::string file;                        // empty: off
  bool text = false;                       // also the prompt's text
  double sample = 1;                       // share of sessions logged
};

struct Config {
  Listen listen;
  Admin admin;
  std::size_t workers = 0;                 // threads; 0: one per processor
  Log log;
  Limits limits;
  Drain drain;
  std::vector<Provider> providers;         // in file order
  std::vector<Target> targets;
  std::vector<Route> routes;
  Breaker breaker;
  Sensitivity sensitivity;
  Tasks tasks;
  DecisionLog decision_log;
  std::string catalogue_file;              // `catalogue: {file}`: rows that come before the built-in ones
  std::string file;                        // the file it came from; empty for the built-in default
};

}  // namespace fluxgate::config
