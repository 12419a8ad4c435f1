// tasks: what a request is about (code, translation, extraction, ...), so that routes can match on it and quality can
// be looked up by it.
//
// Layer 3, pure. A named task wins; else the first of these that says anything, each only if configured:
//   named      the x-fluxgate-task header, if it is a known name
//   keywords   words of the last user message (tasks.keywords): the task with the most; of equals the first by name
//   model      the trained classifier (tasks.file), if it is sure: at least tasks.min_confidence
//   structure  the request's shape (tasks.structure), the first of kStructureTasks that holds
//   model      the classifier's unsure guesses, for expected quality: the route table matches none below min_confidence
// All but the model give one guess of probability 1; the model gives up to four of at least kMinProbability.
//
// Keywords and structure look at the beginning and the end of a long message only (kMaxText bytes together): the words
// that say what is wanted stand at either end, with the material between them. The model looks at the first 400 tokens.
// All are hints, not boundaries: whoever writes the prompt chooses what it says, so a task may only choose among targets
// that the caller may use anyway.
//
// A Tagger is immutable, lives in the snapshot, and may be used from any thread. docs/tasks.md is the operator's page.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/api/facts.hpp"
#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"
#include "fluxgate/tasks/keywords.hpp"
#include "fluxgate/tasks/model.hpp"

namespace fluxgate::tasks {

inline constexpr std::size_t kMaxText = 32 * 1024;
inline constexpr float kMinProbability = 0.05F;

// Tasks that a request's shape names, in the order they are tried.
enum class StructureTask : std::uint8_t {
  kVision,      // an image in the prompt
  kExtraction,  // response_format json_schema
  kCode,        // a code fence, or much of the last user message is the punctuation of code
  kTools,       // tools are offered
  kLong,        // more than kLongTokens of input
};
inline constexpr std::string_view kStructureTasks[] = {"vision", "extraction", "code", "tools", "long"};
inline constexpr std::uint32_t kLongTokens = 4096;

class Tagger {
 public:
  // Knows the tasks of `config`: of keywords, structure, the model file, routes' match.task and quality tables. Loads
  // the model file; errors are kConfig and name what is wrong.
  static Result<Tagger> make(const config::Config& config);

  // In index order: sorted, each once.
  const std::vector<std::string>& names() const { return names_; }
  std::optional<std::uint16_t> index_of(std::string_view name) const;

  // What facts guess() reads beyond needs and images; what it does not read need not be there.
  bool reads_text() const { return keywords_.has_value() || model_ != nullptr || structure_; }
  bool reads_tokens() const { return structure_; }

  // Sets facts.tasks and facts.task_source. `last_user_text` is looked at only if nothing better is known; `named` is
  // the header's value or empty.
  void guess(api::RequestFacts& facts, std::string_view last_user_text, std::string_view named) const;

  // The quality table of the model file; null without one.
  const QualityTable* quality() const { return model_ == nullptr ? nullptr : &model_->quality(); }

 private:
  using Guesses = decltype(api::RequestFacts::tasks);

  std::optional<std::uint16_t> by_keywords(std::string_view text) const;
  std::optional<std::uint16_t> by_structure(const api::RequestFacts& facts, std::string_view text) const;
  Guesses by_model(std::string_view text) const;

  std::vector<std::string> names_;
  std::optional<KeywordMatcher> keywords_;
  std::shared_ptr<const TaskModel> model_;
  std::vector<std::uint16_t> model_tasks_;  // the model's order -> names_
  bool structure_ = false;
  double min_confidence_ = 0.5;
};

}  // namespace fluxgate::tasks
