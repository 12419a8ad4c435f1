// sensitivity: does a text hold personal data or secrets? Answers with labels, never with what it found.
//
// Layer 3. Built-in detectors are written by hand: one pass over the text looks for the few characters that every find
// must contain (a digit, '@', the '_' of "ghp_" ...), and only there is anything compared. So plain prose costs little
// more than reading it. A find must also pass what its kind offers against chance: a checksum (Luhn, mod 97), a list of
// valid prefixes, or a word near it ("born", "passport") where the shape alone says nothing. docs/sensitivity.md lists
// for each detector what it takes and what it leaves alone.
// The operator's own patterns are RE2 expressions, all of them tried in one pass.
//
// Everything here is linear in the text, whatever it says: hand-written scans never read a stretch twice but for a
// bounded look-back, and RE2 does not backtrack.
//
// Texts are plain: JSON escapes must be undone before ("\u0040" is not an '@' here), and a find that is split over two
// texts is not seen. A Detectors belongs to a configuration snapshot, is immutable and may be used from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fluxgate/base/error.hpp"
#include "fluxgate/config/model.hpp"

namespace fluxgate::sensitivity {

// A built-in detector, as documentation and completion show it.
struct Builtin {
  std::string_view name;   // as in sensitivity.detectors
  std::string_view label;  // pii or secret
  std::string_view finds;  // one line for people
};
std::span<const Builtin> builtins();

// What was found in one or several texts: how often by each detector, and the labels that raises. Holds no text.
class Findings {
 public:
  bool any() const { return labels_ != 0; }
  // Bits of Detectors::labels(); may be OR-ed into api::RequestFacts::labels.
  std::uint64_t labels() const { return labels_; }
  // Finds of the detector with this index in Detectors::detectors(). A built-in one counts each find; a pattern counts
  // each text it matches.
  std::uint32_t count(std::size_t detector) const { return detector < counts_.size() ? counts_[detector] : 0; }

 private:
  friend class Detectors;
  std::vector<std::uint32_t> counts_;  // empty until something is found
  std::uint64_t labels_ = 0;
};

class Detectors {
 public:
  struct Detector {
    std::string name;  // a built-in name or a key under sensitivity.patterns
    std::string label;
    std::uint64_t bit = 0;  // of `label` in labels()
  };

  // Refuses unknown detectors, patterns RE2 cannot compile or that match every text, and more than 64 labels.
  static Result<Detectors> make(const config::Sensitivity& config);

  Detectors(Detectors&&) noexcept;
  Detectors& operator=(Detectors&&) noexcept;
  ~Detectors();

  bool empty() const { return detectors_.empty(); }
  const std::vector<Detector>& detectors() const { return detectors_; }
  // Each label's bit is its index: "pii", "secret", those of patterns, those that only sensitivity.require names.
  const std::vector<std::string>& labels() const { return labels_; }

  // Adds what `text` holds to `findings`, which must be new or of these Detectors.
  void scan(std::string_view text, Findings& findings) const;

 private:
  struct Plan;  // what scan() needs, compiled
  Detectors();

  std::vector<Detector> detectors_;
  std::vector<std::string> labels_;
  std::unique_ptr<const Plan> plan_;
};

}  // namespace fluxgate::sensitivity
