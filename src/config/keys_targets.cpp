#include "config/keys.hpp"

namespace fluxgate::config {
namespace {

constexpr Range kWeights{0, 1000000, true};
constexpr Range kPrices{0, 1000000};
constexpr Range kTokens{1, 1000000000};

const Section<Price>& price_section() {
  static const Section<Price> section = [] {
    Section<Price> s("targets.NAME.price", "US dollars per million tokens. Absent: what the catalogue says, else "
                                           "unknown, which is not zero.");
    s.number("input", &Price::input, kPrices, "For tokens sent to the model.", kRequired);
    s.number("output", &Price::output, kPrices, "For tokens the model wrote.", kRequired);
    s.number("cached_input", &Price::cached_input, kPrices,
             "For tokens sent that the provider had in its prompt cache. Absent: as `input`.");
    s.number("cache_write", &Price::cache_write, kPrices,
             "For tokens sent that the provider put into its prompt cache. Absent: as `input`.");
    return s;
  }();
  return section;
}

}  // namespace

const std::vector<std::string>& ability_words() {
  static const std::vector<std::string> words = {
      "vision",    "audio_input", "files",           "tools", "parallel_tools", "tool_choice_required", "json_object",
      "json_schema", "reasoning", "logprobs",        "several_choices", "seed", "prefill",              "audio_output",
      "image_output", "streaming", "system_prompt",  "prompt_caching", "embeddings"};
  return words;
}

const Section<Target>& target_section() {
  static const Section<Target> section = [] {
    Section<Target> s("targets.NAME", "A model at a provider. NAME is yours to choose; routes refer to it and metrics "
                                      "carry it as a label. What is not said here comes from the model catalogue, if "
                                      "it knows the model; else it is unknown.");
    s.text("provider", &Target::provider, "A name under `providers`.", kRequired, Shape::kName);
    s.text("model", &Target::model,
           "The model name the provider knows. `\"*\"`: the name the client asked for is sent as it is.", kRequired);
    s.text("strip_prefix", &Target::strip_prefix,
           "Only with `model: \"*\"`: taken off the front of the client's name, if it is there. With `groq/` a request "
           "for `groq/llama-3.3-70b` asks the provider for `llama-3.3-70b`.");
    s.text("catalogue", &Target::catalogue, "The model's name in the catalogue, if that is not `model`.");
    s.number("weight", &Target::weight, kWeights,
             "Its share among the equal targets of a route with `balance` `weighted`, `round_robin` or `session`.");
    s.section("price", &Target::price, price_section());
    s.integer("context_window", &Target::context_window, kTokens, "Tokens the model can take in all, answer included.");
    s.integer("max_output_tokens", &Target::max_output_tokens, kTokens, "Tokens the model can write in one answer.");
    s.flags("abilities", &Target::abilities, ability_words(),
            "What the model can do and what not. One that is absent here and in the catalogue is unknown, which is not "
            "`false`.");
    s.word("tokenizer", &Target::tokenizer, {"o200k_base", "cl100k_base", "estimate"},
           "How its tokens are counted. Absent: by the model's name.");
    s.number("quality", &Target::quality, kShare,
             "Your own judgement of its answers, for whatever no table in `routes[].policy.quality` speaks of.");
    s.names("labels", &Target::labels, "Words that routes can require, in addition to its provider's.");
    s.integer("max_concurrency", &Target::max_concurrency, {1, 1000000},
              "Requests in flight at once, over all workers. Absent: no cap.");
    s.integer("requests_per_minute", &Target::requests_per_minute, {1, 1000000000},
              "The provider's rate limit for you: a target without room in it is passed over. Absent: unknown.");
    s.integer("tokens_per_minute", &Target::tokens_per_minute, {1, 1000000000000},
              "The same in tokens, input and output together.");
    return s;
  }();
  return section;
}

}  // namespace fluxgate::config
