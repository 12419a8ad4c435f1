#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

const Section<ListenerTls>& listener_tls_section() {
  static const Section<ListenerTls> section = [] {
    Section<ListenerTls> s("listen.tls", "Serves HTTPS instead of HTTP. Absent: plain HTTP.");
    s.path("certificate", &ListenerTls::certificate, "PEM file: the certificate, then its chain.", kRequired);
    s.path("key", &ListenerTls::key, "PEM file: the certificate's private key.", kRequired);
    return s;
  }();
  return section;
}

}  // namespace

const Section<Listen>& listen_section() {
  static const Section<Listen> section = [] {
    Section<Listen> s("listen", "Where clients connect.");
    s.address("address", &Listen::address,
              "`host:port` or `[v6]:port`. `0.0.0.0` means every IPv4 address; port 0 takes a free one.");
    s.section("tls", &Listen::tls, listener_tls_section());
    return s;
  }();
  return section;
}

const Section<Admin>& admin_section() {
  static const Section<Admin> section = [] {
    Section<Admin> s("admin", "The operators' listener: health, metrics, explain. It asks for no password.");
    s.address("address", &Admin::address, "As `listen.address`. Keep it on loopback or a private network.");
    return s;
  }();
  return section;
}

const Section<Log>& log_section() {
  static const Section<Log> section = [] {
    Section<Log> s("log", "What is written about the daemon and its requests. Never a secret, a prompt or an answer.");
    s.choice<LogLevel>("level", &Log::level,
                       {{"debug", LogLevel::kDebug},
                        {"info", LogLevel::kInfo},
                        {"warn", LogLevel::kWarn},
                        {"error", LogLevel::kError}},
                       "The least important messages that are written.");
    s.choice<LogFormat>("format", &Log::format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                        "One line of text, or one JSON object a line.");
    s.boolean("access", &Log::access, "One line for each request.");
    s.path("file", &Log::file, "The file to append to. Absent: standard output.");
    return s;
  }();
  return section;
}

const Section<Limits>& limits_section() {
  static const Section<Limits> section = [] {
    Section<Limits> s("limits", "Bounds on everything that comes from outside. The status in a row is what the client "
                                "gets beyond the bound.");
    s.size("request_line", &Limits::request_line, {256, kMiB}, "Longest request line: 414.");
    s.size("request_head", &Limits::request_head, {kKiB, kMiB}, "Largest request line and headers together: 431.");
    s.integer("header_count", &Limits::header_count, {8, 10000}, "Most header fields: 431.");
    s.size("request_body", &Limits::request_body, {kKiB, kGiB}, "Largest JSON body: 413.");
    s.size("upload_body", &Limits::upload_body, {kKiB, 4 * kGiB}, "Largest multipart body: 413.");
    s.size("response_body", &Limits::response_body, {kKiB, kGiB},
           "Largest answer of a provider that is no stream, held in memory: 502.");
    s.integer("connections", &Limits::connections, {1, 1000000}, "Client connections at once: 503 and close.");
    s.integer("in_flight", &Limits::in_flight, {1, 1000000}, "Requests at once, over all workers: 503.");
    s.duration("head_timeout", &Limits::head_timeout, milliseconds(100), minutes(10),
               "From the first byte of a request head to its end: 408.");
    s.duration("body_idle_timeout", &Limits::body_idle_timeout, milliseconds(100), minutes(10),
               "Between two reads of a request body: 408.");
    s.size("body_min_rate", &Limits::body_min_rate, {0, kGiB},
           "Least bytes a second of a request body, averaged, after its first ten seconds: 408. 0: any rate.");
    s.duration("keep_alive_timeout", &Limits::keep_alive_timeout, milliseconds(100), hours(1),
               "How long an idle client connection is kept.");
    s.duration("write_timeout", &Limits::write_timeout, milliseconds(100), hours(1),
               "How long a client may read nothing of its answer before it is cut off.");
    return s;
  }();
  return section;
}

const Section<Drain>& drain_section() {
  static const Section<Drain> section = [] {
    Section<Drain> s("drain", "How the daemon stops on SIGTERM.");
    s.duration("delay", &Drain::delay, milliseconds(0), minutes(10),
               "First: keep accepting while `/readyz` answers 503, so that load balancers notice.");
    s.duration("timeout", &Drain::timeout, milliseconds(0), hours(1),
               "Then: requests in flight may finish; streams still open after it end with an error event.");
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
