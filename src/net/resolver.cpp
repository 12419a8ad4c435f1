#include "fluxgate/net/resolver.hpp"

#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstring>

#include "fluxgate/net/await.hpp"

namespace fluxgate::net {
namespace {

Result<Addresses> system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) {
    return upstream_error(ErrorKind::kDns, Retry::kYes, "the upstream's host name does not resolve")
        .with_detail(host + ": " + gai_strerror(code));
  }
  Addresses addresses;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    if (item->ai_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(item->ai_addr);
      addresses.emplace_back(asio::ip::address_v4(ntohl(in->sin_addr.s_addr)));
    } else if (item->ai_family == AF_INET6) {
      const auto* in = reinterpret_cast<const sockaddr_in6*>(item->ai_addr);
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &in->sin6_addr, bytes.size());
      addresses.emplace_back(asio::ip::address_v6(bytes, in->sin6_scope_id));
    }
  }
  ::freeaddrinfo(list);
  return addresses;
}

struct Range {
  std::array<unsigned char, 4> prefix;
  int bits;
};

bool in_range(const asio::ip::address_v4::bytes_type& bytes, const Range& range) {
  for (int bit = 0; bit < range.bits; bit += 8) {
    const auto i = static_cast<std::size_t>(bit / 8);
    const int left = std::min(8, range.bits - bit);
    const int mask = 0xff << (8 - left) & 0xff;
    if (((bytes[i] ^ range.prefix[i]) & mask) != 0) return false;
  }
  return true;
}

bool is_private_v4(const asio::ip::address_v4& address) {
  static constexpr Range kRanges[] = {
      {{0, 0, 0, 0}, 8},      {{10, 0, 0, 0}, 8},    {{100, 64, 0, 0}, 10},  {{127, 0, 0, 0}, 8},
      {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12}, {{192, 0, 0, 0}, 24},   {{192, 168, 0, 0}, 16},
      {{198, 18, 0, 0}, 15},  {{224, 0, 0, 0}, 4},   {{240, 0, 0, 0}, 4},
  };
  const auto bytes = address.to_bytes();
  return std::any_of(std::begin(kRanges), std::end(kRanges), [&](const Range& r) { return in_range(bytes, r); });
}

}  // namespace

bool is_private(const asio::ip::address& address) {
  if (address.is_v4()) return is_private_v4(address.to_v4());
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return is_private_v4(asio::ip::make_address_v4(asio::ip::v4_mapped, v6));
  const auto bytes = v6.to_bytes();
  const bool unique_local = (bytes[0] & 0xfe) == 0xfc;
  const bool nat64 = bytes[0] == 0x00 && bytes[1] == 0x64 && bytes[2] == 0xff && bytes[3] == 0x9b;
  return v6.is_loopback() || v6.is_unspecified() || v6.is_link_local() || v6.is_multicast() || unique_local || nat64;
}

Resolver::Resolver() : Resolver(system_lookup) {}

Resolver::Resolver(Lookup lookup) : lookup_(std::move(lookup)) {
  thread_ = std::thread([this] { run(); });
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Task<Result<Addresses>> Resolver::resolve(std::string host, Executor executor, TimePoint until) {
  error_code not_numeric;
  const auto numeric = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return Addresses(1, numeric);

  struct Wait {
    explicit Wait(Executor e) : timer(e) {}
    Timer timer;
    std::optional<Result<Addresses>> result;
  };
  std::shared_ptr<Wait> wait;  // shared with the resolver's thread, which may answer after we gave up
  {
    const std::lock_guard lock(mutex_);
    Answer& answer = cache_[host];
    const TimePoint now = SteadyClock::now();
    const bool usable = !answer.addresses.empty() && now - answer.at < kStale;
    const bool fresh = usable && now - answer.at < kFresh;
    if (!fresh && !answer.pending) {
      answer.pending = true;
      queue_.push_back(host);
      wake_.notify_one();
    }
    if (usable) co_return answer.addresses;
    wait = std::make_shared<Wait>(executor);
    wait->timer.expires_at(until);
    Waiter waiter;
    waiter.host = host;
    waiter.done = [wait, executor](Result<Addresses> result) {
      asio::post(executor, [wait, result = std::move(result)]() mutable {
        wait->result = std::move(result);
        wait->timer.cancel();
      });
    };
    waiters_.push_back(std::move(waiter));
  }
  // Cancelled when the answer is there, expired when it is not: the result says which.
  co_await wait_for(wait->timer);
  if (wait->result) co_return std::move(*wait->result);
  co_return upstream_error(ErrorKind::kDns, Retry::kYes, "the upstream's host name did not resolve in time")
      .with_detail(host);
}

void Resolver::run() {
  pthread_setname_np(pthread_self(), "resolver");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const std::string host = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    auto result = lookup_(host);
    lock.lock();
    finish(host, std::move(result));
  }
}

void Resolver::finish(const std::string& host, Result<Addresses> result) {
  Answer& answer = cache_[host];
  answer.pending = false;
  if (result.has_value() && !result.value().empty()) {
    answer.addresses = result.value();
    answer.at = SteadyClock::now();
  }
  const auto waiting = [&](const Waiter& waiter) { return waiter.host == host; };
  for (const Waiter& waiter : waiters_) {
    if (waiting(waiter)) waiter.done(result);
  }
  std::erase_if(waiters_, waiting);
}

}  // namespace fluxgate::net
