#include "fluxgate/net/interrupt.hpp"

namespace fluxgate::net {

Interrupt::Scope::Scope(Interrupt& interrupt, Stream* stream, Timer* timer)
    : interrupt_(interrupt), stream_(stream), timer_(timer), next_(interrupt.scopes_) {
  interrupt.scopes_ = this;
}

Interrupt::Scope::~Scope() {
  Scope** link = &interrupt_.scopes_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

void Interrupt::trigger(Reason reason) {
  if (reason_ != Reason::kNone && reason_ != Reason::kTimer) return;  // final
  reason_ = reason;
  for (Scope* scope = scopes_; scope != nullptr; scope = scope->next_) {
    if (scope->stream_ != nullptr) scope->stream_->cancel();
    if (scope->timer_ != nullptr) scope->timer_->cancel();
  }
}

void Interrupt::reset() {
  if (reason_ != Reason::kShutdown) reason_ = Reason::kNone;
  deadline_.clear();
}

}  // namespace fluxgate::net
