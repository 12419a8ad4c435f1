// The small endpoints that judge, order or list.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sim/handlers.hpp"

namespace fluxgate::sim {
namespace {

constexpr std::array<std::string_view, 8> kModels = {"sim",       "sim-error-429", "sim-error-500", "sim-error-503",
                                                     "sim-stall", "sim-cut",       "sim-garbage",   "sim-embedding"};

constexpr std::array<std::string_view, 13> kCategories = {
    "harassment", "harassment/threatening", "hate",     "hate/threatening",       "illicit",
    "illicit/violent", "self-harm",         "self-harm/intent", "self-harm/instructions", "sexual",
    "sexual/minors", "violence",            "violence/graphic"};

Json model_object(std::string_view id) {
  Json out;
  out["id"] = id;
  out["object"] = "model";
  out["created"] = 1700000000;
  out["owned_by"] = "fluxgate-sim";
  return out;
}

Json verdict() {
  Json out;
  out["flagged"] = false;
  for (const auto category : kCategories) {
    out["categories"][std::string(category)] = false;
    out["category_scores"][std::string(category)] = 0.0;
    out["category_applied_input_types"][std::string(category)] = Json::array({"text"});
  }
  return out;
}

std::string document_text(const Json& document) {
  return document.is_string() ? document.get<std::string>() : text_field(document, "text");
}

}  // namespace

Answer list_models(const Context&) {
  Json out;
  out["object"] = "list";
  out["data"] = Json::array();
  for (const auto id : kModels) out["data"].push_back(model_object(id));
  return json_answer(out);
}

Answer get_model(std::string_view id, const Context&) { return json_answer(model_object(id)); }

Answer moderations(const Json& body, const Context& context) {
  const Json& input = field(body, "input");
  if (!input.is_string() && (!input.is_array() || input.empty())) {
    return bad_request("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  }
  // Texts are judged one by one, parts of one message together.
  const std::size_t results = input.is_array() && input.front().is_string() ? input.size() : 1;
  Json out;
  out["id"] = context.id("modr-");
  out["model"] = text_field(body, "model");
  out["results"] = Json::array();
  for (std::size_t i = 0; i < results; ++i) out["results"].push_back(verdict());
  Answer answer = json_answer(out);
  answer.delay = context.options.first_token_delay;
  return answer;
}

Answer rerank(const Json& body, const Context& context) {
  const Json& documents = field(body, "documents");
  if (!field(body, "query").is_string()) return bad_request("'query' must be a text.", "query", "invalid_type");
  if (!documents.is_array() || documents.empty()) {
    return bad_request("'documents' must be a list.", "documents", "invalid_type");
  }
  const auto top = count_field(body, "top_n", documents.size(), kNoLimit);
  if (!top) return to_answer(top.error());

  // A score in [0, 1) from the hash of query and document: without meaning, but always the same.
  std::vector<std::pair<double, std::size_t>> scores;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    std::uint64_t state = hash_text(text_field(body, "query") + "\n" + document_text(documents[i]));
    scores.emplace_back(static_cast<double>(next_random(state) >> 11) * 0x1p-53, i);
  }
  std::stable_sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  scores.resize(std::min(*top, scores.size()));

  const std::size_t tokens = estimate_tokens(documents) + estimate_tokens(field(body, "query"));
  Json out;
  out["id"] = context.id("rerank-");
  out["model"] = text_field(body, "model");
  out["results"] = Json::array();
  for (const auto& [score, index] : scores) {
    Json row;
    row["index"] = index;
    row["relevance_score"] = score;
    if (flag(body, "return_documents")) row["document"] = {{"text", document_text(documents[index])}};
    out["results"].push_back(std::move(row));
  }
  out["meta"] = {{"api_version", {{"version", "2"}}}, {"billed_units", {{"search_units", 1}}}};
  out["usage"] = {{"total_tokens", tokens}};
  Answer answer = json_answer(out);
  answer.delay = context.options.first_token_delay;
  return answer;
}

}  // namespace fluxgate::sim
