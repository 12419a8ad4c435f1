// The bytes of a request as one target gets them: a head of our own, and the client's body with the model name replaced
// where it stands (and, for a stream, the wish for usage put in).
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/container/small_vector.hpp>
#include <span>
#include <string>
#include <string_view>

#include "fluxgate/gateway/request.hpp"
#include "fluxgate/gateway/snapshot.hpp"

namespace fluxgate::gateway {

class UpstreamRequest {
 public:
  // Refers to `request` and `target`, which must outlive it. `key`: the credential of a provider that has several.
  UpstreamRequest(const ClientRequest& request, const TargetRuntime& target, const Secret* key = nullptr);
  UpstreamRequest(const UpstreamRequest&) = delete;
  UpstreamRequest& operator=(const UpstreamRequest&) = delete;

  std::span<const boost::asio::const_buffer> buffers() const { return buffers_; }
  // The client did not ask for usage but the upstream is asked: what it sends must be hidden.
  bool hides_usage() const { return hides_usage_; }

 private:
  // A replacement of a range of the body; an empty range is an insertion.
  struct Edit {
    json::Span span;
    std::string_view text;
  };
  void edit_model();
  void ask_for_usage();
  void build_head(const Secret* key);
  void build_body();

  const ClientRequest& request_;
  const TargetRuntime& target_;
  bool hides_usage_ = false;
  std::string head_;
  std::string model_;  // the replacement, if it is not the target's ready one
  boost::container::small_vector<Edit, 4> edits_;
  boost::container::small_vector<boost::asio::const_buffer, 8> buffers_;
};

}  // namespace fluxgate::gateway
