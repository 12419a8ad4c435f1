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
  std::string organization;            // OpenAI-Organization header
  std::string project;                 // OpenAI-Project header
  std::map<std::string, Secret> headers;  // further headers on every request to it
  bool allow_private = false;          // may resolve to loopback, private and link-local addresses
  bool stream_usage = true;            // accepts stream_options.include_usage
  std::size_t max_idle_connections = 128;   // kept per worker
  milliseconds idle_timeout{45000};    // a kept connection older than this is closed, not reused
  std::vector<std::string> labels;
  ProviderTls tls;
  Sim sim;                             // only for kind: sim
  Location where;
};

struct Price {                         // US dollars per million tokens
  double input = 0;
  double output = 0;
};

struct Target {
  std::string name;                    // the key under `targets`
  std::string provider;                // a key under `providers`
  std::string model;                   // the model name the provider knows; "*": the name the client asked for
  std::string strip_prefix;            // only with model "*": taken off the front of the client's name, if it is there
  double weight = 1;
  std::optional<Price> price;          // unset: unknown, which is not zero
  std::optional<std::uint64_t> context_window;
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
  std::vector<std::string> models;         // exact names or wildcards with '*'
  bool is_default = false;                 // `model: default`: takes what no other route takes
};

enum class Balance { kOrdered, kWeighted };

struct Route {
  std::string name;
  Match match;
  Balance balance = Balance::kWeighted;    // among `targets`
  std::vector<std::string> targets;        // keys under `targets`
  std::vector<std::string> fallback;       // tried in order after `targets`
  std::optional<std::size_t> retries;      // further tries of the same target before the next; default 0
  Attempts attempts;
  std::vector<std::string> require_labels; // a provider without all of them is ruled out, fallbacks too
  Location where;
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
  std::string file;                        // the file it came from; empty for the built-in default
};

}  // namespace fluxgate::config
