#include "sensitivity/patterns.hpp"

#include <string>

namespace fluxgate::sensitivity {
namespace {

constexpr std::int64_t kMemory = 16 << 20;  // bytes that RE2 may use for one expression or the set of all

Error refuse(const config::SensitivityPattern& pattern, const std::string& why) {
  const std::string place =
      pattern.where.line > 0 ? pattern.where.file + ":" + std::to_string(pattern.where.line) + ": " : std::string();
  return {ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo,
          place + "sensitivity.patterns." + pattern.name + ": " + why};
}

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMemory);
  options.set_never_capture(true);
  return options;
}

}  // namespace

Result<Patterns> Patterns::make(const std::vector<config::SensitivityPattern>& patterns) {
  Patterns made;
  for (const auto& pattern : patterns) {
    auto one = std::make_unique<RE2>(pattern.regex, options());
    if (!one->ok()) return refuse(pattern, "RE2 cannot compile it: " + one->error());
    if (RE2::PartialMatch("", *one)) return refuse(pattern, "it matches the empty text, and so every text");
    made.single_.push_back(std::move(one));
  }
  if (patterns.size() < 2) return made;
  made.all_ = std::make_unique<RE2::Set>(options(), RE2::UNANCHORED);
  for (const auto& pattern : patterns) {
    std::string why;
    if (made.all_->Add(pattern.regex, &why) < 0) return refuse(pattern, "RE2 cannot compile it: " + why);
  }
  if (!made.all_->Compile()) {
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo,
                 "sensitivity.patterns: all of them together are too large for RE2");
  }
  return made;
}

std::vector<int> Patterns::matching(std::string_view text) const {
  std::vector<int> found;
  const re2::StringPiece piece(text.data(), text.size());
  if (all_ != nullptr) {
    RE2::Set::ErrorInfo error{};
    if (all_->Match(piece, &found, &error) || error.kind == RE2::Set::kNoError) return found;
    found.clear();  // the set ran out of memory for its states: one after the other needs less
  }
  for (std::size_t i = 0; i < single_.size(); ++i) {
    if (RE2::PartialMatch(piece, *single_[i])) found.push_back(static_cast<int>(i));
  }
  return found;
}

}  // namespace fluxgate::sensitivity
