#include "fluxgate/http/head_writer.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>

#include "http/char_scan.hpp"

namespace fluxgate::http {

bool valid_field_name(std::string_view name) { return !name.empty() && all_tchars(name); }

bool valid_field_value(std::string_view value) { return all_field_chars(value); }

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 508: return "Loop Detected";
    default: return "Unknown";
  }
}

bool HeadWriter::request_line(std::string_view method, std::string_view target) {
  const bool valid = valid_field_name(method) && !target.empty() &&
                     std::all_of(target.begin(), target.end(), [](char c) { return is_vchar(c) && c != '#'; });
  if (!valid) return false;
  out_.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  return true;
}

bool HeadWriter::status_line(int status) {
  if (status < 100 || status > 599) return false;
  out_.append("HTTP/1.1 ");
  out_ += static_cast<char>('0' + status / 100);
  out_ += static_cast<char>('0' + status / 10 % 10);
  out_ += static_cast<char>('0' + status % 10);
  out_.append(" ").append(reason_phrase(status)).append("\r\n");
  return true;
}

bool HeadWriter::field(std::string_view name, std::string_view value) {
  if (name.empty() || !all_tchars(name) || !all_field_chars(value)) return false;
  append(name, value);
  return true;
}

bool HeadWriter::field(std::string_view name, std::uint64_t value) {
  if (!valid_field_name(name)) return false;
  append_number(name, value);
  return true;
}

void HeadWriter::checked_field(std::string_view name, std::string_view value) {
  assert(valid_field_name(name) && valid_field_value(value));
  append(name, value);
}

void HeadWriter::checked_field(std::string_view name, std::uint64_t value) {
  assert(valid_field_name(name));
  append_number(name, value);
}

void HeadWriter::append(std::string_view name, std::string_view value) {
  // The line is put together first: one append to a string costs as much as the whole of a short line.
  std::array<char, 256> line;
  const std::size_t size = name.size() + value.size() + 4;
  if (size > line.size()) {
    out_.append(name).append(": ").append(value).append("\r\n");
    return;
  }
  char* at = line.data();
  std::memcpy(at, name.data(), name.size());
  at += name.size();
  std::memcpy(at, ": ", 2);
  at += 2;
  if (!value.empty()) std::memcpy(at, value.data(), value.size());
  at += value.size();
  std::memcpy(at, "\r\n", 2);
  out_.append(line.data(), size);
}

void HeadWriter::append_number(std::string_view name, std::uint64_t value) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  append(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

}  // namespace fluxgate::http
