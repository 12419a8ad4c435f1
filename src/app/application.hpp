// The daemon: wires the rooms together, and carries them from start through reloads to the end of a drain.
//
// Runs on the main thread with an event loop of its own for signals and timers; workers and the admin server have their
// threads. Nothing here touches a request.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "file_watch.hpp"
#include "fluxgate/admin/server.hpp"
#include "fluxgate/config/loader.hpp"
#include "fluxgate/gateway/worker_state.hpp"
#include "fluxgate/net/resolver.hpp"
#include "fluxgate/server/listener.hpp"
#include "fluxgate/telemetry/log.hpp"
#include "fluxgate/telemetry/metrics.hpp"
#include "memory.hpp"
#include "sim_pool.hpp"

namespace fluxgate::app {

class Application {
 public:
  using Source = std::function<config::LoadResult()>;  // loads the configuration anew

  Application(config::Config config, Source source);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Serves until a signal ends it. The process's exit status. Throws std::runtime_error if it cannot start.
  int run();

 private:
  // One worker thread with all that belongs to it. Order matters: later members refer to earlier ones.
  struct WorkerUnit {
    WorkerUnit(std::size_t index, Application& app);
    net::Worker worker;
    gateway::WorkerState state;
    server::Listener listener;
    std::atomic<std::int64_t> beat{0};  // steady clock, ns: the last time its loop ran
  };

  void start_workers();
  void announce(std::uint16_t port) const;
  admin::AdminHooks admin_hooks();
  std::vector<admin::Check> live_checks() const;
  std::vector<admin::Check> ready_checks() const;
  std::shared_ptr<const gateway::Snapshot> current() const;
  admin::Explanation explain(const std::string& request) const;
  admin::ReloadOutcome reload();
  Result<std::shared_ptr<const gateway::Snapshot>> build(config::Config config);
  void install(std::shared_ptr<const gateway::Snapshot> snapshot, std::shared_ptr<const net::TlsContext> tls);
  std::vector<std::string> watched_files() const;

  void on_signal(int signal);
  void on_tick();
  void give_back_memory();
  void begin_drain();
  void close_listeners();
  void poll_drain();
  void finish();

  boost::asio::io_context loop_{1};
  boost::asio::signal_set signals_{loop_, SIGTERM, SIGINT, SIGHUP};
  boost::asio::steady_timer tick_{loop_};
  boost::asio::steady_timer drain_timer_{loop_};

  Source source_;
  telemetry::Logging logging_;
  telemetry::Metrics metrics_;
  gateway::SharedState shared_{std::random_device{}()};
  SimPool sims_;
  mutable std::mutex reload_mutex_;                            // reloads come from signals, file changes and the admin thread
  std::shared_ptr<const gateway::Snapshot> snapshot_;  // under reload_mutex_
  HeapTrimmer trimmer_;                                // main thread
  FileWatch watch_;                                    // main thread
  std::unique_ptr<net::Resolver> resolver_;
  std::vector<std::unique_ptr<WorkerUnit>> workers_;
  std::unique_ptr<admin::AdminServer> admin_;

  enum class Phase { kServing, kDelay, kDraining, kEnding };
  Phase phase_ = Phase::kServing;
  TimePoint phase_ends_{};
};

}  // namespace fluxgate::app
