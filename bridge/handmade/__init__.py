"""Packets made by hand, for the tests of plugins: frames, and what tshark would print of them."""
