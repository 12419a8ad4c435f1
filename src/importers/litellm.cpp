#include "fluxgate/importers/litellm.hpp"

#include <algorithm>
#include <array>

#include "importers/litellm_import.hpp"

namespace fluxgate::importers {

std::string_view to_string(Status status) {
  constexpr std::array<std::string_view, 4> kNames{"exact", "approximate", "manual", "unsupported"};
  return kNames[static_cast<std::size_t>(status)];
}

std::string format(const Finding& finding, std::string_view file) {
  std::string out(file);
  out += ":" + std::to_string(finding.line) + ": " + std::string(to_string(finding.status)) + ": " + finding.path +
         ": " + finding.message;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

Import LiteLlmImport::run() {
  read_models();
  read_settings();
  make_routes();
  std::stable_sort(findings_.begin(), findings_.end(),
                   [](const Finding& a, const Finding& b) { return a.line < b.line; });
  write_head();
  return {write(document_), std::move(findings_)};
}

// What is left to do stands in the file itself, so that it is not lost with the terminal's output.
void LiteLlmImport::write_head() {
  std::array<std::size_t, 4> counts{};
  for (const Finding& one : findings_) ++counts[static_cast<std::size_t>(one.status)];
  auto& head = document_.head;
  head.push_back("Made by `fluxgate import litellm " + file_ + "`.");
  std::string summary;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    summary += (i > 0 ? ", " : "") + std::to_string(counts[i]) + " " + std::string(to_string(static_cast<Status>(i)));
  }
  head.push_back("Of the old file: " + summary + ".");
  for (const Status status : {Status::kManual, Status::kUnsupported, Status::kApproximate}) {
    for (const Finding& one : findings_) {
      if (one.status == status) head.push_back(format(one, file_));
    }
  }
}

Group* LiteLlmImport::find_group(std::string_view name) {
  const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const Group& one) { return one.name == name; });
  return found == groups_.end() ? nullptr : &*found;
}

void LiteLlmImport::note(Status status, std::string path, int line, std::string message) {
  findings_.push_back({status, std::move(path), line, std::move(message)});
}

std::string LiteLlmImport::unique(std::set<std::string>& taken, const std::string& wanted) {
  constexpr std::size_t kRoom = 60;  // of 64: the rest is for the number
  std::string name = wanted;
  for (int i = 2; !taken.insert(name).second; ++i) name = wanted.substr(0, kRoom) + "-" + std::to_string(i);
  return name;
}

Result<Import> import_litellm(std::string_view yaml, std::string_view file) {
  auto root = parse(yaml);
  if (!root) return std::move(root).error();
  const auto refuse = [](std::string why) {
    return Error(ErrorKind::kConfig, ErrorSource::kClient, Retry::kNo, std::move(why));
  };
  if (!root->is_map()) return refuse("no LiteLLM configuration: not a map of keys");
  const bool known = root->find("model_list") != nullptr || root->find("router_settings") != nullptr ||
                     root->find("litellm_settings") != nullptr || root->find("general_settings") != nullptr;
  if (!known) return refuse("no LiteLLM configuration: it has no model_list and no settings");
  std::string name(file.substr(file.find_last_of('/') + 1));
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return LiteLlmImport(*root, name).run();
}

}  // namespace fluxgate::importers
