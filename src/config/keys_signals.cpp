#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

const Section<SensitivityPattern>& pattern_section() {
  static const Section<SensitivityPattern> section = [] {
    Section<SensitivityPattern> s("sensitivity.patterns.NAME", "Your own detectors. NAME is yours to choose.");
    // Layer 1 has no RE2: whoever makes the detectors of a loaded configuration compiles it and reports at `where`.
    s.text("regex", &SensitivityPattern::regex, "A regular expression in RE2's syntax, found anywhere in a prompt.",
           kRequired);
    s.name("label", &SensitivityPattern::label, "The label that a match raises.");
    return s;
  }();
  return section;
}

void read_detectors(Reader& reader, const Node& node, Sensitivity& out) {
  if (node.kind == Node::Kind::kScalar && node.text == kAllDetectors) {
    out.detectors = {std::string(kAllDetectors)};
    return;
  }
  if (node.kind == Node::Kind::kScalar) {
    reader.error(node, "must be all or a list of detectors, not " + quote(node.text));
    return;
  }
  out.detectors = reader.names(node);
  for (std::size_t i = 0; i < out.detectors.size(); ++i) {
    if (out.detectors[i] != kAllDetectors) continue;
    const Reader::At at(reader, element(reader.path(), i));
    reader.error(node.items[i], "all stands alone, not in a list: write detectors: all");
  }
}

}  // namespace

const Section<Sensitivity>& sensitivity_section() {
  static const Section<Sensitivity> section = [] {
    Section<Sensitivity> s("sensitivity", "Detectors of personal data and secrets in prompts. What they find raises "
                                          "labels; labels choose routes (`match.sensitivity`) and bind where a request "
                                          "may go.");
    s.add({.name = "detectors", .shape = Shape::kDetectors,
           .doc = "Names of built-in detectors, or `all`. Absent: none runs."},
          read_detectors);
    s.named("patterns", &Sensitivity::patterns, pattern_section(), !kRequired);
    s.lists("require", &Sensitivity::require, Shape::kNameLists,
            "Label to the labels a target must have on every route once it is raised, fallbacks, hedges and copies "
            "included: `{ pii: [on_prem] }`.");
    return s;
  }();
  return section;
}

const Section<Tasks>& tasks_section() {
  static const Section<Tasks> section = [] {
    Section<Tasks> s("tasks", "How the task of a request is found. The header `x-fluxgate-task` names it and wins over "
                              "all of these; then come `keywords`, `file` and `structure`.");
    s.lists("keywords", &Tasks::keywords, Shape::kTextLists,
            "Task to words or phrases of the last user message: `{ code: [\"stack trace\", segfault] }`. Case does not "
            "matter.");
    s.boolean("structure", &Tasks::structure,
              "Tools, schemas, images and code fences in a request name tasks of their own.");
    s.path("file", &Tasks::file,
           "Written by `fluxgate train` from a labelled log: the classifier, and what each target is worth for each "
           "task.");
    s.number("min_confidence", &Tasks::min_confidence, kShare,
             "A guess less likely than this does not count for `match.task`.");
    return s;
  }();
  return section;
}

const Section<DecisionLog>& decision_log_section() {
  static const Section<DecisionLog> section = [] {
    Section<DecisionLog> s("decision_log", "One record for each request: what was known, what was chosen with which "
                                           "odds, and what came of it. `fluxgate replay` and `fluxgate train` read "
                                           "it.");
    s.path("file", &DecisionLog::file, "The file to append to. Absent: off.");
    s.boolean("text", &DecisionLog::text, "Also the prompt's text. Whoever reads the file then reads your users' "
                                          "words.");
    s.number("sample", &DecisionLog::sample, kShare, "Share of sessions that is logged; a session is logged as a "
                                                     "whole.");
    return s;
  }();
  return section;
}

const Section<Config>& catalogue_section() {
  static const Section<Config> section = [] {
    Section<Config> s("catalogue", "What is known about models: prices, windows, abilities. `fluxgate models` lists "
                                   "it.");
    s.path("file", &Config::catalogue_file, "Rows of your own, which come before the built-in ones.");
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
