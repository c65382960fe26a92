"""What Wireshark calls its protocols and fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.bridge import tshark
from labdissect.bridge.failures import TsharkFailure
from labdissect.bridge.wireshark_names import fields, protocols


def test_names() -> None:
    path = tshark.find()
    assert protocols(path)["tcp"] == "Transmission Control Protocol"
    assert protocols(path)["rdt"] == "Real Data Transport"
    assert "labnote" not in protocols(path)
    assert {"tcp.seq", "ip.ttl", "rdt.packet"} <= fields(path)
    assert "tcp" not in fields(path)


def test_they_are_asked_for_once() -> None:
    path = tshark.find()
    assert fields(path) is fields(path)


@pytest.mark.parametrize("ask", [protocols, fields])
def test_a_tshark_that_says_nothing(ask: object, tmp_path: Path) -> None:
    silent = tmp_path / "tshark"
    silent.write_text("#!/bin/sh\nexit 3\n")
    silent.chmod(0o755)
    assert callable(ask)
    with pytest.raises(TsharkFailure, match=r"lists nothing .exit code 3."):
        ask(silent)
    with pytest.raises(TsharkFailure, match="cannot be run"):
        ask(tmp_path / "none")
