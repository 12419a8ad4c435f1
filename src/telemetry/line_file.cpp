#include "fluxgate/telemetry/line_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace fluxgate::telemetry {
namespace {

constexpr int kStallMillis = 1000;  // how long a non-blocking output may refuse before its lines are dropped

int open_for_append(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

LineFile::LineFile(std::string path) : path_(std::move(path)) {
  fd_ = path_.empty() ? STDOUT_FILENO : open_for_append(path_);
  if (fd_ < 0) throw std::runtime_error("cannot open log file " + path_ + ": " + reason(errno));
  pending_.reserve(2 * kFlushBytes);
  spare_.reserve(2 * kFlushBytes);
  writer_ = std::thread([this] { run(); });
}

LineFile::~LineFile() {
  stop();
  if (!path_.empty()) ::close(fd_);
}

void LineFile::append(std::string_view line) {
  bool notify = false;
  bool write_now = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() + 1 > kMaxPending) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    pending_.append(line);
    pending_.push_back('\n');
    write_now = stopping_;
    if (pending_.size() >= kFlushBytes && !wake_) notify = wake_ = true;
  }
  if (notify) wake_writer_.notify_one();
  if (write_now) flush();
}

void LineFile::flush() {
  const std::lock_guard write_lock(write_mutex_);
  {
    const std::lock_guard lock(mutex_);
    spare_.swap(pending_);
    wake_ = false;
  }
  write_out(spare_);
  spare_.clear();
}

void LineFile::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_writer_.notify_one();
  if (writer_.joinable()) writer_.join();
  flush();
}

std::optional<Error> LineFile::reopen() {
  if (path_.empty()) return std::nullopt;
  const int fd = open_for_append(path_);
  if (fd < 0) {
    const int error = errno;
    return Error(ErrorKind::kConfig, ErrorSource::kGateway, Retry::kNo,
                 "cannot reopen log file " + path_ + ": " + reason(error));
  }
  flush();  // what was logged before the rotation belongs in the old file
  const std::lock_guard lock(write_mutex_);
  ::close(fd_);
  fd_ = fd;
  torn_ = false;
  return std::nullopt;
}

void LineFile::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_writer_.wait_for(lock, kFlushInterval, [this] { return wake_ || stopping_; });
      if (stopping_) return;  // stop() flushes
      if (pending_.empty()) continue;
    }
    flush();
  }
}

void LineFile::write_out(std::string_view bytes) {
  if (!bytes.empty() && torn_) {
    torn_ = ::write(fd_, "\n", 1) != 1;
    if (torn_) return drop(bytes);
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written > 0) {
      torn_ = bytes[static_cast<std::size_t>(written) - 1] != '\n';
      bytes.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, kStallMillis) > 0) continue;
    }
    return drop(bytes);
  }
}

void LineFile::drop(std::string_view bytes) {
  dropped_.fetch_add(static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n')),
                     std::memory_order_relaxed);
}

}  // namespace fluxgate::telemetry
