#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

std::string targets_doc(const std::string& whose) { return "Names under `targets`: " + whose; }

const Section<Variant>& variant_section() {
  static const Section<Variant> section = [] {
    Section<Variant> s("routes[].experiment.variants[]", "The sides of the experiment. What their shares leave goes to "
                                                         "the route's own targets.");
    s.name("name", &Variant::name, "A name of your choice; metrics and the decision log carry it.", kRequired);
    s.number("share", &Variant::share, kShareAboveZero, "Its share of the units. All together at most 1.", kRequired);
    s.texts("targets", &Variant::targets, targets_doc("the variant's instead of the route's own."), kRequired,
            Shape::kNames);
    return s;
  }();
  return section;
}

}  // namespace

const Section<Experiment>& experiment_section() {
  static const Section<Experiment> section = [] {
    Section<Experiment> s("routes[].experiment", "Sticky A/B: the same session, user or request always gets the same "
                                                 "variant's targets, on every replica and after a restart.");
    s.name("name", &Experiment::name,
           "A name of your choice. Assignment depends on it: another name is another draw.", kRequired);
    s.choice<ExperimentUnit>("unit", &Experiment::unit,
                             {{"session", ExperimentUnit::kSession},
                              {"user", ExperimentUnit::kUser},
                              {"request", ExperimentUnit::kRequest}},
                             "What stays together. A request without a session or user is its own unit.");
    s.list("variants", &Experiment::variants, variant_section());
    return s;
  }();
  return section;
}

const Section<Canary>& canary_section() {
  static const Section<Canary> section = [] {
    Section<Canary> s("routes[].canary", "A share of the requests goes to new targets. It grows step by step while "
                                         "they do no worse than the route's own, and drops to nothing if they do.");
    s.texts("targets", &Canary::targets, targets_doc("the new ones."), kRequired, Shape::kNames);
    s.numbers("steps", &Canary::steps, kShareAboveZero, "The shares of requests, one after the other, ascending.");
    s.duration("step_duration", &Canary::step_duration, std::chrono::seconds(1), std::chrono::hours(24 * 30),
               "How long a step lasts at least.");
    s.integer("min_requests", &Canary::min_requests, {1, 1000000},
              "Requests of each side before a step is judged.");
    s.number("max_error_increase", &Canary::max_error_increase, kShare,
             "How much higher the share of failed requests may be than that of the route's own targets: 0.02 allows 3 "
             "% beside 1 %. Above it with confidence: aborted.");
    s.number("max_ttft_ratio", &Canary::max_ttft_ratio, {1, 1000},
             "How many times as long as theirs the time to first token may be. Above it with confidence: aborted.");
    s.number("confidence", &Canary::confidence, kShareAboveZero, "How sure is sure: 0.95 aborts wrongly 1 time in 20.");
    return s;
  }();
  return section;
}

const Section<Shadow>& shadow_section() {
  static const Section<Shadow> section = [] {
    Section<Shadow> s("routes[].shadow", "Copies of a share of the requests go to other targets as well. Their answers "
                                         "are measured and thrown away; they cost money as any request does.");
    s.texts("targets", &Shadow::targets, targets_doc("each copied request goes to one of them."), kRequired,
            Shape::kNames);
    s.number("share", &Shadow::share, kShareAboveZero, "Share of the route's requests that is copied.");
    s.integer("max_in_flight", &Shadow::max_in_flight, {1, 10000},
              "Copies in flight on this route, over all workers; beyond it nothing is copied.");
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
