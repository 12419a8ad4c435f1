// One line of a catalogue file: from text to ModelInfo, and the order the lines stand in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fluxgate/catalogue/catalogue.hpp"

namespace fluxgate::catalogue {

// What is wrong with a line.
struct RowFault {
  std::string key;      // the key at fault, empty for the line as a whole
  std::string message;
};

std::variant<ModelInfo, RowFault> parse_row(std::string_view line);

std::optional<Mode> parse_mode(std::string_view text);

// What every row must hold, wherever it comes from: nullopt if it does.
std::optional<RowFault> check_row(const ModelInfo& info);

// Names go into the text unescaped, so that a search can compare bytes: no quotes, backslashes, blanks or controls.
bool is_plain_name(std::string_view text);
bool is_date(std::string_view text);  // YYYY-MM-DD

// Provider and model of a canonical line (one that to_line() wrote).
std::pair<std::string_view, std::string_view> names_of(std::string_view line);

}  // namespace fluxgate::catalogue
