#include "sensitivity/context.hpp"

#include <algorithm>
#include <string_view>

namespace fluxgate::sensitivity {
namespace {

struct Word {
  std::string_view text;  // lower case; other scripts as they are
  Context context;
  std::string_view before{};  // the word that must stand in front of it
};

constexpr std::array kWords{
    Word{"phone", Context::kPhone},
    Word{"telephone", Context::kPhone},
    Word{"tel", Context::kPhone},
    Word{"mobile", Context::kPhone},
    Word{"cell", Context::kCall},
    Word{"cellphone", Context::kPhone},
    Word{"fax", Context::kPhone},
    Word{"whatsapp", Context::kPhone},
    Word{"telefon", Context::kPhone},
    Word{"handynummer", Context::kPhone},
    Word{"mobil", Context::kPhone},
    Word{"téléphone", Context::kPhone},
    Word{"teléfono", Context::kPhone},
    Word{"telefono", Context::kPhone},
    Word{"cellulare", Context::kPhone},
    Word{"rufnummer", Context::kPhone},
    Word{"sms", Context::kPhone},
    Word{"call", Context::kCall},
    Word{"calling", Context::kCall},
    Word{"text", Context::kCall},
    Word{"contact", Context::kCall},
    Word{"reach", Context::kCall},
    Word{"dial", Context::kCall},
    Word{"ring", Context::kCall},
    Word{"card", Context::kCard},
    Word{"cards", Context::kCard},
    Word{"visa", Context::kCard},
    Word{"mastercard", Context::kCard},
    Word{"amex", Context::kCard},
    Word{"maestro", Context::kCard},
    Word{"diners", Context::kCard},
    Word{"unionpay", Context::kCard},
    Word{"kreditkarte", Context::kCard},
    Word{"carte", Context::kCard},
    Word{"tarjeta", Context::kCard},
    Word{"pan", Context::kCard},
    Word{"ssn", Context::kSsn},
    Word{"ssns", Context::kSsn},
    Word{"security", Context::kSsn, "social"},
    Word{"nino", Context::kNino},
    Word{"insurance", Context::kNino, "national"},
    Word{"number", Context::kNino, "ni"},
    Word{"no", Context::kNino, "ni"},
    Word{"birth", Context::kBirth},
    Word{"birthday", Context::kBirth},
    Word{"birthdate", Context::kBirth},
    Word{"born", Context::kBirth},
    Word{"dob", Context::kBirth},
    Word{"geboren", Context::kBirth},
    Word{"geburtsdatum", Context::kBirth},
    Word{"geburtstag", Context::kBirth},
    Word{"naissance", Context::kBirth},
    Word{"nacimiento", Context::kBirth},
    Word{"nascita", Context::kBirth},
    Word{"né", Context::kBirth},
    Word{"née", Context::kBirth},
    Word{"passport", Context::kPassport},
    Word{"passports", Context::kPassport},
    Word{"reisepass", Context::kPassport},
    Word{"passnummer", Context::kPassport},
    Word{"passeport", Context::kPassport},
    Word{"pasaporte", Context::kPassport},
    Word{"passaporto", Context::kPassport},
    Word{"ip", Context::kHost},
    Word{"ips", Context::kHost},
    Word{"ipv4", Context::kHost},
    Word{"address", Context::kHost},
    Word{"addr", Context::kHost},
    Word{"host", Context::kHost},
    Word{"server", Context::kHost},
    Word{"client", Context::kHost},
    Word{"dns", Context::kHost},
    Word{"resolver", Context::kHost},
    Word{"nameserver", Context::kHost},
    Word{"ping", Context::kHost},
    Word{"version", Context::kVersion},
    Word{"versions", Context::kVersion},
    Word{"ver", Context::kVersion},
    Word{"release", Context::kVersion},
    Word{"build", Context::kVersion},
    Word{"firmware", Context::kVersion},
    Word{"upgrade", Context::kVersion},
    Word{"section", Context::kVersion},
    Word{"oid", Context::kVersion},
    Word{"order", Context::kOther},
    Word{"orders", Context::kOther},
    Word{"invoice", Context::kOther},
    Word{"ticket", Context::kOther},
    Word{"ref", Context::kOther},
    Word{"reference", Context::kOther},
    Word{"id", Context::kOther},
    Word{"serial", Context::kOther},
    Word{"imei", Context::kOther},
    Word{"tracking", Context::kOther},
    Word{"sku", Context::kOther},
    Word{"case", Context::kOther},
    Word{"account", Context::kOther},
    Word{"build", Context::kOther},
};
constexpr std::size_t kLongest = 14;  // bytes; any longer word is none of them

// The words by their first letter, and where those of each letter begin: most words of a text are compared with none.
constexpr auto kByLetter = [] {
  auto words = kWords;
  std::sort(words.begin(), words.end(), [](const Word& a, const Word& b) { return a.text[0] < b.text[0]; });
  return words;
}();
constexpr auto kFirst = [] {
  std::array<std::uint8_t, 27> first{};
  for (std::size_t letter = 0; letter < first.size(); ++letter) {
    while (first[letter] < kByLetter.size() && kByLetter[first[letter]].text[0] < static_cast<char>('a' + letter))
      ++first[letter];
  }
  return first;
}();

// Also inside a word of another script, so that "téléphone" is one word.
constexpr bool is_letter(char c) { return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80; }

}  // namespace

void ContextFinder::note(std::string_view word, std::string_view previous, std::size_t end) {
  const char first = ascii_lower(word[0]);
  if (!is_lower(first) || word.size() > kLongest) return;
  const auto letter = static_cast<std::size_t>(first - 'a');
  for (std::size_t i = kFirst[letter]; i < kFirst[letter + 1]; ++i) {
    const Word& known = kByLetter[i];
    if (!iequals(known.text, word) || (!known.before.empty() && !iequals(known.before, previous))) continue;
    last_[static_cast<std::size_t>(known.context)] = end + 1;
    if (known.context == Context::kPhone) last_[static_cast<std::size_t>(Context::kCall)] = end + 1;
  }
}

void ContextFinder::advance(std::size_t position) {
  // What lies further back could not be near anything to come, but a word in front may decide about the next one.
  constexpr std::size_t kMargin = 2 * kReach;
  std::size_t i = std::max(done_, position > kMargin ? position - kMargin : 0);
  if (i >= position) return;
  if (i > 0) i = text_.skip(i, is_letter, position - i);
  std::string_view previous;
  while (i < position) {
    i = text_.skip(
        i, [](char c) { return !is_letter(c); }, position - i);
    const std::size_t end = text_.skip(i, is_letter, position - i + 1);
    if (end > position || end == i) break;  // it reaches into the candidate: part of that
    const auto word = text_.sub(i, end - i);
    note(word, previous, end);
    previous = word;
    i = end;
  }
  done_ = std::max(done_, i);
}

}  // namespace fluxgate::sensitivity
