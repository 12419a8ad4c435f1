// One function an endpoint. `body` is the request's JSON object, or for a form an object of its fields in which a file
// stands as its size in bytes. The model is there and is a string; the router saw to it.
#pragma once

#include "sim/answer.hpp"
#include "sim/fields.hpp"

namespace fluxgate::sim {

Answer chat_completions(const Json& body, const Context& context);
Answer completions(const Json& body, const Context& context);
Answer responses(const Json& body, const Context& context);
Answer embeddings(const Json& body, const Context& context);
Answer moderations(const Json& body, const Context& context);
Answer rerank(const Json& body, const Context& context);
Answer images(const Json& body, const Context& context);
Answer speech(const Json& body, const Context& context);
Answer transcriptions(const Json& body, const Context& context);

// No body: the list, and one model by the id at the end of the path.
Answer list_models(const Context& context);
Answer get_model(std::string_view id, const Context& context);

}  // namespace fluxgate::sim
