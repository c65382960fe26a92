"""TLS, as far as it is not encrypted (RFC 8446, RFC 5246)."""
