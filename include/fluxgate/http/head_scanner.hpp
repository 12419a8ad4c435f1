// Finds the end of a head in bytes that arrive in pieces; the first half of both head parsers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fluxgate::http {

// Walks the lines of a head, each byte once, and applies the limits and the rules that concern line ends. Every verdict
// is bound to a position in the bytes, so it comes out the same however they are sliced.
class HeadScanner {
 public:
  enum class Kind : std::uint8_t { kRequest, kResponse };

  enum class Verdict : std::uint8_t {
    kNeedMore,
    kComplete,           // the head is bytes [begin(), end())
    kBadStart,           // the first byte cannot begin a request line, or the first bytes are not "HTTP/"
    kStartLineTooLong,
    kHeadTooLong,
    kTooManyFields,
    kBareLf,             // a line that ends in LF without CR
    kFolded,             // a line that begins with a blank: obs-fold, or a blank before the first field
  };

  // Sizes in bytes, as HeadLimits.
  HeadScanner(Kind kind, std::size_t start_line, std::size_t head, std::size_t fields)
      : kind_(kind), start_line_limit_(start_line), head_limit_(head), field_limit_(fields) {}

  // `bytes` starts where it started in the last call and is at least as long.
  Verdict scan(std::string_view bytes);

  std::size_t begin() const { return begin_; }  // behind leading empty lines
  std::size_t end() const { return position_; }
  bool started() const { return position_ > begin_ || lines_ > 0; }
  void reset();

 private:
  bool may_start(std::string_view bytes) const;
  Verdict scan_start_line(std::string_view bytes);  // or an empty line before it; kComplete: it is whole

  Kind kind_;
  std::size_t start_line_limit_;
  std::size_t head_limit_;
  std::size_t field_limit_;
  std::size_t begin_ = 0;
  std::size_t line_ = 0;         // start of the current line
  std::size_t position_ = 0;     // everything before it has been searched
  std::size_t lines_ = 0;        // complete ones, the start line included
  std::size_t empty_lines_ = 0;  // before the start line
};

}  // namespace fluxgate::http
