// From tree to values: one function a type, each saying what is wrong at the place it stands.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"
#include "config/tree.hpp"
#include "fluxgate/config/loader.hpp"

namespace fluxgate::config {

struct SectionInfo;

// Both ends belong to it, unless `above` says that the value must be greater than `least`.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  bool above = false;
};

class Reader {
 public:
  // Where in the document reading is; restored when it dies.
  class At {
   public:
    At(Reader& reader, std::string path) : reader_(reader), saved_(std::move(reader.path_)) {
      reader_.path_ = std::move(path);
    }
    ~At() { reader_.path_ = std::move(saved_); }
    At(const At&) = delete;
    At& operator=(const At&) = delete;

   private:
    Reader& reader_;
    std::string saved_;
  };

  struct Entry {
    const Node* key;
    const Node* value;
  };

  enum class Literal {
    kWarn,  // a secret written into the file draws a warning
    kAllow,
  };

  Reader(const LoadOptions& options, Report& report, std::filesystem::path folder)
      : options_(options), report_(report), folder_(std::move(folder)) {}

  const std::string& path() const { return path_; }
  Location locate(const Node& node) const { return report_.locate(node.line, node.column); }

  // The map's values in the order of the section's keys, null where absent. Unknown and missing keys are reported.
  std::vector<const Node*> values_of(const Node& node, const SectionInfo& section);
  // The entries of a map whose keys are names (is_name); an empty map is an error.
  std::vector<Entry> named_entries(const Node& node);
  // The items of a list; an empty list is an error.
  const std::vector<Node>& elements(const Node& node);

  void boolean(const Node& node, bool& out);
  std::optional<std::uint64_t> integer(const Node& node, Range range);
  std::optional<int> signed_integer(const Node& node, int most);  // from -most to most
  std::optional<double> number(const Node& node, Range range);
  std::optional<milliseconds> duration(const Node& node, Range range);
  std::optional<std::uint64_t> size(const Node& node, Range range);
  std::optional<std::string> text(const Node& node);
  std::optional<std::string> name(const Node& node);  // is_name
  std::optional<std::size_t> choice(const Node& node, const std::vector<std::string>& words);
  std::optional<Address> address(const Node& node);
  Secret secret(const Node& node, Literal literal);

  // Lists and maps (reader_collections.cpp). What is listed twice is reported.
  std::vector<std::string> texts(const Node& node);
  std::vector<std::string> names(const Node& node);
  std::vector<std::string> words(const Node& node, const std::vector<std::string>& known);
  std::vector<double> numbers(const Node& node, Range range);
  std::vector<Secret> secrets(const Node& node);
  std::map<std::string, Secret> headers(const Node& node);
  std::map<std::string, std::string> header_values(const Node& node);  // names in lower case
  std::map<std::string, bool> flags(const Node& node, const std::vector<std::string>& known);
  std::map<std::string, std::vector<std::string>> lists(const Node& node, bool of_names);
  std::map<std::string, std::map<std::string, double>> scores(const Node& node, Range range);
  // An error if `node` is an empty list.
  void require_one(const Node& node);

  // Relative paths start at the folder of the configuration file.
  std::string resolve(const std::string& file) const;

  void error(const Node& node, std::string message) { report_.error_at(locate(node), path_, std::move(message)); }

 private:
  // Entries of a map without duplicates; each value's place is noted. Null counts as an empty map.
  std::vector<Entry> entries(const Node& node);
  // The items of a list, each one's place noted.
  const std::vector<Node>& items(const Node& node);
  // A map whose keys are names; it may be empty.
  std::vector<Entry> entries_with_names(const Node& node);
  // The text of a scalar that is not quoted, for values that are no text.
  std::optional<std::string_view> plain(const Node& node, std::string_view expected);
  std::optional<std::string> secret_from(const Node& node, std::string_view source, const std::string& name);
  std::optional<std::string> read_secret_file(const Node& node, const std::string& file);

  const LoadOptions& options_;
  Report& report_;
  std::filesystem::path folder_;
  std::string path_;
};

}  // namespace fluxgate::config
