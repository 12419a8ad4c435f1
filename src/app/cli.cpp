#include "fluxgate/app/cli.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>

#include "commands.hpp"
#include "fluxgate/config/schema.hpp"

namespace fluxgate::app {
namespace {

using Run = std::function<int()>;

int version(bool json) {
  if (json) {
    std::cout << R"({"name":"fluxgate","version":")" FLUXGATE_VERSION R"(","compiler":")" __VERSION__ "\"}\n";
  } else {
    std::cout << "fluxgate " FLUXGATE_VERSION "\n";
  }
  return kOk;
}

// ---- what each command takes; its arguments live as long as the parser -----------------------------------------------

struct Arguments {
  std::string file;
  std::string listen;
  std::string admin = "127.0.0.1:9090";
  std::string serve_admin;
  std::string out;
  std::string name;
  bool flag = false;
  ExplainArguments explain;
  SimulateArguments simulate;
  TrainArguments train;
  ReplayArguments replay;
  ModelsArguments models;
};

void add_daemon_commands(CLI::App& cli, Arguments& given, Run& run) {
  auto* serve_command = cli.add_subcommand("serve", "run the gateway");
  serve_command->add_option("-c,--config", given.file, "YAML file; without it, providers come from API keys in the environment");
  serve_command->add_option("--listen", given.listen, "host:port for clients, instead of listen.address");
  serve_command->add_option("--admin", given.serve_admin, "host:port of the admin listener, instead of admin.address");
  serve_command->callback([&] { run = [&] { return serve(given.file, given.listen, given.serve_admin); }; });

  auto* check_command = cli.add_subcommand("check", "check a configuration file and say what is wrong with it");
  check_command->add_option("file,-c,--config", given.file, "YAML file")->required();
  check_command->callback([&] { run = [&] { return check(given.file); }; });

  auto* schema_command = cli.add_subcommand("schema", "print the JSON Schema of the configuration (draft-07)");
  schema_command->add_flag("--markdown", given.flag, "print the reference page instead");
  schema_command->callback([&] {
    run = [&] {
      std::cout << (given.flag ? config::reference_markdown() : config::json_schema());
      return kOk;
    };
  });

  auto* version_command = cli.add_subcommand("version", "print the version");
  version_command->add_flag("--json", given.flag, "as JSON");
  version_command->callback([&] { run = [&] { return version(given.flag); }; });

  auto* health_command = cli.add_subcommand("healthcheck", "ask a running gateway's /livez; exit status 0 if it is well");
  health_command->add_option("--admin", given.admin, "host:port of its admin listener");
  health_command->add_option("-c,--config", given.file, "YAML file to take that address from");
  health_command->callback([&] { run = [&] { return healthcheck(given.admin, given.file); }; });
}

void add_routing_commands(CLI::App& cli, Arguments& given, Run& run) {
  auto* explain_command = cli.add_subcommand("explain", "say where a request would go and why; nothing is sent");
  explain_command->add_option("request", given.explain.request, "JSON file with the request, or - for standard input")->required();
  explain_command->add_option("-c,--config", given.explain.config, "YAML file; without it, as for serve");
  explain_command->add_option("--why-not", given.explain.why_not, "only say why this target or model is not the pick");
  explain_command->add_option("--seed", given.explain.seed, "of the draws; the same seed gives the same answer");
  explain_command->add_option("-H,--header", given.explain.headers, "a header of the request, \"name: value\"; may be repeated");
  explain_command->add_flag("--json", given.explain.json, "as JSON");
  explain_command->callback([&] { run = [&] { return explain(given.explain); }; });

  auto* simulate_command = cli.add_subcommand("simulate", "drive the real balancers and breakers on a virtual clock against scripted targets");
  simulate_command->add_option("scenario", given.simulate.scenario, "JSON file, or -")->required();
  simulate_command->add_option("-c,--config", given.simulate.config, "YAML file")->required();
  simulate_command->callback([&] { run = [&] { return simulate(given.simulate); }; });

  auto* train_command = cli.add_subcommand("train", "fit the task classifier and the quality table to labelled requests");
  train_command->add_option("log", given.train.log, "NDJSON: {\"prompt\", \"task\", \"outcomes\": {target: 0..1}}, or -")->required();
  train_command->add_option("-o,--out", given.train.out, "the file to write; goes to tasks.file")->required();
  train_command->add_option("--held-out", given.train.held_out, "share of the prompts kept for measuring")->check(CLI::Range(0.0, 0.9));
  train_command->callback([&] { run = [&] { return train(given.train); }; });
}

void add_replay_command(CLI::App& cli, Arguments& given, Run& run) {
  auto* command = cli.add_subcommand("replay", "say what another configuration would have done, and what that is worth");
  auto* log = command->add_option("--log", given.replay.log, "a decision log, or -");
  auto* outcomes = command->add_option("--outcomes", given.replay.outcomes, "instead of a log: rows as for train, with every target's outcome");
  log->excludes(outcomes);
  command->add_option("-c,--config", given.replay.config, "YAML file of the configuration to try")->required();
  command->add_option("--model", given.replay.model, "with --outcomes: the model name that the requests ask for")->capture_default_str();
  command->add_option("--seed", given.replay.seed, "of the draws; without it, those of the log");
  command->add_option("--min-ess", given.replay.min_ess, "least effective sample size of an estimate")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--clip", given.replay.clip, "largest weight of one request")->check(CLI::Range(1.0, 1e9))->capture_default_str();
  command->add_option("--reward", given.replay.reward, "what is good: the score of feedback, or that the first choice answered")
      ->check(CLI::IsMember({"feedback", "success"}))
      ->capture_default_str();
  command->add_flag("--json", given.replay.json, "as JSON");
  command->callback([&] {
    if (given.replay.log.empty() == given.replay.outcomes.empty()) throw CLI::RequiredError("one of --log and --outcomes");
    run = [&] { return replay(given.replay); };
  });
}

void add_catalogue_commands(CLI::App& cli, Arguments& given, Run& run) {
  auto* models = cli.add_subcommand("models", "what is known of models: prices, windows, abilities");
  models->require_subcommand(1);
  auto* list = models->add_subcommand("list", "list them");
  list->add_option("text", given.models.text, "only names that contain this");
  list->add_option("--provider", given.models.provider, "only this provider's");
  list->add_option("--ability", given.models.abilities, "only those known to have it; may be repeated");
  list->add_option("--catalogue", given.models.own, "a file of your own that comes first");
  list->add_flag("--json", given.models.json, "one JSON object a line");
  list->callback([&] { run = [&] { return models_list(given.models); }; });
  auto* show = models->add_subcommand("show", "everything known of one");
  show->add_option("model", given.name, "provider/model or a bare name")->required();
  show->add_option("--catalogue", given.models.own, "a file of your own that comes first");
  show->callback([&] { run = [&] { return models_show(given.name, given.models.own); }; });
  auto* models_in = models->add_subcommand("import", "turn LiteLLM's price file into a catalogue file");
  models_in->add_option("file", given.file, "model_prices_and_context_window.json")->required();
  models_in->add_option("-o,--out", given.out, "the file to write; standard output without it");
  models_in->callback([&] { run = [&] { return models_import(given.file, given.out); }; });

  auto* import = cli.add_subcommand("import", "configurations of other gateways");
  import->require_subcommand(1);
  auto* litellm = import->add_subcommand("litellm", "turn a LiteLLM config.yaml into a fluxgate configuration");
  litellm->add_option("file", given.file, "LiteLLM's config.yaml, or -")->required();
  litellm->add_option("-o,--out", given.out, "the file to write; standard output without it");
  litellm->callback([&] { run = [&] { return import_litellm(given.file, given.out); }; });
}

}  // namespace

void print(const std::vector<config::Diagnostic>& diagnostics) {
  for (const auto& diagnostic : diagnostics) std::cerr << config::format(diagnostic) << "\n";
}

int fail(const std::string& message) {
  std::cerr << "fluxgate: " << message << "\n";
  return kFailed;
}

Result<std::string> read_text(const std::string& file) {
  if (file == "-") return std::string((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
  std::ifstream in(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, file + ": cannot be read");
  return text;
}

int run_cli(int argc, char** argv) {
  CLI::App cli("fluxgate: an LLM routing gateway", "fluxgate");
  cli.require_subcommand(1);
  Arguments given;
  Run run;
  add_daemon_commands(cli, given, run);
  add_routing_commands(cli, given, run);
  add_replay_command(cli, given, run);
  add_catalogue_commands(cli, given, run);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? kOk : kUsage;
  }
  return run();
}

}  // namespace fluxgate::app
