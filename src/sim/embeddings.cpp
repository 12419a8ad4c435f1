// embeddings: a unit vector made of the input's hash, so equal inputs have equal vectors.
#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "sim/handlers.hpp"

namespace fluxgate::sim {
namespace {

constexpr std::size_t kDefaultDimensions = 64;
constexpr std::size_t kMostDimensions = 8192;
constexpr std::size_t kMostInputs = 2048;

std::vector<float> vector_of(const Json& input, std::size_t dimensions) {
  std::uint64_t state = hash_text(input.is_string() ? input.get_ref<const std::string&>() : dump(input));
  std::vector<float> out(dimensions);
  double squares = 0;
  for (float& value : out) {
    value = static_cast<float>(next_random(state) >> 40) * 0x1p-23F - 1.0F;  // 24 random bits as [-1, 1)
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto length = static_cast<float>(std::sqrt(std::max(squares, 1e-12)));
  for (float& value : out) value /= length;
  return out;
}

// Little-endian float32, whatever this machine's order is.
std::string little_endian(const std::vector<float>& values) {
  std::string out;
  out.reserve(values.size() * 4);
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(bits >> shift & 0xFFU);
  }
  return out;
}

}  // namespace

Answer embeddings(const Json& body, const Context& context) {
  const Json& input = field(body, "input");
  const bool batch = input.is_array() && !input.empty() && (input.front().is_string() || input.front().is_array());
  if (!input.is_string() && (!input.is_array() || input.empty())) {
    return bad_request("'input' must be a text, a list of texts, or token numbers.", "input", "invalid_type");
  }
  if (batch && input.size() > kMostInputs) return bad_request("Too many inputs.", "input", "invalid_value");
  const auto dimensions = count_field(body, "dimensions", kDefaultDimensions, kMostDimensions);
  if (!dimensions) return to_answer(dimensions.error());
  const std::vector<Json> inputs = batch ? std::vector<Json>(input.begin(), input.end()) : std::vector<Json>{input};
  const bool packed = text_field(body, "encoding_format") == "base64";

  Json out;
  out["object"] = "list";
  out["data"] = Json::array();
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<float> values = vector_of(inputs[i], *dimensions);
    Json row;
    row["object"] = "embedding";
    row["index"] = i;
    row["embedding"] = packed ? Json(base64(little_endian(values))) : Json(values);
    out["data"].push_back(std::move(row));
    tokens += inputs[i].is_array() ? inputs[i].size() : estimate_tokens(inputs[i]);
  }
  out["model"] = text_field(body, "model");
  out["usage"] = {{"prompt_tokens", tokens}, {"total_tokens", tokens}};
  Answer answer = json_answer(out);
  answer.delay = context.options.first_token_delay;
  return answer;
}

}  // namespace fluxgate::sim
