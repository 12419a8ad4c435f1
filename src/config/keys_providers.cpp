#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

const Section<ProviderTls>& provider_tls_section() {
  static const Section<ProviderTls> section = [] {
    Section<ProviderTls> s("providers.NAME.tls",
                           "TLS towards the provider, where the system's own settings do not fit.");
    s.path("ca", &ProviderTls::ca, "PEM file that replaces the system's trusted authorities.");
    s.path("certificate", &ProviderTls::certificate, "PEM file: the client certificate, then its chain.");
    s.path("key", &ProviderTls::key, "PEM file: the client certificate's private key.");
    s.text("server_name", &ProviderTls::server_name, "Verified and sent (SNI) instead of the host of `base_url`.");
    return s;
  }();
  return section;
}

const Section<Sim>& sim_section() {
  static const Section<Sim> section = [] {
    Section<Sim> s("providers.NAME.sim", "How the simulated provider behaves; only for `kind: sim`. The shares of "
                                         "requests that fail add up to 1 at most; the rest is answered.");
    s.duration("first_token_delay", &Sim::first_token_delay, milliseconds(0), std::chrono::hours(1),
               "From the request to the first token.");
    s.duration("token_interval", &Sim::token_interval, milliseconds(0), std::chrono::minutes(10),
               "Between two tokens.");
    s.integer("tokens", &Sim::tokens, {1, 1000000}, "Tokens in an answer.");
    s.number("error_429", &Sim::error_429, kShare, "Share of requests answered 429 with `Retry-After: 1`.");
    s.number("error_500", &Sim::error_500, kShare, "Share answered 500.");
    s.number("error_503", &Sim::error_503, kShare, "Share answered 503.");
    s.number("stall", &Sim::stall, kShare, "Share accepted and never answered.");
    s.number("cut", &Sim::cut, kShare, "Share cut off in the middle of the answer.");
    s.number("garbage", &Sim::garbage, kShare, "Share answered 200 with a body that is neither JSON nor SSE.");
    s.integer("seed", &Sim::seed, {0, 9007199254740991}, "Seed of the dice behind the shares.");
    return s;
  }();
  return section;
}

}  // namespace

const Section<Provider>& provider_section() {
  static const Section<Provider> section = [] {
    Section<Provider> s("providers.NAME", "Who answers. NAME is yours to choose; targets refer to it and metrics carry "
                                          "it as a label.");
    s.choice<ProviderKind>("kind", &Provider::kind,
                           {{"openai", ProviderKind::kOpenAi},
                            {"openai_compatible", ProviderKind::kOpenAiCompatible},
                            {"sim", ProviderKind::kSim}},
                           "`openai`: the OpenAI API. `openai_compatible`: any server that speaks it, at `base_url`. "
                           "`sim`: built in, answers without a network or a key.",
                           kRequired);
    s.text("base_url", &Provider::base_url,
           "`http(s)://host[:port]/path`, up to but without `/chat/completions`. Needed for `openai_compatible`; "
           "`openai` has `https://api.openai.com/v1`; `sim` takes none.",
           false, Shape::kUrl);
    s.secret("api_key", &Provider::api_key, "Sent as `Authorization: Bearer`. Absent: no such header.");
    s.secrets("api_keys", &Provider::api_keys,
              "Instead of `api_key`: several, used in turn. One that the provider refuses rests; the others go on.");
    s.text("organization", &Provider::organization, "Sent as `OpenAI-Organization`.");
    s.text("project", &Provider::project, "Sent as `OpenAI-Project`.");
    s.headers("headers", &Provider::headers, "Further headers on every request to it.");
    s.boolean("allow_private", &Provider::allow_private,
              "Its host may resolve to loopback, private and link-local addresses.");
    s.boolean("stream_usage", &Provider::stream_usage,
              "It accepts `stream_options.include_usage`. Without, streams may go uncounted.");
    s.integer("max_idle_connections", &Provider::max_idle_connections, {0, 100000},
              "Idle connections kept for reuse, for each worker.");
    s.duration("idle_timeout", &Provider::idle_timeout, milliseconds(100), std::chrono::hours(1),
               "An idle connection older than this is closed, not reused. Keep it below the provider's own limit.");
    s.names("labels", &Provider::labels, "Words that routes can require, such as `on_prem`.");
    s.name("region", &Provider::region, "Where it runs, such as `eu`. Routes can require it.");
    s.section("tls", &Provider::tls, provider_tls_section());
    s.section("sim", &Provider::sim, sim_section());
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
