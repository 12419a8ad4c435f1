// Training of the task classifier and the quality table: what `fluxgate train` does.
//
// The classifier is multinomial logistic regression over hashed features, fitted by AdaGrad (Duchi, Hazan, Singer,
// 2011). The quality of a target for a task is the mean of its Beta posterior: the outcomes, and as much as two
// further observations (`prior_weight`) that say what the target does over all tasks. Deterministic for the same rows.
// Not for the data path; memory is that of the rows and of 8 bytes for each bucket and task.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/tasks/model.hpp"

namespace fluxgate::tasks {

// A prompt whose task somebody named, and what targets made of it.
struct LabelledRow {
  std::string prompt;
  std::string task;
  std::map<std::string, double> outcomes;  // target -> 0 (useless) .. 1 (right); may be empty
};

// Reads NDJSON rows {"prompt": "...", "task": "code", "outcomes": {"gpt": 1, "llama": 0}}. Other keys are ignored,
// empty lines too. Errors are kConfig and name the line.
Result<std::vector<LabelledRow>> read_labelled(std::istream& in);

struct TrainOptions {
  double held_out = 0.2;        // share of the prompts kept for measuring; 0: none
  std::uint64_t split = 1;      // another number, another split
  std::size_t min_rows = 8;     // different prompts a task must have
  std::size_t passes = 3;
  double rate = 0.3;
  double prior_weight = 2;      // observations
  double min_confidence = 0.5;  // a guess below it counts as "none" in the report
};

// Whether a row is held out: by a hash of its prompt, so that equal prompts are always on the same side.
bool is_held_out(std::string_view prompt, const TrainOptions& options);

// The classifier and the table from all rows, measuring nothing. Fails as train() does.
Result<TaskModel> fit(std::span<const LabelledRow> rows, const TrainOptions& options);

// How a classifier does on rows it was not fitted on.
struct Accuracy {
  std::size_t rows = 0;
  std::size_t right = 0;
  std::size_t sure = 0;        // guesses of at least min_confidence
  std::size_t sure_right = 0;
  double share() const { return rows == 0 ? 0 : static_cast<double>(right) / static_cast<double>(rows); }
};
Accuracy measure(const TaskModel& model, std::span<const LabelledRow> rows, double min_confidence);

struct Trained {
  TaskModel model;     // fitted on all rows
  Accuracy held_out;   // of a model fitted on the others
};
// Reads the log, measures on held-out rows, fits on all of them, and writes what it saw to `report`. kConfig if a line
// cannot be read, there are fewer than two tasks, or a task has fewer than min_rows different prompts.
Result<Trained> train(std::istream& log, const TrainOptions& options, std::ostream& report);
Result<Trained> train(std::span<const LabelledRow> rows, const TrainOptions& options, std::ostream& report);

}  // namespace fluxgate::tasks
