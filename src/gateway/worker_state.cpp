#include "fluxgate/gateway/worker_state.hpp"

#include "fluxgate/base/buffer.hpp"
#include "fluxgate/net/task.hpp"

#include <ctime>

namespace fluxgate::gateway {

std::string_view DateCache::now() {
  const std::time_t second = std::time(nullptr);
  if (second != second_ || text_.empty()) {
    second_ = second;
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    char text[32];
    text_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));  // RFC 9110, 5.6.7
  }
  return text_;
}

void WorkerState::drop_caches() {
  scanner = json::Scanner();
  facts.trim();
  Buffer::drop_free_blocks();
  net::drop_free_frames();
}

}  // namespace fluxgate::gateway
