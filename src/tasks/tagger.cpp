#include "fluxgate/tasks/tagger.hpp"

#include <algorithm>
#include <set>

#include "tasks/code_shape.hpp"

namespace fluxgate::tasks {
namespace {

using api::TaskGuess;
using api::TaskSource;

constexpr std::size_t kMaxGuesses = 4;

void add_names(const config::Config& config, std::set<std::string>& names) {
  for (const auto& [task, words] : config.tasks.keywords) names.insert(task);
  if (config.tasks.structure) names.insert(std::begin(kStructureTasks), std::end(kStructureTasks));
  for (const config::Route& route : config.routes) {
    names.insert(route.match.tasks.begin(), route.match.tasks.end());
    for (const auto& [task, row] : route.policy.quality) names.insert(task);
  }
  names.erase(std::string(kDefaultRow));
}

// The beginning of a long text and its end.
struct Ends {
  std::string_view first;
  std::string_view last;
};
Ends ends_of(std::string_view text) {
  if (text.size() <= kMaxText) return {text, {}};
  return {text.substr(0, kMaxText / 2), text.substr(text.size() - kMaxText / 2)};
}

}  // namespace

Result<Tagger> Tagger::make(const config::Config& config) {
  Tagger made;
  made.structure_ = config.tasks.structure;
  made.min_confidence_ = config.tasks.min_confidence;
  std::set<std::string> names;
  add_names(config, names);
  if (!config.tasks.file.empty()) {
    auto model = TaskModel::load(config.tasks.file);
    if (!model) return std::move(model).error();
    made.model_ = std::make_shared<const TaskModel>(*std::move(model));
    names.insert(made.model_->tasks().begin(), made.model_->tasks().end());
  }
  if (names.size() >= api::kNoTask) {
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, "tasks: more than 65,534 different tasks");
  }
  made.names_.assign(names.begin(), names.end());
  if (made.model_ != nullptr) {
    for (const std::string& task : made.model_->tasks()) made.model_tasks_.push_back(*made.index_of(task));
  }
  std::vector<KeywordMatcher::Keyword> keywords;
  for (const auto& [task, words] : config.tasks.keywords) {
    for (const std::string& word : words) keywords.push_back({word, *made.index_of(task)});
  }
  if (!keywords.empty()) {
    auto matcher = KeywordMatcher::make(keywords);
    if (!matcher) return std::move(matcher).error();
    made.keywords_ = *std::move(matcher);
  }
  return made;
}

std::optional<std::uint16_t> Tagger::index_of(std::string_view name) const {
  const auto found = std::lower_bound(names_.begin(), names_.end(), name);
  if (found == names_.end() || *found != name) return std::nullopt;
  return static_cast<std::uint16_t>(found - names_.begin());
}

void Tagger::guess(api::RequestFacts& facts, std::string_view last_user_text, std::string_view named) const {
  facts.tasks.clear();
  facts.task_source = TaskSource::kNone;
  const auto settle = [&facts](std::optional<std::uint16_t> task, TaskSource source) {
    if (!task) return false;
    facts.tasks.push_back({*task, 1});
    facts.task_source = source;
    return true;
  };
  if (!named.empty() && settle(index_of(named), TaskSource::kNamed)) return;
  if (keywords_ && settle(by_keywords(last_user_text), TaskSource::kKeywords)) return;
  Guesses guesses;
  if (model_ != nullptr && !last_user_text.empty()) guesses = by_model(last_user_text);
  const bool sure = !guesses.empty() && static_cast<double>(guesses.front().probability) >= min_confidence_;
  if (!sure && structure_ && settle(by_structure(facts, last_user_text), TaskSource::kStructure)) return;
  if (guesses.empty()) return;
  facts.tasks = std::move(guesses);
  facts.task_source = TaskSource::kModel;
}

std::optional<std::uint16_t> Tagger::by_keywords(std::string_view text) const {
  const Ends ends = ends_of(text);
  auto counts = keywords_->count(ends.first, names_.size());
  if (!ends.last.empty()) {
    const auto more = keywords_->count(ends.last, names_.size());
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += more[i];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  if (most == counts.end() || *most == 0) return std::nullopt;
  return static_cast<std::uint16_t>(most - counts.begin());
}

std::optional<std::uint16_t> Tagger::by_structure(const api::RequestFacts& facts, std::string_view text) const {
  const auto named = [this](StructureTask task) { return index_of(kStructureTasks[static_cast<std::size_t>(task)]); };
  if (facts.images > 0 || facts.needs.has(api::Ability::kVision)) return named(StructureTask::kVision);
  if (facts.needs.has(api::Ability::kJsonSchema)) return named(StructureTask::kExtraction);
  const Ends ends = ends_of(text);
  if (looks_like_code(ends.first) || looks_like_code(ends.last)) return named(StructureTask::kCode);
  if (facts.needs.has(api::Ability::kTools)) return named(StructureTask::kTools);
  if (facts.input_tokens > kLongTokens) return named(StructureTask::kLong);
  return std::nullopt;
}

Tagger::Guesses Tagger::by_model(std::string_view text) const {
  const auto probabilities = model_->classify(text);
  Guesses guesses;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] >= kMinProbability) guesses.push_back({model_tasks_[i], probabilities[i]});
  }
  std::sort(guesses.begin(), guesses.end(),
            [](const TaskGuess& a, const TaskGuess& b) { return a.probability > b.probability; });
  if (guesses.size() > kMaxGuesses) guesses.resize(kMaxGuesses);
  return guesses;
}

}  // namespace fluxgate::tasks
