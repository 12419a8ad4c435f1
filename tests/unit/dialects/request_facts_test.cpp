#include "fluxgate/base/hash.hpp"
#include "fluxgate/dialects/openai/request_facts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fluxgate/json/request_scan.hpp"

namespace fluxgate::dialects::openai {
namespace {

using api::Ability;
using api::AbilitySet;

constexpr FactsWanted kAll{true, true, true, true};
constexpr FactsWanted kShape{false, true, false, false};

// A byte is a token: sums are easy to check.
std::uint32_t bytes(std::string_view text) { return static_cast<std::uint32_t>(text.size()); }
constexpr TokenCounter kRawBytes{bytes, false, false};
constexpr TokenCounter kDecodedBytes{bytes, true, true};

// Keeps what the views of an answer point into. The body's memory ends right behind the padding, so that
// AddressSanitizer sees every byte too many.
class Reading {
 public:
  explicit Reading(std::string_view body, RequestKind kind = RequestKind::kChat, FactsWanted wanted = kAll,
                   TokenCounter counter = kDecodedBytes)
      : bytes_(body.begin(), body.end()), size_(body.size()) {
    bytes_.resize(size_ + json::kPadding);
    bytes_.shrink_to_fit();
    result_.emplace(reader_.read({bytes_.data(), size_}, kind, wanted, counter));
  }
  bool ok() const { return result_->has_value(); }
  const Error& error() const { return result_->error(); }
  const ConversationFacts* operator->() const { return &result_->value(); }
  const api::RequestFacts& facts() const { return result_->value().facts; }
  std::string cut(std::size_t message) const {
    const MessageSpan& span = result_->value().messages.at(message);
    return std::string(bytes_.data() + span.begin, span.end - span.begin);
  }

 private:
  std::vector<char> bytes_;
  std::size_t size_;
  RequestFactsReader reader_;
  std::optional<Result<ConversationFacts>> result_;
};

AbilitySet abilities(const std::vector<Ability>& list) {
  AbilitySet set;
  for (const Ability ability : list) set.add(ability);
  return set;
}

std::string names(AbilitySet set) {
  std::string text;
  for (std::size_t i = 0; i < api::kAbilityCount; ++i) {
    if (set.has(static_cast<Ability>(i))) text += std::string(api::kAbilityNames[i]) + " ";
  }
  return text;
}

std::string chat(std::string_view members) {
  return R"({"model":"m","messages":[{"role":"user","content":"hi"}],)" + std::string(members) + "}";
}

TEST(RequestFacts, ReadsAConversation) {
  const std::string body = R"({"model":"m","messages":[
    {"role":"system","content":"Be brief."} , {"content":"Hello","role":"user","name":"ann"},
    {"role":"assistant","content":null,
     "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"42"}]}
  ]})";
  const Reading read(body);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto& facts = read.facts();
  EXPECT_EQ(facts.body_bytes, body.size());
  EXPECT_EQ(facts.messages, 4);
  EXPECT_EQ(facts.user_turns, 1);
  EXPECT_EQ(facts.tool_results, 1);
  EXPECT_TRUE(facts.tool_loop);
  EXPECT_EQ(names(facts.needs), names(abilities({Ability::kTools, Ability::kSystemPrompt})));
  ASSERT_EQ(read->messages.size(), 4U);
  EXPECT_EQ(read.cut(0), R"({"role":"system","content":"Be brief."})");
  EXPECT_EQ(read.cut(1), R"({"content":"Hello","role":"user","name":"ann"})");
  EXPECT_EQ(read.cut(3), R"({"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"42"}]})");
  EXPECT_EQ(read->messages[0].role, Role::kSystem);
  EXPECT_EQ(read->messages[2].role, Role::kAssistant);
  EXPECT_TRUE(read->messages[2].has_tool_calls);
  EXPECT_TRUE(read->messages[3].is_tool_result);
  // 3 a message and 1 for its role; 1 besides a name; 3 for the answer
  EXPECT_EQ(read->messages[0].tokens, 4 + 9U);
  EXPECT_EQ(read->messages[1].tokens, 4 + 5 + 3 + 1U);
  EXPECT_EQ(read->messages[2].tokens, 4 + 1 + 7U);
  EXPECT_EQ(read->messages[3].tokens, 4 + 2U);
  EXPECT_EQ(facts.input_tokens, 13 + 13 + 12 + 6 + 3U);
  EXPECT_TRUE(facts.tokens_exact);
  ASSERT_EQ(read->pieces.size(), 6U);
  EXPECT_EQ(read->pieces[1].text, "Hello");
  EXPECT_EQ(read->pieces[1].role, Role::kUser);
  EXPECT_EQ(read->pieces[4].text, R"({"a":1})");
  EXPECT_EQ(read->pieces[4].role, Role::kAssistant);
  EXPECT_EQ(read->pieces[4].message, 2);
  EXPECT_EQ(read->pieces[5].text, "42");
  EXPECT_FALSE(read->split);
}

struct NeedCase {
  const char* members;
  std::vector<Ability> needs;
};

TEST(RequestFacts, NeedsComeFromTheShape) {
  for (const NeedCase& c : std::vector<NeedCase>{
           {R"("stream":true)", {Ability::kStreaming}},
           {R"("stream":false,"n":1,"seed":null,"logprobs":false,"tools":[],"tool_choice":"auto")", {}},
           {R"("tools":[{"type":"function"}])", {Ability::kTools}},
           {R"("functions":[{"name":"f"}])", {Ability::kTools}},
           {R"("parallel_tool_calls":false)", {Ability::kParallelTools}},
           {R"("parallel_tool_calls":null)", {}},
           {R"("tool_choice":"required")", {Ability::kToolChoiceRequired}},
           {R"("tool_choice":"none")", {}},
           {R"("tool_choice":{"type":"function","function":{"name":"f"}})", {Ability::kToolChoiceRequired}},
           {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}})", {}},
           {R"("tool_choice":{"type":"allowed_tools","mode":"required"})", {Ability::kToolChoiceRequired}},
           {R"("function_call":{"name":"f"})", {Ability::kToolChoiceRequired}},
           {R"("response_format":{"type":"text"})", {}},
           {R"("response_format":{"type":"json_object"})", {Ability::kJsonObject}},
           {R"("response_format":{"type":"json_schema","json_schema":{}})", {Ability::kJsonSchema}},
           {R"("reasoning_effort":"low")", {Ability::kReasoning}},
           {R"("reasoning_effort":"none")", {}},
           {R"("reasoning":{"effort":"high"})", {Ability::kReasoning}},
           {R"("reasoning":{"effort":null,"summary":null})", {}},
           {R"("logprobs":true)", {Ability::kLogprobs}},
           {R"("top_logprobs":3)", {Ability::kLogprobs}},
           {R"("n":2)", {Ability::kSeveralChoices}},
           {R"("seed":0)", {Ability::kSeed}},
           {R"("modalities":["text","audio"])", {Ability::kAudioOutput}},
           {R"("modalities":["image"])", {Ability::kImageOutput}},
           {R"("t\u006fols":[{}])", {Ability::kTools}},
       }) {
    const Reading read(chat(c.members), RequestKind::kChat, kShape);
    ASSERT_TRUE(read.ok()) << c.members << read.error().message;
    EXPECT_EQ(names(read.facts().needs), names(abilities(c.needs))) << c.members;
  }
}

TEST(RequestFacts, NeedsComeFromTheContent) {
  for (const NeedCase& c : std::vector<NeedCase>{
           {R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]})", {Ability::kVision}},
           {R"({"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA"}}]})",
            {Ability::kAudioInput}},
           {R"({"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]})", {Ability::kFiles}},
           {R"({"role":"developer","content":"x"},{"role":"user","content":"y"})", {Ability::kSystemPrompt}},
           {R"({"role":"user","content":"x"},{"role":"assistant","content":"{"})", {Ability::kPrefill}},
           {R"({"role":"assistant","content":"{"},{"role":"user","content":"x"})", {}},
           {R"({"role":"assistant","tool_calls":[{"function":{}}]})", {Ability::kTools}},
           {R"({"role":"assistant","function_call":{"name":"f"}})", {Ability::kTools}},
           {R"({"role":"function","name":"f","content":"1"})", {Ability::kTools}},
       }) {
    const Reading read(R"({"messages":[)" + std::string(c.members) + "]}", RequestKind::kChat, kShape);
    ASSERT_TRUE(read.ok()) << c.members;
    EXPECT_EQ(names(read.facts().needs), names(abilities(c.needs))) << c.members;
  }
}

TEST(RequestFacts, CountsWhatHasNoText) {
  const Reading read(R"({"messages":[{"role":"user","content":[
    {"type":"image_url","image_url":{"url":"data:image/png;base64,)" + std::string(9000, 'A') + R"(","detail":"low"}},
    {"type":"image_url","image_url":{"url":"https://h/i.png"}},
    {"type":"input_audio","input_audio":{"data":")" + std::string(5000, 'B') + R"(","format":"mp3"}},
    {"type":"file","file":{"filename":"a.pdf","file_data":"x"}}]}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.facts().images, 2);
  EXPECT_EQ(read.facts().input_tokens,
            3 + 4 + kLowDetailImageTokens + kImageTokens + kFileTokens + 1 + 5000 / kAudioCharsPerToken);
  EXPECT_FALSE(read.facts().tokens_exact);
  EXPECT_TRUE(read->pieces.empty());
}

TEST(RequestFacts, SchemasCountAsTheirJson) {
  const std::string tools = R"([{"type":"function","function":{"name":"f"}}])";
  const std::string schema = R"({"name":"n","schema":{}})";
  const Reading read(
      chat(R"("tools":)" + tools + R"( ,"response_format":{"type":"json_schema","json_schema": )" + schema + " }"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.facts().input_tokens, 4 + 2 + 3 + tools.size() + schema.size());
  EXPECT_FALSE(read.facts().tokens_exact);
  ASSERT_EQ(read->pieces.size(), 2U);
  EXPECT_EQ(read->pieces[1].text, tools);
  EXPECT_EQ(read->pieces[1].role, Role::kToolSchema);
  EXPECT_EQ(read->pieces[1].message, kNoMessage);
}

TEST(RequestFacts, RawCountersSeeWhatStandsBetweenTheQuotes) {
  const std::string body = R"({"messages":[{"role":"user","content": "a\nb\"" }]})";
  const Reading raw(body, RequestKind::kChat, {true, false, false, false}, kRawBytes);
  const Reading decoded(body, RequestKind::kChat, {true, false, false, false}, kDecodedBytes);
  ASSERT_TRUE(raw.ok());
  EXPECT_EQ(raw.facts().input_tokens, 3 + 4 + 6U);
  EXPECT_FALSE(raw.facts().tokens_exact);
  EXPECT_EQ(decoded.facts().input_tokens, 3 + 4 + 4U);
}

TEST(RequestFacts, TheLastUserMessageIsText) {
  const Reading read(R"({"messages":[{"role":"user","content":"first"},{"role":"assistant","content":"no"},
    {"role":"user","content":[{"type":"text","text":"caf\u00e9"},{"type":"image_url","image_url":{"url":"u"}},
    {"text":"two\nlines","type":"text"}]},{"role":"assistant","content":"x"}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->last_user_text, "caf\xc3\xa9\ntwo\nlines");
  const FactsWanted text{false, false, true, false};
  const Reading one(R"({"messages":[{"role":"user","content":"only"}]})", RequestKind::kChat, text);
  EXPECT_EQ(one->last_user_text, "only");
  EXPECT_NE(one.facts().text, 0U);
  EXPECT_EQ(one.facts().messages, 0) << "the shape was not wanted";
  EXPECT_EQ(one.facts().input_tokens, 0U);
}

TEST(RequestFacts, OddStringsAreStillText) {
  // A lone surrogate, as JavaScript writes it after cutting a string, must not hide the rest of the text.
  const Reading read(R"({"messages":[{"role":"user","content":"k\u0065y \ud83d"},
    {"role":"user","content":"\ud83d\ude00\q"}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->pieces[0].text, "key \xef\xbf\xbd");
  EXPECT_EQ(read->pieces[1].text, "\xf0\x9f\x98\x80\\q");
}

std::uint64_t session(const std::string& body) {
  const Reading read(body, RequestKind::kChat, kShape);
  EXPECT_TRUE(read.ok()) << body;
  return read.facts().session;
}

TEST(RequestFacts, SessionsHaveAnIdOrABeginning) {
  EXPECT_EQ(session(chat(R"("session_id":"s")")), hash_text("s"));
  EXPECT_EQ(session(chat(R"("prompt_cache_key":"p")")), hash_text("p"));
  EXPECT_EQ(session(chat(R"("metadata":{"a":1,"session_id":"d"})")), hash_text("d"));
  EXPECT_EQ(session(chat(R"("metadata":{"session_id":"d"},"prompt_cache_key":"p","session_id":"s")")), hash_text("s"));
  const std::string begin = R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"U"})";
  const std::uint64_t first = session(begin + "]}");
  EXPECT_NE(first, 0U);
  EXPECT_EQ(session(begin + R"(,{"role":"assistant","content":"A"},{"role":"user","content":"V"}]})"), first);
  EXPECT_EQ(session(R"({"messages":[{"content":"S","role":"system"},{"content":"\u0055","role":"user"}]})"), first);
  EXPECT_NE(session(R"({"messages":[{"role":"system","content":"T"},{"role":"user","content":"U"}]})"), first);
  EXPECT_NE(session(R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"W"}]})"), first);
  EXPECT_EQ(session(R"({"messages":[{"role":"system","content":"S"}]})"), 0U) << "nobody has said anything yet";
}

TEST(RequestFacts, UsersHaveAnId) {
  EXPECT_EQ(Reading(chat(R"("user":"u")")).facts().user, hash_text("u"));
  EXPECT_EQ(Reading(chat(R"("safety_identifier":"i","user":"u")")).facts().user, hash_text("i"));
  EXPECT_EQ(Reading(chat(R"("user":7)")).facts().user, 0U);
}

std::uint64_t prefix(const std::string& model, const std::string& text) {
  const std::string messages = R"([{"role":"user","content":")" + text + R"("}])";
  return Reading(R"({"messages":)" + messages + R"(,"model":")" + model + "\"}").facts().prefix;
}

TEST(RequestFacts, ThePrefixIsTheFirstKibibyteForAModel) {
  const std::string same(kPrefixBytes, 'x');
  EXPECT_EQ(prefix("m", same + "one"), prefix("m", same + "two"));
  EXPECT_NE(prefix("m", same.substr(1) + "one"), prefix("m", same.substr(1) + "two"));
  EXPECT_NE(prefix("m", same), prefix("n", same));
  EXPECT_EQ(Reading(R"({"model":"m"})").facts().prefix, 0U);
}

TEST(RequestFacts, ResponsesWithAString) {
  const Reading read(R"({"model":"m","instructions":"Be brief.","input":"Hello"})", RequestKind::kResponses);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.facts().messages, 1);
  EXPECT_EQ(read.facts().user_turns, 1);
  EXPECT_EQ(read.facts().input_tokens, 4 + 9 + 4 + 5 + 3U);
  EXPECT_EQ(names(read.facts().needs), "system_prompt ");
  EXPECT_EQ(read->last_user_text, "Hello");
  EXPECT_TRUE(read->messages.empty()) << "there is no array to trim";
}

TEST(RequestFacts, ResponsesWithItems) {
  const Reading read(R"({"input":[
    {"role":"user","content":[{"type":"input_text","text":"look"},
                              {"type":"input_image","image_url":"data:x","detail":"low"},
                              {"type":"input_file","file_id":"f"}]},
    {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"zzz"},
    {"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok"}]},
    {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c","output":"result"}],
    "text":{"format":{"type":"json_schema","name":"n","schema":{"a":1}}},"reasoning":{"effort":"low"},
    "conversation":{"id":"conv"}})",
                     RequestKind::kResponses);
  ASSERT_TRUE(read.ok());
  const auto& facts = read.facts();
  EXPECT_EQ(facts.messages, 5);
  EXPECT_EQ(facts.user_turns, 1);
  EXPECT_EQ(facts.tool_results, 1);
  EXPECT_EQ(facts.images, 1);
  EXPECT_TRUE(facts.tool_loop);
  EXPECT_EQ(facts.session, hash_text("conv"));
  EXPECT_EQ(names(facts.needs), names(abilities({Ability::kVision, Ability::kFiles, Ability::kTools,
                                                 Ability::kJsonSchema, Ability::kReasoning})));
  ASSERT_EQ(read->messages.size(), 5U);
  EXPECT_EQ(read->messages[1].role, Role::kAssistant);
  EXPECT_TRUE(read->messages[3].has_tool_calls);
  EXPECT_EQ(read->messages[3].role, Role::kAssistant);
  EXPECT_EQ(read->messages[4].role, Role::kTool);
  EXPECT_EQ(read.cut(4), R"({"type":"function_call_output","call_id":"c","output":"result"})");
  EXPECT_EQ(read->last_user_text, "look");
  EXPECT_EQ(read->pieces.back().text, "result");
  EXPECT_EQ(read->pieces.back().role, Role::kTool);
}

TEST(RequestFacts, CompletionsAndEmbeddings) {
  const Reading completion(R"({"prompt":"Once upon","logprobs":0,"best_of":2})", RequestKind::kCompletions);
  EXPECT_EQ(completion.facts().input_tokens, 9U);
  EXPECT_EQ(names(completion.facts().needs), "logprobs several_choices ");
  EXPECT_EQ(completion->last_user_text, "Once upon");
  const Reading several(R"({"input":["ab","cde"]})", RequestKind::kEmbeddings);
  EXPECT_EQ(several.facts().input_tokens, 5U);
  EXPECT_EQ(names(several.facts().needs), "embeddings ");
  ASSERT_EQ(several->pieces.size(), 2U);
  EXPECT_EQ(several->pieces[1].message, 1);
  EXPECT_EQ(Reading(R"({"input":[1,2,3]})", RequestKind::kEmbeddings).facts().input_tokens, 3U);
  EXPECT_EQ(Reading(R"({"input":[[1,2],[3,4,5]]})", RequestKind::kEmbeddings).facts().input_tokens, 5U);
}

TEST(RequestFacts, TextBesideTheMessagesIsReadToo) {
  const Reading chatting(chat(R"("prediction":{"type":"content","content":[{"type":"text","text":"guess"}]})"));
  ASSERT_TRUE(chatting.ok());
  ASSERT_EQ(chatting->pieces.size(), 2U);
  EXPECT_EQ(chatting->pieces[1].text, "guess");
  EXPECT_EQ(chatting->pieces[1].message, kNoMessage);
  EXPECT_EQ(chatting->last_user_text, "hi");
  const Reading stored(R"({"prompt":{"id":"p","variables":{"city":"Rome","note":{"type":"input_text","text":"x"}}}})",
                       RequestKind::kResponses);
  ASSERT_TRUE(stored.ok());
  ASSERT_EQ(stored->pieces.size(), 2U);
  EXPECT_EQ(stored->pieces[0].text, "Rome");
}

TEST(RequestFacts, KeysThatOccurTwiceAreReadTwice) {
  const Reading read(R"({"messages":[{"role":"user","content":"a","content":"bc"}],
    "messages":[{"role":"user","content":"d"}]})");
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->split);
  EXPECT_EQ(read->messages.size(), 2U);
  EXPECT_EQ(read.facts().input_tokens, 4 + 3 + 4 + 1 + 3U);
  EXPECT_EQ(read->pieces.size(), 3U);
}

TEST(RequestFacts, WrongTypesAreTheProvidersToJudge) {
  for (const char* body : {
           R"({"messages":"hi"})", R"({"messages":[1,"x",null,[{}]]})", R"({"messages":[{"role":1,"content":2}]})",
           R"({"messages":[{"role":"user","content":[1,{"type":3,"text":4},[5]]}]})", R"({"messages":{}})",
           R"({"messages":null,"tools":"x","tool_choice":7,"response_format":[],"reasoning":1,"n":"2","seed":"s"})",
           R"({"metadata":[],"user":{},"modalities":"audio","session_id":1,"stream":"yes","functions":{}})",
           R"({"messages":[{"role":"assistant","tool_calls":{},"function_call":[]}]})", R"({})"}) {
    const Reading read(body);
    ASSERT_TRUE(read.ok()) << body << read.error().message;
    EXPECT_TRUE(read->pieces.empty()) << body;
  }
}

TEST(RequestFacts, BrokenJsonIsAnError) {
  for (const char* body : {"", " ", "[]", "7", "{", R"({"messages":[})",
                           R"({"messages":[{"role":"user" "content":"x"}]})",
                           R"({"messages":[{"role":"user"}})", R"({"messages":[{"content":"x}]})", R"({"a":1} {})",
                           R"({"messages":[{"content":["a" "b"]}]})", R"({"tools":[{"a":1})", "{\"a\":\"\xff\"}"}) {
    const Reading read(body);
    ASSERT_FALSE(read.ok()) << body;
    EXPECT_EQ(read.error().kind, ErrorKind::kBadRequest);
  }
}

TEST(RequestFacts, NothingWantedReadsNothing) {
  const Reading read("this is not JSON", RequestKind::kChat, {});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.facts().body_bytes, 16U);
}

TEST(RequestFacts, AReaderForgetsTheRequestBefore) {
  RequestFactsReader reader;
  const auto read = [&reader](std::string body) {
    const std::size_t size = body.size();
    body.resize(size + json::kPadding);
    auto result = reader.read(std::string_view(body).substr(0, size), RequestKind::kChat, kShape, kRawBytes);
    EXPECT_TRUE(result);
    return result->facts;
  };
  const auto first = read(R"({"messages":[{"role":"user","content":"a"}]})");
  EXPECT_TRUE(read(chat(R"("tools":[{}],"session_id":"s")")).needs.has(Ability::kTools));
  reader.trim();
  const auto again = read(R"({"messages":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(again.session, first.session);
  EXPECT_EQ(again.prefix, first.prefix);
  EXPECT_TRUE(again.needs.empty());
}

}  // namespace
}  // namespace fluxgate::dialects::openai
