"""HTTP/1: what was asked and answered, and which frames carried it (RFC 9110, RFC 9112)."""
