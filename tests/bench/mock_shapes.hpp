// What the mock upstream answers: the byte strings of all answers, rendered once, and the shapes a port can have.
#pragma once

#include <array>

#include "common.hpp"

namespace fluxgate::bench {

constexpr std::size_t kWords = 16;  // different token texts

inline std::string chunk(std::string_view data) {
  std::array<char, 24> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
  return size.data() + std::string(data) + "\r\n";
}

inline std::string event(std::string_view choices, std::string_view usage) {
  std::string text = R"(data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion.chunk",)"
                     R"("created":1760000000,"model":"bench-model","service_tier":"default",)"
                     R"("system_fingerprint":"fp_44709d6fcb","choices":)";
  text.append(choices).append(",\"usage\":").append(usage).append("}\n\n");
  return text;
}

// Every byte string that answers are made of, rendered once.
struct Replies {
  std::string stream_head;
  std::array<std::string, kWords> tokens;  // chunks, one event each, about 290 bytes
  std::string tail;                        // finish_reason and [DONE], and the last chunk
  std::string tail_with_usage;

  Replies() {
    stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
                  "x-request-id: req_0123456789abcdef\r\nTransfer-Encoding: chunked\r\n\r\n";
    constexpr std::array<std::string_view, kWords> kTexts{" the", " gateway", " answers", " each", " request", " in",
                                                          " turn", ",", " and", " nothing", " is", " lost", ".",
                                                          " Tokens", " keep", " flowing"};
    for (std::size_t i = 0; i < kWords; ++i) {
      tokens[i] = chunk(event(R"([{"index":0,"delta":{"content":")" + std::string(kTexts[i]) +
                              R"("},"logprobs":null,"finish_reason":null}])", "null"));
    }
    const std::string finish =
        chunk(event(R"([{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}])", "null"));
    const std::string usage =
        chunk(event("[]", R"({"prompt_tokens":42,"completion_tokens":32,"total_tokens":74})"));
    const std::string end = chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    tail = finish + end;
    tail_with_usage = finish + usage + end;
  }
};

inline std::string json_reply(std::string_view status, std::string_view body) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nContent-Type: application/json\r\nx-request-id: req_0123456789abcdef\r\n");
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

inline std::string plain_reply(std::size_t bytes) {
  const std::string before = R"({"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion",)"
                             R"("created":1760000000,"model":"bench-model","choices":[{"index":0,"message":)"
                             R"({"role":"assistant","content":")";
  const std::string after = R"("},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":42,)"
                            R"("completion_tokens":12,"total_tokens":54}})";
  const std::string sentence = "Every request finds its way. ";
  std::string text = before;
  while (text.size() + after.size() < bytes) text += sentence.substr(0, bytes - text.size() - after.size());
  return json_reply("200 OK", text + after);
}

struct Shape {
  std::string name;
  std::size_t tokens = 32;
  std::size_t batch = 1;
  std::int64_t interval_ns = 0;
  bool tls = false;
  std::string plain;        // the whole plain answer
  std::string batch_bytes;  // one write of a stream with batch > 1
  int listener = -1;

  explicit Shape(std::string_view spec) {
    std::size_t reply = 400;
    while (!spec.empty()) {
      const std::string_view item = spec.substr(0, spec.find(','));
      spec.remove_prefix(std::min(spec.size(), item.size() + 1));
      const std::size_t equals = item.find('=');
      if (equals == std::string_view::npos) die("--shape: expected key=value, got: " + std::string(item));
      const std::string_view key = item.substr(0, equals);
      const std::string_view value = item.substr(equals + 1);
      if (key == "name") {
        name = value;
      } else if (key == "reply") {
        reply = to_number(value, key);
      } else if (key == "tokens") {
        tokens = to_number(value, key);
      } else if (key == "batch") {
        batch = to_number(value, key);
      } else if (key == "interval_us") {
        interval_ns = static_cast<std::int64_t>(to_number(value, key)) * 1000;
      } else if (key == "tls") {
        tls = value == "1";
      } else {
        die("--shape: unknown key: " + std::string(key));
      }
    }
    if (name.empty() || tokens == 0) die("--shape: needs a name and at least one token");
    if (batch == 0 || tokens % batch != 0) die("--shape: tokens must be a multiple of batch");
    plain = plain_reply(reply);
  }
};

}  // namespace fluxgate::bench
