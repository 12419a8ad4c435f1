#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "commands.hpp"
#include "fluxgate/base/text.hpp"
#include "fluxgate/gateway/explainer.hpp"
#include "fluxgate/routing/simulation.hpp"
#include "fluxgate/tasks/train.hpp"
#include "offline.hpp"

namespace fluxgate::app {
namespace {

int usage(const std::string& message) {
  std::cerr << "fluxgate: " << message << "\n";
  return kUsage;
}

// "name: value" as it stands on the command line.
std::optional<std::pair<std::string, std::string>> parse_header(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return std::pair(text.substr(0, colon), std::string(trim(std::string_view(text).substr(colon + 1))));
}

}  // namespace

int explain(const ExplainArguments& arguments) {
  const auto request = read_text(arguments.request);
  if (!request) return fail(request.error().message);
  auto query = gateway::parse_explain_query(*request);
  if (!query) return fail(arguments.request + ": " + query.error().message);
  query->why_not = arguments.why_not;
  if (!arguments.seed.empty()) {
    query->seed = gateway::parse_seed(arguments.seed);
    if (!query->seed) return usage("--seed must be a whole number, decimal or hexadecimal with 0x");
  }
  for (const std::string& text : arguments.headers) {
    auto header = parse_header(text);
    if (!header) return usage("--header must be \"name: value\"");
    query->headers.push_back(std::move(*header));
  }
  auto config = load_without_secrets(arguments.config);
  if (!config) return kFailed;
  const auto offline = Offline::make(std::move(*config));
  if (!offline) return fail(offline.error().message);
  const auto form = arguments.json ? gateway::ExplainForm::kJson : gateway::ExplainForm::kText;
  const auto answer = gateway::explain((*offline)->snapshot(), (*offline)->live(), *query, form);
  if (!answer) return fail(answer.error().message);
  std::cout << *answer;
  return kOk;
}

int simulate(const SimulateArguments& arguments) {
  const auto text = read_text(arguments.scenario);
  if (!text) return fail(text.error().message);
  const auto scenario = routing::parse_scenario(*text);
  if (!scenario) return fail(arguments.scenario + ": " + scenario.error().message);
  const auto config = load_without_secrets(arguments.config);
  if (!config) return kFailed;
  const auto& targets = config->targets;
  for (const auto& scripted : scenario->targets) {
    const bool known = std::any_of(targets.begin(), targets.end(), [&](const auto& item) { return item.name == scripted.first; });
    if (!known) return fail(arguments.scenario + ": targets." + scripted.first + ": the configuration has no such target");
  }
  routing::print_report(std::cout, *config, routing::simulate(*config, *scenario));
  return kOk;
}

int train(const TrainArguments& arguments) {
  const auto text = read_text(arguments.log);
  if (!text) return fail(text.error().message);
  std::istringstream log(*text);
  tasks::TrainOptions options;
  options.held_out = arguments.held_out;
  const auto trained = tasks::train(log, options, std::cout);
  if (!trained) return fail(arguments.log + ": " + trained.error().message);
  const auto saved = trained->model.save(arguments.out);
  if (!saved) return fail(saved.error().message);
  std::cout << "written to " << arguments.out << "\n";
  return kOk;
}

}  // namespace fluxgate::app
