// The form of the key table: a Section<T> lists the keys of one struct, each bound to its member.
//
// A row says a key's name, type, range and meaning; the default is what a fresh T holds. KeyInfo is the part the schema
// and the reference page print, the bound function the part the reader calls.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/reader.hpp"
#include "config/text_forms.hpp"

namespace fluxgate::config {

enum class Shape {
  kBoolean,
  kInteger,
  kSigned,       // a whole number, from -range.most to range.most
  kNumber,
  kText,
  kName,         // of a provider, target or route
  kTexts,        // list of text
  kNames,        // list of names
  kNumbers,      // list of numbers
  kWords,        // list of some of a few words
  kDuration,
  kSize,
  kChoice,       // one of a few words
  kAddress,      // host:port
  kUrl,
  kPath,         // a file; relative to the configuration's folder
  kSecret,
  kSecrets,      // list of secrets
  kHeaders,      // header name -> secret or text
  kHeaderValues, // header name -> text
  kFlags,        // some of a few words -> true or false
  kTextLists,    // name -> list of text
  kNameLists,    // name -> list of names
  kScores,       // name -> name -> number
  kWorkers,      // auto or a number
  kModels,       // one model name, several, or the word default
  kDetectors,    // the word all, or a list of names
  kDelay,        // the word p95, or a duration
  kSection,      // a map with known keys
  kSectionMap,   // name -> section
  kSectionList,  // list of sections
};

struct SectionInfo;

struct KeyInfo {
  std::string name{};
  Shape shape = Shape::kText;
  std::string doc{};
  bool required = false;
  nlohmann::json fallback = nullptr;      // the default as it would be written; null if there is none
  std::optional<Range> range{};           // whole numbers, milliseconds or bytes, by shape
  std::vector<std::string> choices{};     // kChoice, kWords, kFlags
  const SectionInfo* section = nullptr;   // kSection, kSectionMap, kSectionList
  bool filled = false;                    // lists: an empty one is an error
};

struct SectionInfo {
  std::string name;  // as in the reference page, e.g. listen.tls
  std::string doc;
  std::vector<KeyInfo> keys;
};

constexpr bool kRequired = true;

enum class Least {
  kNone,  // the list may be empty, which is as good as absent
  kOne,   // an empty list is an error: it could only be a slip
};

template <class T>
class Section {
 public:
  using Read = std::function<void(Reader&, const Node&, T&)>;

  Section(std::string name, std::string doc) : info_{std::move(name), std::move(doc), {}} {}
  // A copy would be a second table. Moved only while it is built: later, rows of other sections point at it.
  Section(Section&&) noexcept = default;
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  const SectionInfo& info() const { return info_; }

  // Reads the keys `node` has into a fresh T; what is absent or wrong keeps its default.
  void read(Reader& reader, const Node& node, T& out) const {
    const auto values = reader.values_of(node, info_);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == nullptr) continue;
      const Reader::At at(reader, child(reader.path(), info_.keys[i].name));
      reads_[i](reader, *values[i], out);
    }
  }

  void add(KeyInfo key, Read read_value) {
    info_.keys.push_back(std::move(key));
    reads_.push_back(std::move(read_value));
  }

  void boolean(std::string name, bool T::*member, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kBoolean, .doc = std::move(doc), .fallback = T{}.*member},
        [member](Reader& r, const Node& n, T& out) { r.boolean(n, out.*member); });
  }

  // Members: an integer or an optional of one.
  template <class V>
  void integer(std::string name, V T::*member, Range range, std::string doc) {
    nlohmann::json fallback;
    if constexpr (std::is_integral_v<V>) fallback = T{}.*member;
    add({.name = std::move(name), .shape = Shape::kInteger, .doc = std::move(doc), .fallback = fallback,
         .range = range},
        [member, range](Reader& r, const Node& n, T& out) {
          const auto value = r.integer(n, range);
          if (!value) return;
          if constexpr (std::is_integral_v<V>) {
            out.*member = static_cast<V>(*value);
          } else {
            out.*member = static_cast<typename V::value_type>(*value);
          }
        });
  }

  // From -`most` to `most`.
  void signed_integer(std::string name, int T::*member, int most, std::string doc) {
    const Range range{0, static_cast<std::uint64_t>(most)};
    add({.name = std::move(name), .shape = Shape::kSigned, .doc = std::move(doc), .fallback = T{}.*member,
         .range = range},
        [member, most](Reader& r, const Node& n, T& out) {
          if (const auto value = r.signed_integer(n, most)) out.*member = *value;
        });
  }

  void number(std::string name, double T::*member, Range range, std::string doc, bool required = false) {
    const double initial = T{}.*member;
    nlohmann::json fallback;
    if (!required) fallback = initial;
    if (!required && initial == std::floor(initial)) fallback = static_cast<int>(initial);  // 1 reads better than 1.0
    add({.name = std::move(name), .shape = Shape::kNumber, .doc = std::move(doc), .required = required,
         .fallback = fallback, .range = range},
        [member, range](Reader& r, const Node& n, T& out) {
          if (const auto value = r.number(n, range)) out.*member = *value;
        });
  }

  void number(std::string name, std::optional<double> T::*member, Range range, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kNumber, .doc = std::move(doc), .range = range},
        [member, range](Reader& r, const Node& n, T& out) {
          if (const auto value = r.number(n, range)) out.*member = *value;
        });
  }

  void numbers(std::string name, std::vector<double> T::*member, Range range, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kNumbers, .doc = std::move(doc), .fallback = T{}.*member,
         .range = range, .filled = true},
        [member, range](Reader& r, const Node& n, T& out) {
          out.*member = r.numbers(n, range);
          r.require_one(n);
        });
  }

  void duration(std::string name, milliseconds T::*member, milliseconds least, milliseconds most, std::string doc) {
    const Range range{static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count())};
    add({.name = std::move(name), .shape = Shape::kDuration, .doc = std::move(doc),
         .fallback = format_duration(T{}.*member), .range = range},
        [member, range](Reader& r, const Node& n, T& out) {
          if (const auto value = r.duration(n, range)) out.*member = *value;
        });
  }

  void size(std::string name, std::size_t T::*member, Range range, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kSize, .doc = std::move(doc), .fallback = format_size(T{}.*member),
         .range = range},
        [member, range](Reader& r, const Node& n, T& out) {
          if (const auto value = r.size(n, range)) out.*member = *value;
        });
  }

  // Text that must not be empty; `shape` tells the schema and the page what kind of text it is.
  void text(std::string name, std::string T::*member, std::string doc, bool required = false,
            Shape shape = Shape::kText) {
    add({.name = std::move(name), .shape = shape, .doc = std::move(doc), .required = required},
        [member](Reader& r, const Node& n, T& out) {
          if (auto value = r.text(n)) out.*member = std::move(*value);
        });
  }

  void texts(std::string name, std::vector<std::string> T::*member, std::string doc, bool required = false,
             Shape shape = Shape::kTexts) {
    add({.name = std::move(name), .shape = shape, .doc = std::move(doc), .required = required},
        [member](Reader& r, const Node& n, T& out) { out.*member = r.texts(n); });
  }

  // Text that obeys the rules for names.
  void name(std::string name, std::string T::*member, std::string doc, bool required = false) {
    nlohmann::json fallback;
    if (!required && !(T{}.*member).empty()) fallback = T{}.*member;
    add({.name = std::move(name), .shape = Shape::kName, .doc = std::move(doc), .required = required,
         .fallback = fallback},
        [member](Reader& r, const Node& n, T& out) {
          if (auto value = r.name(n)) out.*member = std::move(*value);
        });
  }

  void names(std::string name, std::vector<std::string> T::*member, std::string doc, Least least = Least::kNone) {
    add({.name = std::move(name), .shape = Shape::kNames, .doc = std::move(doc), .filled = least == Least::kOne},
        [member, least](Reader& r, const Node& n, T& out) {
          out.*member = r.names(n);
          if (least == Least::kOne) r.require_one(n);
        });
  }

  // One of `words`, kept as text: the words belong to a room above this one.
  void word(std::string name, std::string T::*member, std::vector<std::string> words, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kChoice, .doc = std::move(doc), .choices = words},
        [member, words](Reader& r, const Node& n, T& out) {
          if (const auto index = r.choice(n, words)) out.*member = words[*index];
        });
  }

  // Some of `words`.
  void words(std::string name, std::vector<std::string> T::*member, std::vector<std::string> words, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kWords, .doc = std::move(doc), .choices = words, .filled = true},
        [member, words](Reader& r, const Node& n, T& out) {
          out.*member = r.words(n, words);
          r.require_one(n);
        });
  }

  // Some of `words`, each true or false.
  void flags(std::string name, std::map<std::string, bool> T::*member, std::vector<std::string> words,
             std::string doc) {
    add({.name = std::move(name), .shape = Shape::kFlags, .doc = std::move(doc), .choices = words},
        [member, words](Reader& r, const Node& n, T& out) { out.*member = r.flags(n, words); });
  }

  // name -> list; `shape` is kTextLists or kNameLists.
  void lists(std::string name, std::map<std::string, std::vector<std::string>> T::*member, Shape shape,
             std::string doc) {
    add({.name = std::move(name), .shape = shape, .doc = std::move(doc)},
        [member, shape](Reader& r, const Node& n, T& out) { out.*member = r.lists(n, shape == Shape::kNameLists); });
  }

  void scores(std::string name, std::map<std::string, std::map<std::string, double>> T::*member, Range range,
              std::string doc) {
    add({.name = std::move(name), .shape = Shape::kScores, .doc = std::move(doc), .range = range},
        [member, range](Reader& r, const Node& n, T& out) { out.*member = r.scores(n, range); });
  }

  void path(std::string name, std::string T::*member, std::string doc, bool required = false) {
    add({.name = std::move(name), .shape = Shape::kPath, .doc = std::move(doc), .required = required},
        [member](Reader& r, const Node& n, T& out) {
          if (const auto value = r.text(n)) out.*member = r.resolve(*value);
        });
  }

  template <class E>
  void choice(std::string name, E T::*member, std::vector<std::pair<std::string, E>> words, std::string doc,
              bool required = false) {
    std::vector<std::string> names;
    nlohmann::json fallback;
    for (const auto& [word, value] : words) {
      names.push_back(word);
      if (!required && value == T{}.*member) fallback = word;
    }
    add({.name = std::move(name), .shape = Shape::kChoice, .doc = std::move(doc), .required = required,
         .fallback = fallback, .choices = names},
        [member, words, names](Reader& r, const Node& n, T& out) {
          if (const auto index = r.choice(n, names)) out.*member = words[*index].second;
        });
  }

  void address(std::string name, Address T::*member, std::string doc) {
    const Address initial = T{}.*member;
    add({.name = std::move(name), .shape = Shape::kAddress, .doc = std::move(doc),
         .fallback = initial.host + ":" + std::to_string(initial.port)},
        [member](Reader& r, const Node& n, T& out) {
          if (auto value = r.address(n)) out.*member = std::move(*value);
        });
  }

  void secret(std::string name, Secret T::*member, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kSecret, .doc = std::move(doc)},
        [member](Reader& r, const Node& n, T& out) { out.*member = r.secret(n, Reader::Literal::kWarn); });
  }

  void headers(std::string name, std::map<std::string, Secret> T::*member, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kHeaders, .doc = std::move(doc)},
        [member](Reader& r, const Node& n, T& out) { out.*member = r.headers(n); });
  }

  void secrets(std::string name, std::vector<Secret> T::*member, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kSecrets, .doc = std::move(doc), .filled = true},
        [member](Reader& r, const Node& n, T& out) { out.*member = r.secrets(n); });
  }

  void header_values(std::string name, std::map<std::string, std::string> T::*member, std::string doc) {
    add({.name = std::move(name), .shape = Shape::kHeaderValues, .doc = std::move(doc)},
        [member](Reader& r, const Node& n, T& out) { out.*member = r.header_values(n); });
  }

  // A map in the file whose keys are members of T itself.
  void group(std::string name, const Section<T>& nested) {
    add({.name = std::move(name), .shape = Shape::kSection, .doc = nested.info().doc, .section = &nested.info()},
        [&nested](Reader& r, const Node& n, T& out) { nested.read(r, n, out); });
  }

  template <class U>
  void section(std::string name, U T::*member, const Section<U>& nested, bool required = false) {
    add({.name = std::move(name), .shape = Shape::kSection, .doc = nested.info().doc, .required = required,
         .section = &nested.info()},
        [member, &nested](Reader& r, const Node& n, T& out) { nested.read(r, n, out.*member); });
  }

  template <class U>
  void section(std::string name, std::optional<U> T::*member, const Section<U>& nested) {
    add({.name = std::move(name), .shape = Shape::kSection, .doc = nested.info().doc, .section = &nested.info()},
        [member, &nested](Reader& r, const Node& n, T& out) { nested.read(r, n, (out.*member).emplace()); });
  }

  // name -> U; U has `name` and `where`.
  template <class U>
  void named(std::string name, std::vector<U> T::*member, const Section<U>& nested, bool required) {
    add({.name = std::move(name), .shape = Shape::kSectionMap, .doc = nested.info().doc, .required = required,
         .section = &nested.info()},
        [member, &nested](Reader& r, const Node& n, T& out) {
          for (const auto& entry : r.named_entries(n)) {
            U& item = (out.*member).emplace_back();
            item.name = entry.key->text;
            item.where = r.locate(*entry.key);
            const Reader::At at(r, child(r.path(), item.name));
            nested.read(r, *entry.value, item);
          }
        });
  }

  // List of U; U has `where`.
  template <class U>
  void list(std::string name, std::vector<U> T::*member, const Section<U>& nested) {
    add({.name = std::move(name), .shape = Shape::kSectionList, .doc = nested.info().doc, .required = true,
         .section = &nested.info()},
        [member, &nested](Reader& r, const Node& n, T& out) {
          for (const Node& element_node : r.elements(n)) {
            U& item = (out.*member).emplace_back();
            item.where = r.locate(element_node);
            const Reader::At at(r, element(r.path(), (out.*member).size() - 1));
            nested.read(r, element_node, item);
          }
        });
  }

 private:
  SectionInfo info_;
  std::vector<Read> reads_;
};

}  // namespace fluxgate::config
