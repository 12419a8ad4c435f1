// A file or standard output that many threads append lines to and one thread writes. Private to telemetry.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "fluxgate/base/error.hpp"

namespace fluxgate::telemetry {

// append() holds a lock only to copy the line; the system call runs on the writer thread under a lock of its own. A
// write that fails loses its lines, which are counted, and the next write is tried as if nothing had happened: a disk
// that was full for a while costs only the lines of that while.
class LineFile {
 public:
  static constexpr std::size_t kFlushBytes = 64 * 1024;        // this much wakes the writer
  static constexpr std::size_t kMaxPending = 4 * 1024 * 1024;  // more is dropped: the output has stalled
  static constexpr auto kFlushInterval = std::chrono::milliseconds(200);

  // An empty path means standard output. Throws std::runtime_error if the file cannot be opened.
  explicit LineFile(std::string path);
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile();

  void append(std::string_view line);  // without the line end; any thread
  void flush();                        // writes what is pending, on this thread
  void stop();                         // flushes and ends the writer thread; append() then writes at once
  std::optional<Error> reopen();
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  void write_out(std::string_view bytes);  // under write_mutex_
  void drop(std::string_view bytes);

  const std::string path_;
  std::mutex write_mutex_;   // the descriptor and its order of writes; taken before mutex_, never after it
  int fd_ = -1;
  bool torn_ = false;        // the last write ended in the middle of a line
  std::string spare_;        // the buffer being written; swaps with pending_, so neither is allocated again

  std::mutex mutex_;         // the three below
  std::string pending_;
  bool stopping_ = false;
  bool wake_ = false;
  std::condition_variable wake_writer_;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread writer_;
};

}  // namespace fluxgate::telemetry
