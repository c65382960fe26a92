"""Captures read and written beside tshark: pcapng with packet comments."""
