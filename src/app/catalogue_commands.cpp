#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <optional>

#include "commands.hpp"
#include "fluxgate/catalogue/commands.hpp"
#include "fluxgate/importers/litellm.hpp"

namespace fluxgate::app {
namespace {

// `use` gets the operator's catalogue, or null without a file.
template <class Use>
int with_catalogue(const std::string& file, Use use) {
  if (file.empty()) return use(nullptr);
  const auto text = read_text(file);
  if (!text) return fail(text.error().message);
  const auto own = catalogue::Catalogue::parse(*text, file);
  return own ? use(&*own) : fail(own.error().message);
}

// `write` gets the file to write to, or standard output without one.
template <class Write>
int with_output(const std::string& file, Write write) {
  if (file.empty()) return write(std::cout);
  std::ofstream out(file, std::ios::binary);
  if (!out) return fail(file + ": cannot be written");
  const int status = write(out);
  out.close();
  return out ? status : fail(file + ": cannot be written");
}

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}

}  // namespace

int models_list(const ModelsArguments& arguments) {
  catalogue::ListOptions options;
  options.provider = arguments.provider;
  options.text = arguments.text;
  options.json = arguments.json;
  for (const std::string& name : arguments.abilities) {
    const auto ability = api::parse_ability(name);
    if (!ability) {
      fail("there is no ability " + name);
      return kUsage;
    }
    options.abilities.push_back(*ability);
  }
  return with_catalogue(arguments.own, [&](const catalogue::Catalogue* own) {
    return catalogue::list_models(std::cout, own, options);
  });
}

int models_show(const std::string& name, const std::string& own_file) {
  return with_catalogue(own_file, [&](const catalogue::Catalogue* own) {
    return catalogue::show_model(std::cout, std::cerr, own, name);
  });
}

int models_import(const std::string& file, const std::string& out_file) {
  const auto text = read_text(file);
  if (!text) return fail(text.error().message);
  return with_output(out_file, [&](std::ostream& out) {
    return catalogue::import_models(out, std::cerr, *text, file, today());
  });
}

int import_litellm(const std::string& file, const std::string& out_file) {
  const auto text = read_text(file);
  if (!text) return fail(text.error().message);
  const auto imported = importers::import_litellm(*text, file);
  if (!imported) return fail(file + ": " + imported.error().message);
  for (const importers::Finding& finding : imported->findings) std::cerr << importers::format(finding, file) << "\n";
  return with_output(out_file, [&](std::ostream& out) {
    out << imported->yaml;
    return kOk;
  });
}

}  // namespace fluxgate::app
