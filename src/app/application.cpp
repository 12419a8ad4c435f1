#include "application.hpp"

#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "effective_config.hpp"
#include "fluxgate/dialects/openai/errors.hpp"
#include "fluxgate/gateway/explainer.hpp"
#include "live_view.hpp"
#include "notify.hpp"

namespace fluxgate::app {
namespace {

using telemetry::log_error;
using telemetry::log_info;
using telemetry::log_warn;

constexpr std::chrono::seconds kTick{1};
// A worker whose loop has not run for this long is stuck: no handler of ours takes a hundredth of it.
constexpr std::chrono::seconds kStuck{10};
// After the drain's deadline streams get this long to take their error event.
constexpr std::chrono::milliseconds kEndingGrace{1000};

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log_warn("cannot raise the limit of open files");
}

std::shared_ptr<const net::TlsContext> listener_tls(const config::Config& config) {
  if (!config.listen.tls) return nullptr;
  return net::TlsContext::server(config.listen.tls->certificate, config.listen.tls->key);
}

std::string url_host(const std::string& host) {
  const std::string shown = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  return shown.find(':') == std::string::npos ? shown : "[" + shown + "]";
}

std::size_t worker_count(const config::Config& config) {
  return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Application::WorkerUnit::WorkerUnit(std::size_t index, Application& app)
    : worker(index),
      state(worker, *app.resolver_, app.metrics_.add_shard(), app.logging_.access(), app.shared_, std::random_device{}()),
      listener(state) {
  state.snapshot = app.snapshot_;
}

Application::Application(config::Config config, Source source) : source_(std::move(source)), logging_(config.log) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets without MSG_NOSIGNAL
  raise_descriptor_limit();
  metrics_.watch_log_drops([this] { return logging_.dropped(); });
  metrics_.add_source([this] { return live_families(*current()); });
  auto snapshot = build(std::move(config));
  if (!snapshot) throw std::runtime_error(snapshot.error().message);
  snapshot_ = std::move(snapshot).value();
  const std::string& decisions = snapshot_->config().decision_log.file;
  if (!decisions.empty()) shared_.decision_log = std::make_unique<telemetry::LineFile>(decisions);
  sims_.commit(snapshot_);
  metrics_.config_loaded(std::chrono::system_clock::now());
  watch_.watch(watched_files());
}

Application::~Application() {
  if (admin_) admin_->stop();
  // All workers first: their coroutines refer to units, pools and the resolver.
  for (auto& unit : workers_) unit->worker.finish();
}

Result<std::shared_ptr<const gateway::Snapshot>> Application::build(config::Config config) {
  const auto ports = sims_.ports(config.providers);
  return gateway::Snapshot::make(std::move(config), metrics_, shared_.live, ports);
}

int Application::run() {
  resolver_ = std::make_unique<net::Resolver>();
  start_workers();
  signals_.async_wait([this](const auto& error, int signal) {
    if (!error) on_signal(signal);
  });
  on_tick();
  drop_startup_code();
  notify_systemd("READY=1");
  loop_.run();
  log_info("stopped");
  return 0;
}

void Application::start_workers() {
  const config::Config& config = snapshot_->config();
  const auto tls = listener_tls(config);
  config::Address address = config.listen.address;
  for (std::size_t i = 0; i < worker_count(config); ++i) {
    auto unit = std::make_unique<WorkerUnit>(i, *this);
    unit->listener.set_tls(tls);
    const auto port = unit->listener.listen(address, i == 0);
    if (!port) throw std::runtime_error(port.error().message);
    address.port = *port;  // the first one may have asked for any; the others share it
    unit->beat = SteadyClock::now().time_since_epoch().count();
    workers_.push_back(std::move(unit));
  }
  admin_ = std::make_unique<admin::AdminServer>(config.admin.address, admin_hooks());
  for (auto& unit : workers_) {
    unit->listener.start();
    unit->worker.start();
  }
  admin_->start();
  announce(address.port);
}

void Application::announce(std::uint16_t port) const {
  const config::Config& config = snapshot_->config();
  const std::string scheme = config.listen.tls ? "https" : "http";
  const std::string url = scheme + "://" + url_host(config.listen.address.host) + ":" + std::to_string(port);
  const std::string model = snapshot_->model_names().empty() ? "gpt-4o-mini" : snapshot_->model_names().front();
  std::cerr << "fluxgate " FLUXGATE_VERSION "\n"
            << "listening on " << url << "\n"
            << "admin on http://" << url_host(config.admin.address.host) << ":" << admin_->port() << "\n"
            << "try: curl -N " << url << "/v1/chat/completions -H 'content-type: application/json' -d "
            << R"('{"model":")" << model << R"(","stream":true,"messages":[{"role":"user","content":"Hello"}]}')" << std::endl;
}

// ---- what the admin listener asks ----------------------------------------------------------------------------------

admin::AdminHooks Application::admin_hooks() {
  admin::AdminHooks hooks;
  hooks.live = [this] { return live_checks(); };
  hooks.ready = [this] { return ready_checks(); };
  hooks.metrics_text = [this] { return metrics_.text(); };
  hooks.config_json = [this] {
    const std::lock_guard lock(reload_mutex_);
    return effective_config_json(snapshot_->config());
  };
  hooks.status_json = [this] { return status_json(*current()); };
  hooks.reload = [this] { return reload(); };
  hooks.explain = [this](const std::string& request) { return explain(request); };
  return hooks;
}

std::shared_ptr<const gateway::Snapshot> Application::current() const {
  const std::lock_guard lock(reload_mutex_);
  return snapshot_;
}

admin::Explanation Application::explain(const std::string& request) const {
  admin::Explanation explanation;
  const auto query = gateway::parse_explain_query(request);
  const auto snapshot = current();
  const auto answer = query ? gateway::explain(*snapshot, shared_.live, *query, gateway::ExplainForm::kJson)
                            : Result<std::string>(query.error());
  explanation.ok = answer.has_value();
  explanation.json = answer ? *answer : dialects::openai::error_json(answer.error()) + "\n";
  return explanation;
}

std::vector<admin::Check> Application::live_checks() const {
  std::vector<admin::Check> checks;
  const auto now = SteadyClock::now().time_since_epoch();
  for (const auto& unit : workers_) {
    const auto silent = now - Duration(unit->beat.load(std::memory_order_relaxed));
    admin::Check check;
    check.name = "worker-" + std::to_string(unit->worker.index());
    check.ok = silent < kStuck;
    if (!check.ok) check.reason = "its loop has not run for " + std::to_string(to_millis(silent)) + " ms";
    checks.push_back(std::move(check));
  }
  return checks;
}

std::vector<admin::Check> Application::ready_checks() const {
  admin::Check serving;
  serving.name = "serving";
  serving.ok = !shared_.draining.load(std::memory_order_relaxed);
  if (!serving.ok) serving.reason = "draining";
  return {serving};
}

// ---- reload --------------------------------------------------------------------------------------------------------

std::vector<std::string> Application::watched_files() const {
  const config::Config& config = snapshot_->config();
  std::vector<std::string> files;
  if (!config.file.empty()) files.push_back(config.file);
  if (config.listen.tls) {
    files.push_back(config.listen.tls->certificate);
    files.push_back(config.listen.tls->key);
  }
  for (const std::string& file : {config.catalogue_file, config.tasks.file}) {
    if (!file.empty()) files.push_back(file);
  }
  for (const config::Provider& provider : config.providers) {
    for (const std::string& file : {provider.tls.ca, provider.tls.certificate, provider.tls.key}) {
      if (!file.empty()) files.push_back(file);
    }
  }
  return files;
}

admin::ReloadOutcome Application::reload() {
  const std::lock_guard lock(reload_mutex_);
  admin::ReloadOutcome outcome;
  config::LoadResult loaded = source_();
  for (const auto& diagnostic : loaded.diagnostics) outcome.messages.push_back(config::format(diagnostic));
  if (loaded.config) {
    const config::Config& old = snapshot_->config();
    const bool moved = loaded.config->listen.address.host != old.listen.address.host ||
                       loaded.config->listen.address.port != old.listen.address.port ||
                       loaded.config->admin.address.host != old.admin.address.host ||
                       loaded.config->admin.address.port != old.admin.address.port ||
                       loaded.config->workers != old.workers || loaded.config->log.file != old.log.file ||
                       loaded.config->decision_log.file != old.decision_log.file ||
                       loaded.config->listen.tls.has_value() != old.listen.tls.has_value();
    if (moved) outcome.messages.push_back("listen, admin, workers, log.file, decision_log.file and TLS on or off need a restart to change");
    try {
      auto tls = old.listen.tls && loaded.config->listen.tls ? listener_tls(*loaded.config) : nullptr;
      const auto level = loaded.config->log.level;
      auto snapshot = build(std::move(*loaded.config));
      if (snapshot) {
        logging_.set_level(level);
        install(std::move(snapshot).value(), std::move(tls));
        outcome.ok = true;
      } else {
        outcome.messages.push_back(snapshot.error().message);
      }
    } catch (const std::runtime_error& error) {
      outcome.messages.push_back(error.what());
    }
  }
  metrics_.config_reloaded(outcome.ok ? telemetry::ReloadResult::kSuccess : telemetry::ReloadResult::kFailure,
                           std::chrono::system_clock::now());
  for (const std::string& message : outcome.messages) log_warn("configuration", {{"message", message}});
  if (outcome.ok) {
    log_info("configuration reloaded");
  } else {
    log_error("configuration not reloaded: the old one stays in force");
  }
  return outcome;
}

void Application::install(std::shared_ptr<const gateway::Snapshot> snapshot, std::shared_ptr<const net::TlsContext> tls) {
  snapshot_ = std::move(snapshot);
  sims_.commit(snapshot_);
  for (auto& unit : workers_) {
    boost::asio::post(unit->worker.executor(), [unit = unit.get(), snapshot = snapshot_, tls] {
      unit->state.snapshot = snapshot;
      if (tls) unit->listener.set_tls(tls);
    });
  }
}

// ---- the main loop -------------------------------------------------------------------------------------------------

void Application::on_signal(int signal) {
  if (signal == SIGHUP) {
    if (shared_.decision_log) {
      if (const auto failed = shared_.decision_log->reopen()) log_error("cannot reopen the decision log", {{"error", failed->message}});
    }
    if (const auto failed = logging_.reopen()) log_error("cannot reopen the log", {{"error", failed->message}});
    if (reload().ok) watch_.watch(watched_files());
  } else if (phase_ == Phase::kServing) {
    begin_drain();
  } else {
    log_warn("second signal: ending now");
    phase_ = Phase::kDraining;
    phase_ends_ = SteadyClock::now();
    poll_drain();
  }
  signals_.async_wait([this](const auto& error, int next) {
    if (!error) on_signal(next);
  });
}

void Application::on_tick() {
  if (watch_.changed() && phase_ == Phase::kServing && reload().ok) watch_.watch(watched_files());
  for (auto& unit : workers_) {
    boost::asio::post(unit->worker.executor(), [unit = unit.get()] {
      unit->beat.store(SteadyClock::now().time_since_epoch().count(), std::memory_order_relaxed);
    });
  }
  if (shared_.in_flight.load(std::memory_order_relaxed) == 0) give_back_memory();
  tick_.expires_after(kTick);
  tick_.async_wait([this](const auto& error) {
    if (!error) on_tick();
  });
}

// Quiet: workers drop what they keep for reuse, and the heap's free pages go back to the system at the next tick.
void Application::give_back_memory() {
  trimmer_.trim_if_worth_it();
  for (auto& unit : workers_) {
    boost::asio::post(unit->worker.executor(), [unit = unit.get()] { unit->state.drop_caches(); });
  }
}

// ---- drain ---------------------------------------------------------------------------------------------------------

void Application::begin_drain() {
  const auto& drain = snapshot_->config().drain;
  log_info("draining", {{"delay_ms", drain.delay.count()}, {"timeout_ms", drain.timeout.count()}});
  notify_systemd("STOPPING=1");
  shared_.draining.store(true, std::memory_order_relaxed);
  metrics_.set_draining(true);
  phase_ = Phase::kDelay;
  phase_ends_ = SteadyClock::now() + drain.delay;
  poll_drain();
}

void Application::close_listeners() {
  for (auto& unit : workers_) {
    boost::asio::post(unit->worker.executor(), [unit = unit.get()] { unit->listener.begin_drain(); });
  }
}

void Application::poll_drain() {
  const TimePoint now = SteadyClock::now();
  const bool over = now >= phase_ends_;
  const bool empty = shared_.connections.load(std::memory_order_relaxed) == 0;
  if (phase_ == Phase::kDelay && over) {
    phase_ = Phase::kDraining;
    phase_ends_ = now + snapshot_->config().drain.timeout;
    close_listeners();
  } else if (phase_ == Phase::kDraining && (empty || over)) {
    if (!empty) log_warn("drain timed out", {{"connections", shared_.connections.load()}});
    phase_ = Phase::kEnding;
    phase_ends_ = now + kEndingGrace;
    for (auto& unit : workers_) {
      boost::asio::post(unit->worker.executor(), [unit = unit.get()] {
        unit->listener.begin_drain();
        unit->listener.shut_down();
      });
    }
  } else if (phase_ == Phase::kEnding && (empty || over)) {
    finish();
    return;
  }
  static constexpr std::chrono::milliseconds kPoll{10};
  drain_timer_.expires_after(kPoll);
  drain_timer_.async_wait([this](const auto& error) {
    if (!error) poll_drain();
  });
}

void Application::finish() { loop_.stop(); }

}  // namespace fluxgate::app
