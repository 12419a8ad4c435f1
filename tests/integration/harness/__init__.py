"""What the integration and chaos tests share: the gateway process, a byte-level upstream, a byte-level client."""
