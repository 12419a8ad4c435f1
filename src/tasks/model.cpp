#include "fluxgate/tasks/model.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace fluxgate::tasks {
namespace {

constexpr std::size_t kLanes = 8;  // weights are added in groups of so many

std::size_t stride_for(std::size_t tasks) { return (tasks + kLanes - 1) / kLanes * kLanes; }

double largest_weight(const std::vector<TaskModel::Row>& rows) {
  double largest = 0;
  for (const auto& row : rows) {
    for (const float weight : row.weights) largest = std::max(largest, std::abs(static_cast<double>(weight)));
  }
  return largest;
}

// Adds a row of fixed-point weights.
void add(std::int32_t* sums, const std::int16_t* weights, std::size_t stride) {
  for (std::size_t at = 0; at < stride; at += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[at + lane] += weights[at + lane];
  }
}

}  // namespace

void TaskModel::reserve(std::vector<std::string> tasks, std::size_t rows) {
  tasks_ = std::move(tasks);
  stride_ = stride_for(tasks_.size());
  bucket_of_.reserve(rows);
  weights_.reserve(rows * stride_);
}

void TaskModel::add_row(std::uint32_t bucket, const std::vector<std::int16_t>& weights) {
  bucket_of_.push_back(bucket);
  weights_.insert(weights_.end(), weights.begin(), weights.end());
  weights_.resize(bucket_of_.size() * stride_, 0);
}

void TaskModel::index() {
  blocks_.assign(kBuckets / 64, {});
  for (const std::uint32_t bucket : bucket_of_) blocks_[bucket / 64].present |= std::uint64_t{1} << (bucket % 64);
  std::uint32_t before = 0;
  for (Block& block : blocks_) {
    block.before = before;
    before += static_cast<std::uint32_t>(std::popcount(block.present));
  }
}

TaskModel::TaskModel(std::vector<std::string> tasks, const std::vector<Row>& rows, QualityTable quality)
    : quality_(std::move(quality)) {
  constexpr double kLargest = std::numeric_limits<std::int16_t>::max();
  reserve(std::move(tasks), rows.size());
  const double largest = largest_weight(rows);
  scale_ = largest > 0 ? largest / kLargest : 1;
  std::vector<std::int16_t> rounded(tasks_.size(), 0);
  for (const Row& row : rows) {
    bool any = false;
    for (std::size_t task = 0; task < tasks_.size(); ++task) {
      rounded[task] = static_cast<std::int16_t>(std::lround(static_cast<double>(row.weights[task]) / scale_));
      any |= rounded[task] != 0;
    }
    if (any) add_row(row.bucket, rounded);
  }
  index();
}

TaskModel::Probabilities TaskModel::classify(std::string_view text) const {
  const Features features = features_of(text);
  // The rows lie anywhere in some megabytes: all are asked for before the first is read.
  std::array<std::uint32_t, kMaxFeatures> rows;
  std::size_t count = 0;
  for (const std::uint32_t bucket : features) {
    const Block& block = blocks_[bucket / 64];
    const std::uint64_t bit = std::uint64_t{1} << (bucket % 64);
    if ((block.present & bit) == 0) continue;
    rows[count] = block.before + static_cast<std::uint32_t>(std::popcount(block.present & (bit - 1)));
    __builtin_prefetch(&weights_[rows[count] * stride_]);
    ++count;
  }
  boost::container::small_vector<std::int32_t, 16> sums(stride_, 0);
  for (std::size_t i = 0; i < count; ++i) add(sums.data(), &weights_[rows[i] * stride_], stride_);

  const double scale = scale_ / std::sqrt(static_cast<double>(features.size));
  const std::int32_t best = *std::max_element(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(tasks_.size()));
  Probabilities probabilities(tasks_.size());
  double total = 0;
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    const double odds = std::exp(scale * (static_cast<double>(sums[task]) - best));
    probabilities[task] = static_cast<float>(odds);
    total += odds;
  }
  for (float& probability : probabilities) probability = static_cast<float>(probability / total);
  return probabilities;
}

}  // namespace fluxgate::tasks
