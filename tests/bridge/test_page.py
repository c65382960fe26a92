"""Pages keep within the terminal."""

from __future__ import annotations

import pytest

from labdissect.bridge.escape import width
from labdissect.bridge.page import Page, terminal_width
from tests.bridge.program import labdissect

LONG = "NOP; NOP; timestamps TSval 2639682473, …"
MEANING = "options, padded to a multiple of 4 bytes"


def printed(capsys: pytest.CaptureFixture[str], rows: list[tuple[str, ...]]) -> list[str]:
    Page().table(rows)
    return capsys.readouterr().out.splitlines()


def test_a_wide_value_wraps_beside_its_meaning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = printed(capsys, [("  tcp.window_size_scalefactor", "1024", "a factor"), ("  tcp.options", LONG, MEANING)])
    assert lines == [
        "  tcp.window_size_scalefactor  1024                     a factor",
        "  tcp.options                  NOP; NOP; timestamps     options, padded to a",
        "                               TSval 2639682473, …      multiple of 4 bytes",
    ]


def test_nothing_wraps_that_has_room(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert printed(capsys, [("tcp.options", LONG, MEANING), ("a", "", "b")]) == [
        f"tcp.options  {LONG}  {MEANING}",
        "a" + " " * (11 + 2 + width(LONG) + 2 - 1) + "b",
    ]


def test_names_are_never_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "tcp.window_size_scalefactor"
    assert printed(capsys, [(name, MEANING)]) == [name, "        options, padded to a multiple of", "        4 bytes"]
    lines = printed(capsys, [("0", "RFC 8446 §4.1.2, Client Hello", name, MEANING)])
    assert lines[0] == "0  RFC 8446 §4.1.2,        tcp.window_size_scalefactor"
    assert max(map(width, lines[1:])) <= 40


@pytest.mark.parametrize("columns", [80, 100, 120])
@pytest.mark.parametrize("layer", ["tls", "icmpv6", "dhcp"])
def test_headers_keep_within_the_terminal(columns: int, layer: str) -> None:
    ran = labdissect("layers", layer, changes={"COLUMNS": str(columns)})
    assert ran.code == 0 and max(map(width, ran.text.splitlines())) <= columns


@pytest.mark.parametrize("given", ["9" * 20, "9" * 5000, "²", "-5", "x", "0"])
def test_a_width_that_no_terminal_has_counts_for_nothing(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    without = terminal_width()
    monkeypatch.setenv("COLUMNS", given)
    assert terminal_width() == without
    monkeypatch.setenv("COLUMNS", "77")
    assert terminal_width() == 77
