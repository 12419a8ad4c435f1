// From a request to the facts that routing decides by: body, headers, task and sensitivity, as far as routes need them.
//
// Serving and explaining use the same builder, so that they see the same request. What no route of the snapshot needs is
// not looked at: a configuration without policies pays nothing here. One per worker (and one for the admin thread).
#pragma once

#include <string>
#include <string_view>

#include "fluxgate/dialects/openai/request_facts.hpp"
#include "fluxgate/gateway/request.hpp"
#include "fluxgate/gateway/snapshot.hpp"
#include "fluxgate/http/fields.hpp"

namespace fluxgate::gateway {

// The request's fields that are meant for the gateway, x-fluxgate-...; empty where one is absent. Found in one pass, of
// which a request without any pays next to nothing.
struct OwnFields {
  std::string_view task;
  std::string_view session;
  std::string_view labels;
  std::string_view priority;
  std::string_view explain;
  std::string_view timing;

  static OwnFields of(const http::Fields& fields);
};

struct BuiltFacts {
  api::RequestFacts facts;
  std::optional<api::Priority> lowered_to;  // the x-fluxgate-priority header; may only lower the route's class
  // Where the messages stand in the body, for trimming; only if a route may trim.
  boost::container::small_vector<dialects::openai::MessageSpan, 8> messages;
  bool split_messages = false;      // they are not one array: nothing can be cut out of them
  std::string last_user_text;       // only if the decision log holds text
};

class FactsBuilder {
 public:
  // `scan` is of `body`, behind which json::kPadding bytes can be read. Errors are the client's: JSON that is broken
  // inside, or a header value that is none we know.
  Result<BuiltFacts> build(const Snapshot& snapshot, const EndpointSpec& endpoint, const json::RequestScan& scan,
                           std::string_view body, const http::Fields& headers, const OwnFields& own);

  // Frees what is kept only to be reused soon.
  void trim() { reader_.trim(); }

 private:
  Result<void> read_body(const Snapshot& snapshot, const EndpointSpec& endpoint, std::string_view body,
                         std::string_view named_task, const routing::FactsNeeded& needed, BuiltFacts& built);
  void count_exactly(const Snapshot& snapshot, const EndpointSpec& endpoint, std::string_view body, BuiltFacts& built);

  dialects::openai::RequestFactsReader reader_;
};

}  // namespace fluxgate::gateway
