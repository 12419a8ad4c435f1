#include <iomanip>
#include <sstream>

#include "fluxgate/routing/replay.hpp"
#include "json_object.hpp"

namespace fluxgate::routing {
namespace {

constexpr double kPoints = 100;  // percentage points

std::string points(double value) {
  std::ostringstream out;
  out << std::showpos << std::fixed << std::setprecision(1) << kPoints * value;
  return out.str();
}

std::string difference_line(const std::string& to, double value, const Interval& interval) {
  std::string line = "against " + to + ": " + points(value) + " points, 95 % interval " + points(interval.low) +
                     " to " + points(interval.high);
  return line + (interval.spans_zero() ? ": not distinguishable\n" : "\n");
}

void append_chooser(std::string& out, const OutcomesReplay& replay, const Chooser& chooser) {
  JsonObject object(out);
  object.text("name", chooser.name);
  object.number("value", chooser.value);
  object.number("price", chooser.price);
  object.number("against_best_single", chooser.value - replay.best_single.value);
  object.number("against_mix", chooser.value - hull_value(replay.singles, chooser.price));
  object.close();
}

void append_interval(std::string& out, double value, const Interval& interval) {
  JsonObject object(out);
  object.number("value", value);
  object.number("low", interval.low);
  object.number("high", interval.high);
  object.flag("distinguishable", !interval.spans_zero());
  object.close();
}

}  // namespace

std::string to_text(const OutcomesReplay& replay) {
  std::ostringstream out;
  out << replay.rows << " prompts with every outcome known";
  if (replay.left_out > 0) out << ", " << replay.left_out << " left out";
  out << "\n\n"
      << std::left << std::setw(40) << "chooser" << std::right << std::setw(9) << "value" << std::setw(9) << "$/M in"
      << std::setw(13) << "best single" << std::setw(12) << "random mix"
      << "\n";
  const auto line = [&](const Chooser& chooser, const std::string& label) {
    out << std::left << std::setw(40) << label << std::right << std::fixed << std::setw(9) << std::setprecision(4)
        << chooser.value << std::setw(9) << std::setprecision(3) << chooser.price << std::setw(13)
        << points(chooser.value - replay.best_single.value) << std::setw(12)
        << points(chooser.value - hull_value(replay.singles, chooser.price)) << "\n";
  };
  line(replay.router, replay.router.name);
  line(replay.best_single, "best single (" + replay.best_single.name + ")");
  line(replay.mix, replay.mix.name);
  for (const Chooser& chooser : replay.others) line(chooser, chooser.name);
  out << "(the last two columns: points above the best single target, and above the best random mix at the same "
         "price)\n\n"
      << difference_line("the best single target", replay.router.value - replay.best_single.value, replay.against_best)
      << difference_line("the best random mix", replay.router.value - replay.mix.value, replay.against_mix);
  out << "price: " << std::setprecision(0) << 100 * replay.router.price / replay.best_single.price
      << " % of the best single target's\npicks:";
  for (const auto& [name, count] : replay.picks) out << " " << name << " " << count;
  out << "\n";
  return out.str();
}

std::string to_json(const OutcomesReplay& replay) {
  std::string text;
  JsonObject object(text);
  object.number("rows", replay.rows);
  object.number("left_out", replay.left_out);
  append_chooser(object.raw("router"), replay, replay.router);
  append_chooser(object.raw("best_single"), replay, replay.best_single);
  append_chooser(object.raw("random_mix"), replay, replay.mix);
  append_array(object.raw("others"), replay.others,
               [&](std::string& to, const Chooser& chooser) { append_chooser(to, replay, chooser); });
  append_interval(object.raw("against_best_single"), replay.router.value - replay.best_single.value,
                  replay.against_best);
  append_interval(object.raw("against_random_mix"), replay.router.value - replay.mix.value, replay.against_mix);
  append_array(object.raw("picks"), replay.picks, [](std::string& to, const auto& pick) {
    JsonObject item(to);
    item.text("target", pick.first);
    item.number("rows", pick.second);
    item.close();
  });
  object.close();
  return text + "\n";
}

}  // namespace fluxgate::routing
