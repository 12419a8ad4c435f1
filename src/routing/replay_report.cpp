#include <cmath>
#include <iomanip>
#include <sstream>

#include "json_object.hpp"
#include "replay.hpp"

namespace fluxgate::routing {
namespace {

std::string percent(std::size_t part, std::size_t whole) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1)
      << (whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole)) << " %";
  return out.str();
}

std::string or_nobody(const std::string& target) { return target.empty() ? "(nobody)" : target; }

void write_diff(std::ostream& out, const DecisionDiff& diff) {
  out << "decisions: " << diff.all.rows << ", changed " << diff.all.changed << " ("
      << percent(diff.all.changed, diff.all.rows) << ")\n";
  if (diff.no_route > 0) out << "  no route takes the model any more: " << diff.no_route << "\n";
  if (diff.nobody > 0) out << "  every target is ruled out: " << diff.nobody << "\n";
  for (const auto& [route, share] : diff.routes) {
    out << "  route " << route << ": " << share.rows << ", changed " << share.changed << " ("
        << percent(share.changed, share.rows) << ")\n";
  }
  for (const auto& [move, count] : diff.moves) {
    out << "  " << or_nobody(move.first) << " -> " << or_nobody(move.second) << ": " << count << "\n";
  }
  for (const auto& [code, count] : diff.violations)
    out << "  the logged choice breaks a rule of the new configuration, " << code << ": " << count << "\n";
  for (const Changed& sample : diff.samples) {
    out << "  e.g. " << sample.id << ": " << or_nobody(sample.from) << " -> " << or_nobody(sample.to) << "; "
        << sample.reason << "\n";
  }
  out << std::setprecision(6) << "money at the new prices, " << diff.priced << " requests: $" << diff.usd_old
      << " as logged, $" << diff.usd_new << " with the new configuration";
  if (diff.usd_logged > 0) out << " (the log says $" << diff.usd_logged << " was paid, all requests)";
  out << "\n";
}

void write_rival(std::ostream& out, const std::string& label, const Rival& rival) {
  out << "  " << std::left << std::setw(34) << label << std::right << std::fixed << std::setprecision(4)
      << rival.value.value << " +- " << 1.96 * rival.value.error;
  if (!std::isnan(rival.usd)) out << "  $" << std::setprecision(6) << rival.usd << " a request";
  if (rival.ess > 0) out << "  (effective sample " << std::setprecision(0) << rival.ess << ")";
  out << "\n";
}

void write_value(std::ostream& out, const Counterfactual& value) {
  out << "\nvalue of the answers: " << value.rows << " requests with a reward and a known chance, " << value.left_out
      << " left out\n";
  if (!value.refused.empty()) out << "  NO ESTIMATE: " << value.refused << "\n";
  if (value.rows == 0) return;
  if (value.refused.empty()) {
    const OffPolicyValue& found = value.value;
    write_rival(out, "new, doubly robust", {"", found.dr, value.usd, found.ess});
    write_rival(out, "new, self-normalised", {"", found.snips, api::kUnknown, 0});
    write_rival(out, "new, inverse propensity", {"", found.ips, api::kUnknown, 0});
    out << std::fixed << std::setprecision(1) << "  clipped: " << 100 * found.clipped_rows << " % of the requests, "
        << 100 * found.clipped_weight << " % of the weight; without support: " << 100 * value.unsupported << " %\n";
  }
  write_rival(out, "current", value.current);
  if (!value.singles.empty())
    write_rival(out, "best single (" + value.singles.front().name + ")", value.singles.front());
  write_rival(out, "random", value.random);
  if (value.hull && value.refused.empty()) {
    out << "  best random mix of two targets at the new configuration's price: " << std::setprecision(4) << *value.hull
        << "\n";
  }
  out << "  oracle bound: " << std::fixed << std::setprecision(4) << value.oracle_bound << "\n";
  const double difference = value.value.dr.value - value.current.value.value;
  const double error = std::hypot(value.value.dr.error, value.current.value.error);
  if (value.refused.empty()) {
    out << "new against current: " << std::showpos << std::setprecision(4) << difference << std::noshowpos << " +- "
        << 1.96 * error << (std::abs(difference) <= 1.96 * error ? ": not distinguishable\n" : "\n");
  }
}

void append_measured(std::string& out, const Measured& measured) {
  JsonObject object(out);
  object.number("value", measured.value);
  object.number("error", measured.error);
  object.close();
}

void append_rival(std::string& out, const Rival& rival) {
  JsonObject object(out);
  object.text("name", rival.name);
  object.number("value", rival.value.value);
  object.number("error", rival.value.error);
  object.number("usd", rival.usd);
  if (rival.ess > 0) object.number("ess", rival.ess);
  object.close();
}

void append_diff(std::string& out, const DecisionDiff& diff) {
  JsonObject object(out);
  object.number("rows", diff.all.rows);
  object.number("changed", diff.all.changed);
  object.number("no_route", diff.no_route);
  object.number("nobody", diff.nobody);
  append_array(object.raw("routes"), diff.routes, [](std::string& to, const auto& route) {
    JsonObject item(to);
    item.text("route", route.first);
    item.number("rows", route.second.rows);
    item.number("changed", route.second.changed);
    item.close();
  });
  append_array(object.raw("moves"), diff.moves, [](std::string& to, const auto& move) {
    JsonObject item(to);
    item.text("from", move.first.first);
    item.text("to", move.first.second);
    item.number("rows", move.second);
    item.close();
  });
  append_array(object.raw("violations"), diff.violations, [](std::string& to, const auto& violation) {
    JsonObject item(to);
    item.text("code", violation.first);
    item.number("rows", violation.second);
    item.close();
  });
  append_array(object.raw("samples"), diff.samples, [](std::string& to, const Changed& sample) {
    JsonObject item(to);
    item.text("id", sample.id);
    item.text("from", sample.from);
    item.text("to", sample.to);
    item.text("reason", sample.reason);
    item.close();
  });
  object.number("priced", diff.priced);
  object.number("usd_old", diff.usd_old);
  object.number("usd_new", diff.usd_new);
  object.number("usd_logged", diff.usd_logged);
  object.close();
}

void append_value(std::string& out, const Counterfactual& value) {
  JsonObject object(out);
  object.number("rows", value.rows);
  object.number("left_out", value.left_out);
  if (!value.refused.empty()) object.text("refused", value.refused);
  object.number("unsupported", value.unsupported);
  object.number("ess", value.value.ess);
  if (value.refused.empty()) {
    append_measured(object.raw("dr"), value.value.dr);
    append_measured(object.raw("snips"), value.value.snips);
    append_measured(object.raw("ips"), value.value.ips);
    object.number("usd", value.usd);
    object.number("clipped_rows", value.value.clipped_rows);
    object.number("clipped_weight", value.value.clipped_weight);
    if (value.hull) object.number("random_mix", *value.hull);
  }
  if (value.rows > 0) {
    append_rival(object.raw("current"), value.current);
    append_rival(object.raw("random"), value.random);
    append_array(object.raw("singles"), value.singles, append_rival);
    object.number("oracle_bound", value.oracle_bound);
  }
  object.close();
}

}  // namespace

std::string to_text(const LogReplay& replay) {
  std::ostringstream out;
  write_diff(out, replay.diff);
  write_value(out, replay.value);
  return out.str();
}

std::string to_json(const LogReplay& replay) {
  std::string text;
  JsonObject object(text);
  append_diff(object.raw("diff"), replay.diff);
  append_value(object.raw("value"), replay.value);
  object.close();
  return text + "\n";
}

}  // namespace fluxgate::routing
