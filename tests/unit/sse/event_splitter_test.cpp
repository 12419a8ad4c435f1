#include "fluxgate/sse/event_splitter.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fluxgate::sse {
namespace {

// An Event that owns its text.
struct Seen {
  std::string bytes;
  std::string name;
  std::string data;
  std::string last_data;
  friend bool operator==(const Seen&, const Seen&) = default;
};

struct Split {
  std::vector<Seen> events;
  std::string rest;
  friend bool operator==(const Split&, const Split&) = default;
};

// Delivers `text` in two pieces, cut at `cut`, then byte by byte from there if `fine`.
Split split(std::string_view text, std::size_t cut, bool fine) {
  EventSplitter splitter;
  Split result;
  std::string buffer;
  const auto feed = [&](std::string_view bytes) {
    buffer += bytes;
    const std::string moved = buffer;  // elsewhere each time: nothing may point into an earlier buffer
    std::size_t at = 0;
    while (const auto event = splitter.next(std::string_view(moved).substr(at))) {
      result.events.push_back({std::string(event->bytes), std::string(event->name), std::string(event->data),
                               std::string(event->last_data)});
      at += event->bytes.size();
    }
    buffer.erase(0, at);
  };
  feed(text.substr(0, cut));
  if (!fine) {
    feed(text.substr(cut));
  } else {
    for (std::size_t i = cut; i < text.size(); ++i) feed(text.substr(i, 1));
  }
  result.rest = buffer;
  return result;
}

// The events of `text`, after making sure that slicing does not matter and no byte is lost.
Split split(std::string_view text) {
  const Split whole = split(text, text.size(), false);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(split(text, cut, false), whole) << "cut at " << cut;
  }
  EXPECT_EQ(split(text, 0, true), whole);
  std::string all;
  for (const Seen& event : whole.events) all += event.bytes;
  EXPECT_EQ(all + whole.rest, text);
  return whole;
}

std::vector<std::string> data_of(std::string_view text) {
  std::vector<std::string> all;
  for (const Seen& event : split(text).events) all.push_back(event.data);
  return all;
}

using Texts = std::vector<std::string>;

TEST(EventSplitter, TakesEveryLineEnd) {
  EXPECT_EQ(data_of("data: a\n\ndata: b\n\n"), (Texts{"a", "b"}));
  EXPECT_EQ(data_of("data: a\r\n\r\ndata: b\r\n\r\n"), (Texts{"a", "b"}));
  EXPECT_EQ(data_of("data: a\n\r\ndata: b\r\n\n"), (Texts{"a", "b"}));
  // A lone CR at the very end may be half a CRLF; with lone CR as the ending it is not waited for.
  EXPECT_EQ(data_of("data: a\r\rdata: b\r\r"), (Texts{"a", "b"}));
}

TEST(EventSplitter, AnUnfinishedEventWaits) {
  for (const char* text : {"", "d", "data: a", "data: a\n", "data: a\r\n", "data: a\r\n\r", "\xef\xbb"}) {
    const Split result = split(text);
    EXPECT_TRUE(result.events.empty()) << text;
    EXPECT_EQ(result.rest, text);
  }
  EXPECT_EQ(split("data: a\n\ndata: b\n").rest, "data: b\n");
}

TEST(EventSplitter, ReadsFields) {
  const auto result = split("event: response.completed\nid: 7\nretry: 10\ndata: {\"a\":1}\n\n");
  ASSERT_EQ(result.events.size(), 1U);
  EXPECT_EQ(result.events[0].name, "response.completed");
  EXPECT_EQ(result.events[0].data, "{\"a\":1}");
  EXPECT_EQ(split("event:x\ndata:y\n\n").events[0].name, "x");
  EXPECT_EQ(split("data: y\nevent: late\n\n").events[0].name, "late");
}

TEST(EventSplitter, TakesOneBlankBehindTheColon) {
  EXPECT_EQ(data_of("data:a\n\n"), Texts{"a"});
  EXPECT_EQ(data_of("data: a\n\n"), Texts{"a"});
  EXPECT_EQ(data_of("data:  a \n\n"), Texts{" a "});
  EXPECT_EQ(data_of("data:\ta\n\n"), Texts{"\ta"});
}

TEST(EventSplitter, CommentsAndEmptyEventsHaveNoData) {
  EXPECT_EQ(data_of(": ping\n\n"), Texts{""});
  EXPECT_EQ(data_of(":\n\n"), Texts{""});
  EXPECT_EQ(data_of("\n"), Texts{""});
  EXPECT_EQ(data_of("\n\n\ndata: a\n\n"), (Texts{"", "", "", "a"}));
  EXPECT_EQ(data_of("data\n\n"), Texts{""});
  EXPECT_EQ(data_of("data:\n\n"), Texts{""});
  EXPECT_EQ(data_of("data: : keepalive\n\n"), Texts{""});
  EXPECT_EQ(data_of(": OPENROUTER PROCESSING\n\ndata: a\n\n"), (Texts{"", "a"}));
  EXPECT_EQ(data_of(": c\ndata: a\n\n"), Texts{"a"});
}

TEST(EventSplitter, OtherFieldsAreNotData) {
  EXPECT_EQ(data_of("database: x\n\n"), Texts{""});
  EXPECT_EQ(data_of(" data: x\n\n"), Texts{""});
  EXPECT_EQ(data_of("Data: x\n\n"), Texts{""});
  EXPECT_EQ(data_of("datum\n\n"), Texts{""});
  EXPECT_EQ(data_of("garbage\n\n"), Texts{""});
}

TEST(EventSplitter, ABareLineOfJsonIsData) {
  EXPECT_EQ(data_of("{\"error\":{\"message\":\"x\"}}\n\n"), Texts{"{\"error\":{\"message\":\"x\"}}"});
}

TEST(EventSplitter, TellsTheFirstAndTheLastDataLine) {
  const auto result = split("data: one\ndata: two\ndata: [DONE]\n\n");
  ASSERT_EQ(result.events.size(), 1U);
  EXPECT_EQ(result.events[0].data, "one");
  EXPECT_EQ(result.events[0].last_data, "[DONE]");
  EXPECT_EQ(split("data:\ndata: two\n\n").events[0].data, "two");
}

TEST(EventSplitter, AByteOrderMarkMayComeFirst) {
  EXPECT_EQ(data_of("\xef\xbb\xbf" "data: a\n\ndata: b\n\n"), (Texts{"a", "b"}));
  EXPECT_EQ(data_of("\xef\xbb\xbf\n"), Texts{""});
  EXPECT_EQ(data_of("data: a\n\n\xef\xbb\xbf" "data: b\n\n"), (Texts{"a", ""})) << "only at the very start";
}

TEST(EventSplitter, CutsInsideCharactersDoNotShow) {
  EXPECT_EQ(data_of("data: gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\n\n"), Texts{"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"});
}

TEST(EventSplitter, ControlCharactersAndZeroBytesAreText) {
  EXPECT_EQ(data_of(std::string_view("data: a\0b\x01\n\n", 13)), Texts{std::string("a\0b\x01", 4)});
}

}  // namespace
}  // namespace fluxgate::sse
