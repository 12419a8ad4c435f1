#include "fluxgate/tasks/model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <nlohmann/json.hpp>

namespace fluxgate::tasks {
namespace {

std::uint32_t bucket(std::string_view token) { return crc32(token) & (kBuckets - 1); }

// "alpha" speaks for task a, "beta" for task b.
TaskModel small_model() {
  std::vector<TaskModel::Row> rows{
      {bucket("alpha"), {2.0F, -1.0F}}, {bucket("beta"), {-1.0F, 3.0F}}, {5, {0.0F, 1e-9F}}};
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.bucket < b.bucket; });
  QualityTable quality{{"a", {{"gpt", {0.75, 40}}, {"llama", {0.25, 3}}}}, {"default", {{"gpt", {0.5, 99}}}}};
  return TaskModel({"a", "b"}, rows, quality);
}

TEST(TaskModel, IsALinearSoftmax) {
  const TaskModel model = small_model();
  EXPECT_EQ(model.rows(), 2U) << "the third row rounds to nothing";
  // Two tokens, their pair and the length: four features.
  const auto p = model.classify("alpha, ");
  const double expected = 1 / (1 + std::exp((-1.0 - 2.0) / std::sqrt(4.0)));
  EXPECT_NEAR(p[0], expected, 1e-4);
  EXPECT_NEAR(p[0] + p[1], 1, 1e-6);
  const auto both = model.classify("alpha beta");
  EXPECT_NEAR(both[1], 1 / (1 + std::exp((1.0 - 2.0) / std::sqrt(4.0))), 1e-4);
  EXPECT_NEAR(model.classify("")[0], 0.5, 1e-6);
}

TEST(TaskModel, SurvivesItsFile) {
  const TaskModel model = small_model();
  const std::string path = (std::filesystem::path(testing::TempDir()) / "fluxgate-model-test").string();
  ASSERT_TRUE(model.save(path));
  const auto loaded = TaskModel::load(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->tasks(), model.tasks());
  EXPECT_EQ(loaded->quality(), model.quality());
  EXPECT_EQ(loaded->rows(), 2U);
  for (const char* text : {"alpha", "beta beta alpha", "gamma", ""}) {
    EXPECT_EQ(loaded->classify(text), model.classify(text)) << text;
  }
  EXPECT_EQ(loaded->serialise(), model.serialise());
}

TEST(TaskModel, SumsOfManyTasksStayInTheirRow) {
  std::vector<std::string> names;
  std::vector<float> weights(kMaxTasks, 0.0F);
  for (std::size_t i = 0; i < kMaxTasks; ++i) names.push_back("t" + std::to_string(1000 + i));
  weights.back() = 9.0F;
  const TaskModel model(names, {{bucket("word"), weights}}, {});
  const auto loaded = TaskModel::parse(model.serialise(), "m");
  ASSERT_TRUE(loaded);
  const auto p = loaded->classify("word");
  EXPECT_EQ(std::max_element(p.begin(), p.end()) - p.begin(), static_cast<std::ptrdiff_t>(kMaxTasks) - 1);
  EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-4);
}

// The file with one key of its header replaced (or taken out).
std::string with_header(std::string_view key, const nlohmann::json& value) {
  const std::string bytes = small_model().serialise();
  const std::size_t end = bytes.find('\n');
  auto header = nlohmann::json::parse(bytes.substr(0, end));
  if (value.is_discarded()) {
    header.erase(std::string(key));
  } else {
    header[std::string(key)] = value;
  }
  return header.dump() + bytes.substr(end);
}

TEST(TaskModel, RefusesWhatIsNoModel) {
  using nlohmann::json;
  const std::string good = small_model().serialise();
  ASSERT_TRUE(TaskModel::parse(good, "m"));
  std::string flipped = good;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  struct Case {
    std::string bytes;
    const char* says;
  };
  std::vector<Case> cases{
      {"", "header"}, {"not JSON\n", "not a task model"}, {"[]\n", "not a task model"}, {"{}\n", "not a task model"},
      {good.substr(0, good.size() - 1), "bytes of weights"}, {good + "x", "bytes of weights"}, {flipped, "checksum"},
      {with_header("version", 2), "version"}, {with_header("bucket_bits", 20), "bucket_bits"},
      {with_header("tasks", json::array()), "tasks"}, {with_header("tasks", {"a", 1}), "tasks"},
      {with_header("tasks", {"a", "a"}), "twice"}, {with_header("tasks", {"a", ""}), "name"},
      {with_header("tasks", std::vector<int>(300, 1)), "tasks"}, {with_header("rows", -1), "rows"},
      {with_header("rows", 1e300), "rows"}, {with_header("rows", 300000), "rows"},
      {with_header("rows", 1), "bytes of weights"},
      {with_header("crc32", "x"), "crc32"}, {with_header("scale", 0), "scale"}, {with_header("scale", "1"), "scale"},
      {with_header("scale", json(json::value_t::discarded)), "scale"}, {with_header("quality", 1), "quality"},
      {with_header("quality", {{"a", 1}}), "quality.a"},
      {with_header("quality", {{"a", {{"gpt", 1}}}}), "quality.a.gpt"},
      {with_header("quality", {{"a", {{"gpt", {{"mean", 2}, {"count", 1}}}}}}), "mean"},
      {with_header("quality", {{"a", {{"gpt", {{"mean", 1}, {"count", -1}}}}}}), "count"}};
  for (const Case& c : cases) {
    const auto result = TaskModel::parse(c.bytes, "some.model");
    ASSERT_FALSE(result) << c.bytes.substr(0, 200);
    EXPECT_EQ(result.error().kind, ErrorKind::kConfig);
    EXPECT_TRUE(result.error().message.starts_with("some.model: ")) << result.error().message;
    EXPECT_NE(result.error().message.find(c.says), std::string::npos) << result.error().message;
  }
  const auto missing = TaskModel::load("/no/such/file");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("/no/such/file"), std::string::npos);
}

TEST(TaskModel, RefusesRowsOutOfOrder) {
  std::string bytes = small_model().serialise();
  const std::size_t end = bytes.find('\n') + 1;
  auto header = nlohmann::json::parse(bytes.substr(0, end));
  const std::string row = bytes.substr(end, 8);
  const std::string twice = row + row;
  header["crc32"] = crc32(twice);
  const auto result = TaskModel::parse(header.dump() + "\n" + twice, "m");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("ascend"), std::string::npos);
  std::string beyond = bytes.substr(end);
  beyond[beyond.size() - 5] = '\x7f';  // the high byte of the last bucket
  header["crc32"] = crc32(beyond);
  EXPECT_FALSE(TaskModel::parse(header.dump() + "\n" + beyond, "m"));
}

}  // namespace
}  // namespace fluxgate::tasks
