// What the tests of the simulated provider share: asking the router without a socket, and taking a stream apart.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sim/answer.hpp"
#include "sim/router.hpp"

namespace fluxgate::sim {

inline config::Sim quick() {
  config::Sim options;
  options.first_token_delay = std::chrono::milliseconds(0);
  options.token_interval = std::chrono::milliseconds(0);
  options.tokens = 12;
  return options;
}

inline Answer ask(Router& router, std::string_view path, const Json& body) {
  return router.answer({"POST", "/v1" + std::string(path), "application/json", body.dump()}, 1000);
}

inline Answer ask(std::string_view path, const Json& body) {
  Router router(quick());
  return ask(router, path, body);
}

inline Json body_of(const Answer& answer) {
  Json out = Json::parse(answer.body, nullptr, false);
  EXPECT_FALSE(out.is_discarded()) << answer.body;
  return out;
}

struct Event {
  std::string name;
  std::string data;
};

inline std::vector<Event> events_in(std::string_view stream) {
  std::vector<Event> out;
  while (!stream.empty()) {
    const auto end = stream.find("\n\n");
    if (end == std::string_view::npos) {
      ADD_FAILURE() << "an event without its blank line: " << stream;
      return out;
    }
    std::string_view event = stream.substr(0, end);
    Event parsed;
    if (event.starts_with("event: ")) {
      parsed.name = event.substr(7, event.find('\n') - 7);
      event.remove_prefix(event.find('\n') + 1);
    }
    EXPECT_TRUE(event.starts_with("data: ")) << event;
    parsed.data = event.substr(6);
    out.push_back(parsed);
    stream.remove_prefix(end + 2);
  }
  return out;
}

inline std::vector<Event> events_in(const Answer& answer) {
  std::string whole;
  for (const Frame& frame : answer.frames) whole += frame.bytes;
  return events_in(whole);
}

// The JSON events of a stream that must end in [DONE].
inline std::vector<Json> chunks_of(const Answer& answer) {
  std::vector<Json> out;
  const auto events = events_in(answer);
  if (events.empty() || events.back().data != "[DONE]") {
    ADD_FAILURE() << "no [DONE] at the end";
    return out;
  }
  for (std::size_t i = 0; i + 1 < events.size(); ++i) out.push_back(Json::parse(events[i].data));
  return out;
}

}  // namespace fluxgate::sim
