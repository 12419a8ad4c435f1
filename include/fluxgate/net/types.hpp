// The names Asio's types have in this project.
//
// Everything is bound to io_context's own executor, not to any_io_executor: dispatch then costs half (measured, see
// docs/decisions/002-threads-and-coroutines.md).
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>

#include "fluxgate/net/socket.hpp"

namespace fluxgate::net {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

using Executor = asio::io_context::executor_type;

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

// How an operation on a stream ended. size counts bytes done, also when an error ended it early.
struct IoResult {
  error_code error;
  std::size_t size;
};

}  // namespace fluxgate::net
