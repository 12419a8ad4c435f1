// catalogue: what is publicly known about models: prices, context windows, abilities.
//
// Layer 3, no I/O. The data are config/models/*.ndjson, one model a line, in order of provider and model. They are in
// the program as they are (src/catalogue/embedded.cpp), and stay text: finding a model is a binary search over the
// lines and parses the one line it ends at. So starting costs nothing, and only the pages a search touches are resident.
// Look-ups belong to loading a configuration, not to a request. An operator's own file has the same form, goes first.
//
// What is not known is absent. A price that nobody states is no price, never zero; an ability that is not listed is
// neither yes nor no. And a price belongs to who charges it: a row found under another provider's name lends its window
// and abilities, but its price only to a provider of which the catalogue has no rows at all (an aggregator, a proxy),
// never to a machine of one's own. ModelInfo::matched_as says which way a row was found.
// All of it is immutable and may be read from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/api/abilities.hpp"
#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::catalogue {

// What a model is for, which decides the endpoints that can take it.
enum class Mode : std::uint8_t {
  kChat,        // chat completions, and responses where the provider has them
  kResponses,   // the Responses API only
  kCompletion,  // text completions
  kEmbedding,
  kRerank,
  kModeration,
  kImage,       // makes or edits images
  kAudio,       // transcription or speech
};

// Which way find() came to a row; in the order it tries.
enum class MatchedAs : std::uint8_t {
  kExact,          // the provider's own row of this very name
  kAnyProvider,    // a row of the operator's file that names no provider
  kProviderInName, // the model name is itself provider/model
  kStrippedName,   // the name without its snapshot date, version number or fine-tune suffix
  kBareModel,      // the row of the vendor who makes a model of this name
};

// Requests with more than `above` input tokens pay this for all of their tokens.
struct Tier {
  std::uint64_t above = 0;
  config::Price price;
};

struct ModelInfo {
  std::string provider;                            // whose row it is; empty in an operator's row for any provider
  std::string model;                               // the name that provider knows
  Mode mode = Mode::kChat;
  std::optional<config::Price> price;              // unset: unknown, which is not zero
  std::vector<Tier> tiers;                         // by rising `above`; only with a price
  std::optional<std::uint64_t> context_window;     // tokens, input and output together
  std::optional<std::uint64_t> max_output_tokens;
  api::Abilities abilities;
  std::string tokenizer;                           // o200k_base or cl100k_base; empty: unknown
  std::string deprecation;                         // YYYY-MM-DD on which the provider retires it; empty: not announced
  MatchedAs matched_as = MatchedAs::kExact;        // set by find()

  // What a request of this many input tokens pays. The price must be set.
  const config::Price& price_at(std::uint64_t input_tokens) const;
};

std::string_view to_string(Mode mode);
std::string_view to_string(MatchedAs matched_as);

// A set of rows.
class Catalogue {
 public:
  static const Catalogue& built_in();

  // One JSON object a line, in any order; blank lines are skipped. Every line is checked, and the first fault refuses
  // the whole: kConfig, "file:line: key: what is wrong".
  static Result<Catalogue> parse(std::string_view text, std::string_view file);

  // The row of exactly these names.
  std::optional<ModelInfo> row(std::string_view provider, std::string_view model) const;
  bool has_provider(std::string_view provider) const;
  std::vector<ModelInfo> all() const;  // in order of provider and model; parses everything
  std::size_t size() const;

 private:
  explicit Catalogue(std::string_view text) : view_(text) {}
  std::string_view text() const { return view_.empty() ? std::string_view(owned_) : view_; }

  std::string_view view_;  // text of static lifetime, or empty
  std::string owned_;      // canonical lines, sorted; empty if view_ is used
};

// What is known of `model` at `provider`, which is what provider_for() made of the configuration. `own`, the operator's
// file, may be null; its rows may also name a provider by its key under `providers`, which is `key`. nullopt: unknown.
std::optional<ModelInfo> find(const Catalogue* own, std::string_view provider, std::string_view model,
                              std::string_view key = {});

}  // namespace fluxgate::catalogue
