// Tells systemd what the daemon is doing (sd_notify(3)): one datagram to $NOTIFY_SOCKET, no library needed.
#pragma once

#include <string_view>

namespace fluxgate::app {

// Does nothing outside systemd. `state` is e.g. "READY=1" or "STOPPING=1".
void notify_systemd(std::string_view state);

}  // namespace fluxgate::app
