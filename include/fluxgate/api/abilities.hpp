// What a model can do and what a request needs, as bits: one vocabulary for the catalogue, the configuration, the filters
// and the explanations.
//
// Knowledge about a model has three values. Catalogues rarely say "no": an ability that is not listed is unknown, and
// whether an unknown one is good enough is the operator's choice (routes[].require.known_abilities), not ours.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fluxgate::api {

enum class Ability : std::uint8_t {
  kVision,              // images in the prompt
  kAudioInput,          // audio in the prompt
  kFiles,               // documents (PDF) in the prompt
  kTools,               // function calling
  kParallelTools,       // several tool calls in one answer can be asked for or forbidden
  kToolChoiceRequired,  // tool_choice: required, or a named function
  kJsonObject,          // response_format json_object
  kJsonSchema,          // response_format json_schema
  kReasoning,           // reasoning effort
  kLogprobs,            // log probabilities of tokens
  kSeveralChoices,      // n > 1
  kSeed,                // sampling with a seed
  kPrefill,             // the prompt may end with the beginning of the answer
  kAudioOutput,         // audio in the answer
  kImageOutput,         // images in the answer
  kStreaming,           // answers as a stream
  kSystemPrompt,        // system or developer messages
  kPromptCaching,       // the provider caches prompt prefixes
  kEmbeddings,          // vectors for text
};
inline constexpr std::size_t kAbilityCount = 19;

// The spelling in configuration, catalogue and explanations, e.g. "json_schema"; in the order of the enum.
inline constexpr std::array<std::string_view, kAbilityCount> kAbilityNames{
    "vision",    "audio_input", "files",           "tools", "parallel_tools", "tool_choice_required", "json_object",
    "json_schema", "reasoning", "logprobs",        "several_choices", "seed", "prefill",              "audio_output",
    "image_output", "streaming", "system_prompt",  "prompt_caching", "embeddings"};

constexpr std::string_view to_string(Ability ability) { return kAbilityNames[static_cast<std::size_t>(ability)]; }

constexpr std::optional<Ability> parse_ability(std::string_view name) {
  for (std::size_t i = 0; i < kAbilityCount; ++i) {
    if (kAbilityNames[i] == name) return static_cast<Ability>(i);
  }
  return std::nullopt;
}

class AbilitySet {
 public:
  constexpr AbilitySet() = default;
  constexpr explicit AbilitySet(std::uint32_t bits) : bits_(bits) {}
  constexpr void add(Ability ability) { bits_ |= bit(ability); }
  constexpr void remove(Ability ability) { bits_ &= ~bit(ability); }
  constexpr bool has(Ability ability) const { return (bits_ & bit(ability)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  constexpr AbilitySet without(AbilitySet other) const { return AbilitySet(bits_ & ~other.bits_); }
  constexpr AbilitySet both(AbilitySet other) const { return AbilitySet(bits_ & other.bits_); }
  // The first one in the order of the enum; the set must not be empty.
  constexpr Ability first() const {
    std::uint8_t index = 0;
    while (((bits_ >> index) & 1u) == 0) ++index;
    return static_cast<Ability>(index);
  }
  friend constexpr bool operator==(AbilitySet, AbilitySet) = default;

 private:
  static constexpr std::uint32_t bit(Ability ability) { return 1u << static_cast<unsigned>(ability); }
  std::uint32_t bits_ = 0;
};

// What is known about a model. An ability in neither set is unknown; none is in both.
struct Abilities {
  AbilitySet yes;
  AbilitySet no;

  constexpr void set(Ability ability, bool can) {
    (can ? yes : no).add(ability);
    (can ? no : yes).remove(ability);
  }
  // `over` wins where it says anything.
  constexpr Abilities overridden_by(Abilities over) const {
    Abilities result;
    result.yes = AbilitySet((yes.bits() & ~over.no.bits()) | over.yes.bits());
    result.no = AbilitySet((no.bits() & ~over.yes.bits()) | over.no.bits());
    return result;
  }
};

}  // namespace fluxgate::api
