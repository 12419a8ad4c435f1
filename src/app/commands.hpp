// The commands of the program that are not the daemon. Each takes what the command line said and returns the process's
// exit status.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/loader.hpp"

namespace fluxgate::app {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;  // it was tried and did not work
inline constexpr int kUsage = 2;   // the command line is wrong

void print(const std::vector<config::Diagnostic>& diagnostics);
// Says so on standard error; kFailed.
int fail(const std::string& message);
// A file's bytes, or standard input for "-". Errors are kConfig.
Result<std::string> read_text(const std::string& file);

// daemon_commands.cpp
int serve(const std::string& file, const std::string& listen, const std::string& admin);
int check(const std::string& file);
int healthcheck(std::string admin, const std::string& file);

// routing_commands.cpp
struct ExplainArguments {
  std::string request;      // a file, or "-"
  std::string config;       // a file; empty: what the environment has keys for
  std::string why_not;
  std::string seed;
  std::vector<std::string> headers;  // "name: value"
  bool json = false;
};
int explain(const ExplainArguments& arguments);

struct SimulateArguments {
  std::string scenario;     // JSON
  std::string config;
};
int simulate(const SimulateArguments& arguments);

struct TrainArguments {
  std::string log;
  std::string out;
  double held_out = 0.2;
};
int train(const TrainArguments& arguments);

// replay_command.cpp
struct ReplayArguments {
  std::string log;          // a decision log, or "-"; or else:
  std::string outcomes;     // rows with every target's outcome, or "-"
  std::string config;
  std::string model = "auto";
  std::optional<std::uint64_t> seed;
  double min_ess = 100;
  double clip = 10;
  std::string reward = "feedback";
  bool json = false;
};
// Exit status 3: what would change is printed, but the log does not support saying what that is worth.
int replay(const ReplayArguments& arguments);

// catalogue_commands.cpp
struct ModelsArguments {
  std::string provider;
  std::vector<std::string> abilities;
  std::string text;
  std::string own;          // the operator's file
  bool json = false;
};
int models_list(const ModelsArguments& arguments);
int models_show(const std::string& name, const std::string& own);
int models_import(const std::string& file, const std::string& out);
int import_litellm(const std::string& file, const std::string& out);

}  // namespace fluxgate::app
