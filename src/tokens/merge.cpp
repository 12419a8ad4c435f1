#include "tokens/merge.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <utility>

namespace fluxgate::tokens {

namespace {
constexpr std::uint32_t kNone = Vocabulary::kNone;
}

std::size_t Merger::count(std::string_view piece) {
  if (piece.size() == 1 || vocabulary_.rank(piece) != kNone) return 1;
  return piece.size() <= kShort ? count_short(piece) : count_long(piece);
}

std::uint64_t Merger::take_operations() { return std::exchange(operations_, 0); }

std::size_t Merger::count_short(std::string_view piece) {
  std::array<std::uint8_t, kShort + 1> begin;  // of each part; the last is the end of the piece
  std::array<std::uint32_t, kShort> rank;      // of the join of a part with the one behind it
  std::size_t parts = piece.size();
  for (std::size_t i = 0; i <= parts; ++i) begin[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i + 1 < parts; ++i) rank[i] = vocabulary_.rank(piece.substr(i, 2));
  const auto join_of = [&](std::size_t left) {
    return left + 2 > parts ? kNone : vocabulary_.rank(piece.substr(begin[left], begin[left + 2] - begin[left]));
  };
  while (parts > 1) {
    const auto lowest = std::min_element(rank.begin(), rank.begin() + (parts - 1));
    if (*lowest == kNone) break;
    const auto left = static_cast<std::size_t>(lowest - rank.begin());
    std::memmove(&begin[left + 1], &begin[left + 2], parts - left - 1);
    if (left + 2 < parts) std::memmove(&rank[left + 1], &rank[left + 2], (parts - left - 3) * sizeof rank[0]);
    --parts;
    ++operations_;
    rank[left] = join_of(left);
    if (left > 0) rank[left - 1] = join_of(left - 1);
  }
  return parts;
}

void Merger::offer(std::string_view text, std::uint32_t left) {
  Part& part = parts_[left];
  part.rank = kNone;
  if (part.next >= text.size()) return;
  part.rank = vocabulary_.rank(text.substr(left, parts_[part.next].next - left));
  if (part.rank == kNone) return;
  heap_.push_back(std::uint64_t{part.rank} << 32 | left);
}

const std::vector<std::uint32_t>& Merger::merge(std::string_view text, std::vector<std::uint32_t>& ends) {
  const auto size = static_cast<std::uint32_t>(text.size());
  parts_.resize(size);
  heap_.clear();
  for (std::uint32_t i = 0; i < size; ++i) parts_[i] = {i - 1, i + 1, kNone};
  for (std::uint32_t i = 0; i < size; ++i) offer(text, i);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
  const auto offer_to_heap = [&](std::uint32_t left) {
    const std::size_t before = heap_.size();
    offer(text, left);
    if (heap_.size() != before) std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
  };
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    const std::uint64_t lowest = heap_.back();
    heap_.pop_back();
    const auto left = static_cast<std::uint32_t>(lowest);
    // An entry is stale if the part is gone or joined meanwhile: a join that is still the same token has the same rank.
    if (parts_[left].rank != lowest >> 32) continue;
    const std::uint32_t right = parts_[left].next;
    const std::uint32_t behind = parts_[right].next;
    parts_[right].rank = kNone;
    parts_[left].next = behind;
    if (behind < size) parts_[behind].previous = left;
    ++operations_;
    offer_to_heap(left);
    if (left > 0) offer_to_heap(parts_[left].previous);
  }
  ends.clear();
  for (std::uint32_t at = 0; at < size; at = parts_[at].next) ends.push_back(parts_[at].next);
  return ends;
}

std::size_t Merger::count_long(std::string_view piece) {
  for (std::size_t window = window_;; window *= 2) {
    if (const auto tokens = count_by_windows(piece, window)) return *tokens;
  }
}

std::optional<std::size_t> Merger::count_by_windows(std::string_view piece, std::size_t window) {
  std::size_t counted = 0;  // tokens before `begin`
  std::size_t begin = 0;    // of the window whose tokens end at ends_
  merge(piece.substr(0, window), ends_);
  while (begin + ends_.back() != piece.size()) {
    // The next window begins with a token of this one that is not too near its end, and never behind its last.
    const std::uint32_t limit = ends_.back() - 1 - ends_.back() / 8;
    const auto token = std::upper_bound(ends_.begin(), ends_.end(), limit);
    if (token == ends_.begin()) return std::nullopt;
    const std::uint32_t token_begin = *(token - 1);
    merge(piece.substr(begin + token_begin, window), next_ends_);
    if (next_ends_.front() != *token - token_begin) return std::nullopt;
    counted += static_cast<std::size_t>(token - ends_.begin());
    begin += token_begin;
    ends_.swap(next_ends_);
  }
  return counted + ends_.size();
}

}  // namespace fluxgate::tokens
