#include <simdjson.h>

#include "fluxgate/json/request_scan.hpp"

namespace fluxgate::json {
namespace ondemand = simdjson::ondemand;

namespace {

// A parser that has seen a huge body would keep four bytes of index for each of its bytes.
constexpr std::size_t kKeepCapacity = 1024 * 1024;

Error bad_json(const char* why) {
  return client_error(ErrorKind::kBadRequest, std::string("the request body is not valid JSON: ") + why);
}

Error wrong_type(const char* key, const char* wanted) {
  return client_error(ErrorKind::kBadRequest, std::string("'") + key + "' must be " + wanted).with_param(key);
}

// simdjson 3.0 has no at_end(): past the last token there is no current location.
bool at_end(ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

// simdjson's own answer is a result whose conversion to bool throws, for words such as `nul`.
bool is_null(ondemand::value value) {
  bool null = false;
  return value.is_null().get(null) == simdjson::SUCCESS && null;
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

// RFC 8259, section 6, whatever the size: simdjson's own reading refuses integers that no C++ type holds.
bool is_json_number(std::string_view token) {
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);  // it runs up to the next token
  std::size_t at = token.starts_with('-') ? 1 : 0;
  const std::size_t integer = at;
  at = skip_digits(token, at);
  if (at == integer || (token[integer] == '0' && at > integer + 1)) return false;
  if (at < token.size() && token[at] == '.') {
    const std::size_t fraction = at + 1;
    at = skip_digits(token, fraction);
    if (at == fraction) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(token, exponent);
    if (at == exponent) return false;
  }
  return at == token.size();
}

// On-demand parsing skips what nobody reads. Numbers, words and other scalars of the top level are looked at all the
// same (NaN and 01 are not JSON); what is inside nested values is the upstream's to judge.
bool is_json_value(ondemand::value& value) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  switch (type) {
    case ondemand::json_type::number: return is_json_number(value.raw_json_token());
    case ondemand::json_type::boolean: return value.get_bool().error() == simdjson::SUCCESS;
    case ondemand::json_type::null: return is_null(value);
    default: return true;
  }
}

// Keys seen so far of those that may not occur twice.
class SeenKeys {
 public:
  // False if `key` was seen before.
  bool add(std::string_view key) {
    static constexpr std::string_view kKeys[] = {"model", "stream", "stream_options", "max_tokens",
                                                 "max_completion_tokens", "max_output_tokens"};
    for (unsigned i = 0; i < std::size(kKeys); ++i) {
      if (kKeys[i] != key) continue;
      const unsigned bit = 1U << i;
      if ((seen_ & bit) != 0) return false;
      seen_ |= bit;
    }
    return true;
  }

 private:
  unsigned seen_ = 0;
};

// One walk over the top level of a request.
class RequestWalk {
 public:
  explicit RequestWalk(std::string_view text) : text_(text) {}

  Result<RequestScan> run(ondemand::document& document) {
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) {
      if (error == simdjson::INCORRECT_TYPE) return bad_json("it must be an object");
      return bad_json(simdjson::error_message(error));
    }
    scan_.object_open = text_.find('{') + 1;
    for (auto field : object) {
      ondemand::value value;
      std::string_view key;
      if (const auto error = field.unescaped_key().get(key)) return bad_json(simdjson::error_message(error));
      if (const auto error = field.value().get(value)) return bad_json(simdjson::error_message(error));
      if (!seen_.add(key)) {
        return client_error(ErrorKind::kBadRequest, "'" + std::string(key) + "' occurs twice in the request body")
            .with_param(std::string(key));
      }
      if (chooses_destination(key)) {
        return destination_error(key);
      }
      auto taken = take(key, value);
      if (!taken) return std::move(taken).error();
      if (!*taken && !is_json_value(value)) return bad_json(("the value of '" + std::string(key) + "' is no JSON value").c_str());
    }
    if (!at_end(document)) return bad_json("something follows the object");
    return std::move(scan_);
  }

 private:
  // True if the value was read, false if it is none of ours.
  Result<bool> take(std::string_view key, ondemand::value& value) {
    std::optional<Error> failed;
    std::uint64_t number = 0;
    if (key == "model") {
      failed = take_model(value);
    } else if (key == "stream") {
      failed = take_stream(value);
    } else if (key == "stream_options") {
      failed = take_stream_options(value);
    } else if (key == "max_tokens" || key == "max_completion_tokens" || key == "max_output_tokens") {
      if (value.get_uint64().get(number) != simdjson::SUCCESS) return false;
      scan_.max_tokens = number;
    } else if (key == "n") {
      if (value.get_uint64().get(number) != simdjson::SUCCESS || number == 0) return false;
      scan_.choices = number;
    } else {
      return false;
    }
    if (failed) return std::move(*failed);
    return true;
  }

  std::optional<Error> take_model(ondemand::value& value) {
    std::string_view token = value.raw_json_token();
    std::string_view name;
    if (value.get_string().get(name) != simdjson::SUCCESS) return wrong_type("model", "a string");
    while (!token.empty() && token.back() != '"') token.remove_suffix(1);  // the token runs up to the next one
    const auto begin = static_cast<std::size_t>(token.data() - text_.data());
    scan_.model_value = {begin, begin + token.size()};
    scan_.model = name;
    for (const char c : scan_.model) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return wrong_type("model", "free of control characters");
    }
    return std::nullopt;
  }

  std::optional<Error> take_stream(ondemand::value& value) {
    if (is_null(value)) return std::nullopt;
    if (value.get_bool().get(scan_.stream) != simdjson::SUCCESS) return wrong_type("stream", "true or false");
    return std::nullopt;
  }

  std::optional<Error> take_stream_options(ondemand::value& value) {
    if (is_null(value)) {
      const std::string_view token = value.raw_json_token();
      const auto begin = static_cast<std::size_t>(token.data() - text_.data());
      scan_.stream_options = {begin, begin + 4};
      return std::nullopt;
    }
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return wrong_type("stream_options", "an object");
    std::string_view raw;
    if (object.raw_json().get(raw) != simdjson::SUCCESS) return bad_json("'stream_options' is not closed");
    while (!raw.empty() && raw.back() != '}') raw.remove_suffix(1);  // it runs up to the next token
    const auto begin = static_cast<std::size_t>(raw.data() - text_.data());
    scan_.stream_options = {begin, begin + raw.size()};
    if (object.reset().error() != simdjson::SUCCESS) return bad_json("'stream_options' is not valid");
    for (auto field : object) {
      std::string_view key;
      if (field.unescaped_key().get(key) != simdjson::SUCCESS) return bad_json("'stream_options' is not valid");
      if (key != "include_usage") continue;
      if (scan_.include_usage.has_value()) {
        return client_error(ErrorKind::kBadRequest, "'include_usage' occurs twice").with_param("stream_options");
      }
      ondemand::value item;
      bool wanted = false;
      if (field.value().get(item) != simdjson::SUCCESS) return bad_json("'stream_options' is not valid");
      const auto at = static_cast<std::size_t>(item.raw_json_token().data() - text_.data());
      if (item.get_bool().get(wanted) != simdjson::SUCCESS) {
        return wrong_type("stream_options.include_usage", "true or false");
      }
      scan_.include_usage = wanted;
      scan_.include_usage_value = {at, at + (wanted ? 4U : 5U)};
    }
    return std::nullopt;
  }

  std::string_view text_;
  RequestScan scan_;
  SeenKeys seen_;
};

void take_count(ondemand::value value, std::optional<std::uint64_t>& into) {
  std::uint64_t count = 0;
  if (value.get_uint64().get(count) == simdjson::SUCCESS) into = count;
}

// Calls use(key, value) for each member of the object. False if it is malformed.
template <class Use>
bool for_each_member(ondemand::object& object, Use use) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) return false;
    use(key, value);
  }
  return true;
}

// The same for a value that may be an object; anything else, and what is malformed, is passed over: the walk over the
// whole document notices the fault.
template <class Use>
void for_each_member_of(ondemand::value value, Use use) {
  ondemand::object object;
  if (value.get_object().get(object) == simdjson::SUCCESS) for_each_member(object, use);
}

// Reads one count of the `*_tokens_details` objects of OpenAI's usage.
void take_detail(ondemand::value value, std::string_view wanted, std::optional<std::uint64_t>& into) {
  for_each_member_of(value, [&](std::string_view key, ondemand::value item) {
    if (key == wanted) take_count(item, into);
  });
}

void take_usage(ondemand::value value, Scanner::ResponseScan& scan) {
  for_each_member_of(value, [&](std::string_view key, ondemand::value item) {
    if (key == "prompt_tokens" || key == "input_tokens") {
      take_count(item, scan.input_tokens);
    } else if (key == "completion_tokens" || key == "output_tokens") {
      take_count(item, scan.output_tokens);
    } else if (key == "prompt_tokens_details" || key == "input_tokens_details") {
      take_detail(item, "cached_tokens", scan.cached_input_tokens);
    } else if (key == "completion_tokens_details" || key == "output_tokens_details") {
      take_detail(item, "reasoning_tokens", scan.reasoning_tokens);
    }
  });
}

void take_choices(ondemand::value value, Scanner::ResponseScan& scan) {
  ondemand::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return;
  scan.choices_empty = true;
  for (auto choice : array) {
    scan.choices_empty = false;
    ondemand::value item;
    if (choice.get(item) != simdjson::SUCCESS) return;
    for_each_member_of(item, [&](std::string_view key, ondemand::value member) {
      std::string_view reason;
      if (key == "finish_reason" && scan.finish_reason.empty() && member.get_string().get(reason) == simdjson::SUCCESS) {
        scan.finish_reason = reason;
      }
    });
  }
}

// One top-level pair of an answer. `response` nests the same keys once more in events of the Responses API.
void take_response_field(std::string_view key, ondemand::value value, Scanner::ResponseScan& scan) {
  if (key == "usage") {
    take_usage(value, scan);
  } else if (key == "choices") {
    take_choices(value, scan);
  } else if (key == "error") {
    scan.has_error = !is_null(value);
  } else if (key == "response") {
    for_each_member_of(value, [&](std::string_view inner, ondemand::value item) {
      if (inner == "usage") take_usage(item, scan);
    });
  }
}

}  // namespace

bool chooses_destination(std::string_view key) {
  return key == "api_base" || key == "base_url" || key == "api_key" || key == "custom_llm_provider";
}

Error destination_error(std::string_view key) {
  return client_error(ErrorKind::kBadRequest,
                      "'" + std::string(key) + "' is not accepted: the gateway's configuration chooses the upstream")
      .with_param(std::string(key))
      .with_code("unsupported_parameter");
}

struct Scanner::Impl {
  ondemand::parser parser;

  simdjson::error_code open(std::string_view text, ondemand::document& document) {
    const simdjson::padded_string_view padded(text.data(), text.size(), text.size() + kPadding);
    return parser.iterate(padded).get(document);
  }
  void trim() {
    if (parser.capacity() > kKeepCapacity) parser = ondemand::parser();
  }
};

Scanner::Scanner() : impl_(std::make_unique<Impl>()) {}
Scanner::~Scanner() = default;
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;

Result<RequestScan> Scanner::scan_request(std::string_view text) {
  ondemand::document document;
  if (const auto error = impl_->open(text, document)) {
    return bad_json(error == simdjson::EMPTY ? "it is empty" : simdjson::error_message(error));
  }
  auto result = RequestWalk(text).run(document);
  impl_->trim();
  return result;
}

std::optional<Scanner::ResponseScan> Scanner::scan_response(std::string_view text) {
  ondemand::document document;
  ondemand::object object;
  if (impl_->open(text, document) != simdjson::SUCCESS) return std::nullopt;
  if (document.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  ResponseScan scan;
  const bool whole = for_each_member(
      object, [&](std::string_view key, ondemand::value value) { take_response_field(key, value, scan); });
  if (!whole) return std::nullopt;
  if (!at_end(document)) return std::nullopt;
  impl_->trim();
  return scan;
}

}  // namespace fluxgate::json
