// Pictures and sound: the smallest files that are valid.
#include <string>
#include <string_view>
#include <utility>

#include "sim/handlers.hpp"

namespace fluxgate::sim {
namespace {

// A PNG of one grey pixel, 67 bytes.
constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==";

constexpr std::uint32_t kSampleRate = 8000;
constexpr std::uint32_t kSamples = kSampleRate / 10;

std::string number(std::uint32_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
  return out;
}

// A tenth of a second of silence: PCM, one channel, 16 bits.
std::string silent_wav() {
  const std::uint32_t data_bytes = kSamples * 2;
  return "RIFF" + number(36 + data_bytes, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
         number(kSampleRate, 4) + number(kSampleRate * 2, 4) + number(2, 2) + number(16, 2) + "data" +
         number(data_bytes, 4) + std::string(data_bytes, '\0');
}

}  // namespace

Answer images(const Json& body, const Context& context) {
  // In a form n is text; one picture then.
  const auto count = field(body, "n").is_string() ? Result<std::size_t>(1) : count_field(body, "n", 1, 10);
  if (!count) return to_answer(count.error());
  Json out;
  out["created"] = context.now;
  out["data"] = Json::array();
  for (std::size_t i = 0; i < *count; ++i) out["data"].push_back({{"b64_json", kPng}});
  const std::size_t input = estimate_tokens(field(body, "prompt"));
  Json usage;
  usage["input_tokens"] = input;
  usage["output_tokens"] = *count;
  usage["total_tokens"] = input + *count;
  usage["input_tokens_details"] = {{"text_tokens", input}, {"image_tokens", 0}};
  out["usage"] = std::move(usage);
  Answer answer = json_answer(out);
  answer.delay = context.options.first_token_delay;
  return answer;
}

Answer speech(const Json& body, const Context& context) {
  if (!field(body, "input").is_string()) {
    return bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  Answer answer;
  answer.content_type = "audio/wav";
  answer.body = silent_wav();
  answer.delay = context.options.first_token_delay;
  return answer;
}

Answer transcriptions(const Json& body, const Context& context) {
  const Json& file = field(body, "file");
  if (!file.is_number_unsigned()) {
    return bad_request("Missing required parameter: 'file'.", "file", "missing_required_parameter");
  }
  const std::string text = "Simulated transcription of " + std::to_string(file.get<std::size_t>()) + " bytes.";
  const std::string format = text_field(body, "response_format");
  Answer answer;
  if (format == "text") {
    answer.content_type = "text/plain; charset=utf-8";
    answer.body = text + "\n";
  } else if (format == "srt" || format == "vtt") {
    const bool vtt = format == "vtt";
    answer.content_type = "text/plain; charset=utf-8";
    answer.body = vtt ? "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n" : "1\n00:00:00,000 --> 00:00:01,000\n";
    answer.body += text + "\n\n";
  } else if (format == "verbose_json") {
    Json out;
    out["task"] = "transcribe";
    out["language"] = "english";
    out["duration"] = 1.0;
    out["text"] = text;
    out["segments"] = Json::array();
    answer = json_answer(out);
  } else {
    Json out;
    out["text"] = text;
    answer = json_answer(out);
  }
  answer.delay = context.options.first_token_delay;
  return answer;
}

}  // namespace fluxgate::sim
