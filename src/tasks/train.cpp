#include "fluxgate/tasks/train.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <set>
#include <string_view>

#include "fluxgate/base/random.hpp"

namespace fluxgate::tasks {
namespace {

Error refused(std::string why) { return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, std::move(why)}; }

// Task -> how many different prompts it has.
std::map<std::string, std::size_t> prompts_by_task(std::span<const LabelledRow> rows) {
  std::map<std::string, std::set<std::string_view>> prompts;
  for (const LabelledRow& row : rows) prompts[row.task].insert(row.prompt);
  std::map<std::string, std::size_t> counts;
  for (const auto& [task, texts] : prompts) counts[task] = texts.size();
  return counts;
}

Result<std::vector<std::string>> check_tasks(std::span<const LabelledRow> rows, const TrainOptions& options) {
  std::vector<std::string> tasks;
  std::string too_few;
  for (const auto& [task, prompts] : prompts_by_task(rows)) {
    tasks.push_back(task);
    if (prompts >= options.min_rows) continue;
    too_few += (too_few.empty() ? "" : ", ") + task + " (" + std::to_string(prompts) + ")";
  }
  if (tasks.size() < 2) return refused("a classifier needs labelled rows of two tasks or more");
  if (tasks.size() > kMaxTasks) return refused("more than 256 tasks");
  if (!too_few.empty()) {
    return refused("each task needs at least " + std::to_string(options.min_rows) +
                   " different prompts; fewer have: " + too_few);
  }
  return tasks;
}

// The weights while they are being fitted.
class Fitting {
 public:
  Fitting(std::size_t tasks, double rate)
      : tasks_(tasks), rate_(static_cast<float>(rate)), weights_(kBuckets * tasks, 0), squares_(kBuckets * tasks, 0),
        gradient_(tasks) {}

  // One step of AdaGrad for one text.
  void step(const Features& features, std::size_t task) {
    const float weight = 1 / std::sqrt(static_cast<float>(features.size));
    std::fill(gradient_.begin(), gradient_.end(), 0.0F);
    for (const std::uint32_t bucket : features) {
      const float* row = &weights_[bucket * tasks_];
      for (std::size_t k = 0; k < tasks_; ++k) gradient_[k] += weight * row[k];
    }
    softmax();
    gradient_[task] -= 1;
    for (const std::uint32_t bucket : features) {
      float* row = &weights_[bucket * tasks_];
      float* squares = &squares_[bucket * tasks_];
      for (std::size_t k = 0; k < tasks_; ++k) {
        const float slope = gradient_[k] * weight;
        squares[k] += slope * slope;
        row[k] -= rate_ * slope / (std::sqrt(squares[k]) + kTiny);
      }
    }
  }

  std::vector<TaskModel::Row> rows() const {
    std::vector<TaskModel::Row> rows;
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
      const auto first = weights_.begin() + static_cast<std::ptrdiff_t>(bucket * tasks_);
      const auto last = first + static_cast<std::ptrdiff_t>(tasks_);
      if (std::any_of(first, last, [](float weight) { return weight != 0; })) rows.push_back({bucket, {first, last}});
    }
    return rows;
  }

 private:
  static constexpr float kTiny = 1e-6F;  // against a division by zero

  // Scores to probabilities.
  void softmax() {
    const float best = *std::max_element(gradient_.begin(), gradient_.end());
    float total = 0;
    for (float& value : gradient_) total += value = std::exp(value - best);
    for (float& value : gradient_) value /= total;
  }

  std::size_t tasks_;
  float rate_;
  std::vector<float> weights_;   // bucket by task
  std::vector<float> squares_;   // sums of squared slopes
  std::vector<float> gradient_;  // scores, then probabilities, then slopes
};

void shuffle(std::vector<std::size_t>& order, Random& random) {
  for (std::size_t left = order.size(); left > 1; --left) {
    const auto other = static_cast<std::size_t>(random.unit() * static_cast<double>(left));
    std::swap(order[left - 1], order[std::min(other, left - 1)]);
  }
}

std::vector<TaskModel::Row> fit_weights(std::span<const LabelledRow> rows, const std::vector<std::string>& tasks,
                                        const TrainOptions& options) {
  Fitting fitting(tasks.size(), options.rate);
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Random random(0x7461736b);  // any fixed number: the same rows give the same model
  for (std::size_t pass = 0; pass < options.passes; ++pass) {
    shuffle(order, random);
    for (const std::size_t i : order) {
      const auto task = std::lower_bound(tasks.begin(), tasks.end(), rows[i].task);
      fitting.step(features_of(rows[i].prompt), static_cast<std::size_t>(task - tasks.begin()));
    }
  }
  return fitting.rows();
}

struct Sum {
  double good = 0;
  std::uint64_t count = 0;
};

Quality posterior(const Sum& sum, double prior_mean, double prior_weight) {
  const auto count = static_cast<double>(sum.count);
  return {(prior_mean * prior_weight + sum.good) / (prior_weight + count), sum.count};
}

QualityTable fit_quality(std::span<const LabelledRow> rows, double prior_weight) {
  std::map<std::string, std::map<std::string, Sum>> sums;
  for (const LabelledRow& row : rows) {
    for (const auto& [target, outcome] : row.outcomes) {
      for (const std::string& task : {row.task, std::string(kDefaultRow)}) {
        Sum& sum = sums[task][target];
        sum.good += outcome;
        ++sum.count;
      }
    }
  }
  QualityTable table;
  if (sums.empty()) return table;
  auto& overall = table[std::string(kDefaultRow)];
  for (const auto& [target, sum] : sums[std::string(kDefaultRow)]) overall[target] = posterior(sum, 0.5, prior_weight);
  for (const auto& [task, row] : sums) {
    if (task == kDefaultRow) continue;
    for (const auto& [target, sum] : row) table[task][target] = posterior(sum, overall[target].mean, prior_weight);
  }
  return table;
}

std::size_t best_of(const TaskModel::Probabilities& probabilities) {
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

void report_accuracy(const TaskModel& model, std::span<const LabelledRow> rows, const Accuracy& all,
                     const TrainOptions& options, std::ostream& report) {
  report << "held out: " << all.rows << " rows, " << percent(all.right, all.rows) << " % of their tasks named right\n"
         << "  sure (at least " << options.min_confidence << "): " << percent(all.sure, all.rows) << " % of the rows, "
         << percent(all.sure_right, all.sure) << " % of them right\n";
  for (const std::string& task : model.tasks()) {
    std::vector<LabelledRow> own;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(own), [&](const auto& row) { return row.task == task; });
    const Accuracy accuracy = measure(model, own, options.min_confidence);
    report << "  " << task << ": " << accuracy.right << " of " << accuracy.rows << "\n";
  }
}

void report_quality(const QualityTable& table, std::ostream& report) {
  if (table.empty()) {
    report << "quality: no row has outcomes\n";
    return;
  }
  report << "quality (mean, observations):\n" << std::setprecision(3);
  for (const auto& [task, row] : table) {
    report << "  " << task << ":";
    for (const auto& [target, quality] : row) {
      report << "  " << target << " " << quality.mean << " (" << quality.count << ")";
    }
    report << "\n";
  }
}

}  // namespace

bool is_held_out(std::string_view prompt, const TrainOptions& options) {
  Random random((options.split << 32) ^ crc32(prompt) ^ (static_cast<std::uint64_t>(prompt.size()) << 40));
  return random.unit() < options.held_out;
}

Result<TaskModel> fit(std::span<const LabelledRow> rows, const TrainOptions& options) {
  auto tasks = check_tasks(rows, options);
  if (!tasks) return std::move(tasks).error();
  auto weights = fit_weights(rows, *tasks, options);
  return TaskModel(*std::move(tasks), weights, fit_quality(rows, options.prior_weight));
}

Accuracy measure(const TaskModel& model, std::span<const LabelledRow> rows, double min_confidence) {
  Accuracy accuracy;
  for (const LabelledRow& row : rows) {
    const auto probabilities = model.classify(row.prompt);
    const std::size_t best = best_of(probabilities);
    const bool right = model.tasks()[best] == row.task;
    const bool sure = static_cast<double>(probabilities[best]) >= min_confidence;
    ++accuracy.rows;
    accuracy.right += right ? 1U : 0U;
    accuracy.sure += sure ? 1U : 0U;
    accuracy.sure_right += sure && right ? 1U : 0U;
  }
  return accuracy;
}

Result<Trained> train(std::istream& log, const TrainOptions& options, std::ostream& report) {
  auto rows = read_labelled(log);
  if (!rows) return std::move(rows).error();
  return train(std::span<const LabelledRow>(*rows), options, report);
}

Result<Trained> train(std::span<const LabelledRow> rows, const TrainOptions& options, std::ostream& report) {
  if (const auto tasks = check_tasks(rows, options); !tasks) return tasks.error();
  const auto flags = report.flags();
  report << std::fixed << std::setprecision(1) << rows.size() << " rows\n";
  Accuracy held_out;
  if (options.held_out > 0) {
    std::vector<LabelledRow> kept;
    std::vector<LabelledRow> others;
    for (const LabelledRow& row : rows) (is_held_out(row.prompt, options) ? others : kept).push_back(row);
    TrainOptions lenient = options;
    lenient.min_rows = 1;  // the whole log has enough; the part is only to measure
    const auto measured = fit(kept, lenient);
    if (!measured) return measured.error();
    held_out = measure(*measured, others, options.min_confidence);
    report_accuracy(*measured, others, held_out, options, report);
  }
  auto model = fit(rows, options);
  if (!model) return std::move(model).error();
  report_quality(model->quality(), report);
  report << "model: " << model->tasks().size() << " tasks, " << model->rows() << " features\n";
  report.flags(flags);
  return Trained{*std::move(model), held_out};
}

}  // namespace fluxgate::tasks
