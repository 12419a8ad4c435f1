#include <fstream>
#include <iostream>
#include <sstream>

#include "commands.hpp"
#include "fluxgate/routing/replay.hpp"
#include "offline.hpp"

namespace fluxgate::app {
namespace {

constexpr int kRefused = 3;  // the log does not support an estimate

// The command's input: a file, or standard input for "-". Logs may be large, so it is a stream.
class Input {
 public:
  explicit Input(const std::string& name) {
    if (name != "-") file_.open(name, std::ios::binary);
    from_file_ = name != "-";
  }
  explicit operator bool() const { return !from_file_ || file_.is_open(); }
  std::istream& stream() { return from_file_ ? file_ : std::cin; }

 private:
  std::ifstream file_;
  bool from_file_ = false;
};

int replay_outcomes(const ReplayArguments& arguments, const gateway::Snapshot& snapshot) {
  Input input(arguments.outcomes);
  if (!input) return fail(arguments.outcomes + ": cannot be read");
  const auto rows = tasks::read_labelled(input.stream());
  if (!rows) return fail(arguments.outcomes + ": " + rows.error().message);
  routing::OutcomesOptions options;
  options.model = arguments.model;
  if (arguments.seed) options.seed = *arguments.seed;
  const auto replay = routing::replay_outcomes(snapshot.routes(), snapshot.tagger(), *rows, options);
  if (!replay) return fail(replay.error().message);
  std::cout << (arguments.json ? routing::to_json(*replay) : routing::to_text(*replay));
  return kOk;
}

int replay_log(const ReplayArguments& arguments, const gateway::Snapshot& snapshot) {
  Input input(arguments.log);
  if (!input) return fail(arguments.log + ": cannot be read");
  const auto log = routing::read_decisions(input.stream());
  if (!log) return fail(arguments.log + ": " + log.error().message);
  routing::ReplayOptions options;
  options.seed = arguments.seed;
  options.min_ess = arguments.min_ess;
  options.clip = arguments.clip;
  options.reward = arguments.reward == "success" ? routing::Reward::kSuccess : routing::Reward::kFeedback;
  const routing::LogReplay replay = routing::replay_log(snapshot.routes(), *log, options);
  if (log->cut) std::cerr << "fluxgate: " << arguments.log << ": the last line is not whole and was left out\n";
  std::cout << (arguments.json ? routing::to_json(replay) : routing::to_text(replay));
  return replay.value.refused.empty() ? kOk : kRefused;
}

}  // namespace

int replay(const ReplayArguments& arguments) {
  auto config = load_without_secrets(arguments.config);
  if (!config) return kFailed;
  const auto offline = Offline::make(std::move(*config));
  if (!offline) return fail(offline.error().message);
  const gateway::Snapshot& snapshot = (*offline)->snapshot();
  return arguments.log.empty() ? replay_outcomes(arguments, snapshot) : replay_log(arguments, snapshot);
}

}  // namespace fluxgate::app
