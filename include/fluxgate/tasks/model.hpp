// The trained task classifier and the quality of targets by task: what `fluxgate train` writes and the gateway loads.
//
// The classifier is a linear softmax over hashed features (features.hpp), with weights in 16-bit fixed point: a text's
// score for a task is the sum of its features' weights, times one scale, over the square root of their number. Sums are
// integers, so every machine guesses the same. Rows of buckets that training never met are not stored.
//
// The file: one line of JSON (the header), then the rows in binary, little-endian: bucket (u32), then one weight (i16)
// for each task in the header's order; buckets ascend.
//   {"format":"fluxgate-tasks","version":1,"tasks":["code",...],"bucket_bits":18,"rows":N,"scale":S,"crc32":C,
//    "quality":{"code":{"gpt":{"mean":0.81,"count":120},...},...,"default":{...}}}
// `crc32` is that of all binary bytes. Unknown header keys are ignored. Immutable; may be used from any thread.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/tasks/features.hpp"

namespace fluxgate::tasks {

inline constexpr std::size_t kMaxTasks = 256;            // of one model
inline constexpr std::size_t kMaxTaskName = 64;          // bytes
inline constexpr std::string_view kDefaultRow = "default";  // of the quality table: all tasks together

// What offline outcomes say of one target.
struct Quality {
  double mean = 0;          // 0..1, of the posterior: the prior counts as two observations
  std::uint64_t count = 0;  // observations; below 20 callers treat the mean as unproven
  friend bool operator==(const Quality&, const Quality&) = default;
};
// Task, or kDefaultRow -> target -> quality.
using QualityTable = std::map<std::string, std::map<std::string, Quality>>;

class TaskModel {
 public:
  struct Row {
    std::uint32_t bucket = 0;
    std::vector<float> weights;  // one for each task
  };
  // Rounds the weights to fixed point; rows that round to nothing are dropped. Rows ascend by bucket; `tasks` has 1 to
  // kMaxTasks names.
  TaskModel(std::vector<std::string> tasks, const std::vector<Row>& rows, QualityTable quality);

  // Errors are kConfig; the message names the file and what is wrong with it.
  static Result<TaskModel> load(const std::string& path);
  static Result<TaskModel> parse(std::string_view bytes, const std::string& name);
  std::string serialise() const;
  // Writes a new file beside the old one and puts it in its place.
  Result<void> save(const std::string& path) const;

  const std::vector<std::string>& tasks() const { return tasks_; }
  const QualityTable& quality() const { return quality_; }
  std::size_t rows() const { return bucket_of_.size(); }

  // The probability of each task, in the order of tasks().
  using Probabilities = boost::container::small_vector<float, 16>;
  Probabilities classify(std::string_view text) const;

 private:
  TaskModel() = default;
  void reserve(std::vector<std::string> tasks, std::size_t rows);
  void add_row(std::uint32_t bucket, const std::vector<std::int16_t>& weights);
  void index();

  // Which buckets have a row, 64 of them a word, and how many rows come before: the row of a bucket is a popcount away.
  // 64 KB in all, so that looking up a bucket does not go to main memory.
  struct Block {
    std::uint64_t present = 0;
    std::uint32_t before = 0;
  };

  std::vector<std::string> tasks_;
  QualityTable quality_;
  double scale_ = 0;                      // of a weight
  std::size_t stride_ = 0;                // weights a row: the tasks, rounded up to 8
  std::vector<Block> blocks_;             // by bucket / 64
  std::vector<std::uint32_t> bucket_of_;  // by row
  std::vector<std::int16_t> weights_;     // by row
};

}  // namespace fluxgate::tasks
