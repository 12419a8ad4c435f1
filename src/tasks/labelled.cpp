#include <istream>
#include <nlohmann/json.hpp>

#include "fluxgate/tasks/train.hpp"

namespace fluxgate::tasks {
namespace {

using Json = nlohmann::json;

Error bad_line(std::size_t line, const std::string& why) {
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, "line " + std::to_string(line) + ": " + why};
}

Result<LabelledRow> read_row(const std::string& text, std::size_t line) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad_line(line, "not a JSON object");
  const Json prompt = json.value("prompt", Json());
  const Json task = json.value("task", Json());
  if (!prompt.is_string() || prompt == "") return bad_line(line, "'prompt' must be a text");
  if (!task.is_string()) return bad_line(line, "'task' must be a name");
  LabelledRow row;
  row.prompt = prompt.get<std::string>();
  row.task = task.get<std::string>();
  if (row.task.empty() || row.task.size() > kMaxTaskName) {
    return bad_line(line, "a task's name must have 1 to 64 bytes");
  }
  if (row.task == kDefaultRow) return bad_line(line, "no task may be named 'default'");
  const Json outcomes = json.value("outcomes", Json::object());
  if (!outcomes.is_object()) return bad_line(line, "'outcomes' must be an object");
  for (const auto& [target, value] : outcomes.items()) {
    if (!value.is_number() || !(value.get<double>() >= 0) || value.get<double>() > 1) {
      return bad_line(line, "the outcome of '" + target + "' must be 0 to 1");
    }
    row.outcomes[target] = value.get<double>();
  }
  return row;
}

}  // namespace

Result<std::vector<LabelledRow>> read_labelled(std::istream& in) {
  std::vector<LabelledRow> rows;
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto row = read_row(text, line);
    if (!row) return std::move(row).error();
    rows.push_back(*std::move(row));
  }
  if (in.bad()) {
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo, "the labelled log cannot be read to its end");
  }
  return rows;
}

}  // namespace fluxgate::tasks
