"""The profile on annotated captures: in tshark's eyes, and in Wireshark's own window."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from labdissect.bridge.wireshark_profile import BUTTONS, COLORS, COLUMNS
from tests.bridge.program import labdissect, quiet
from tests.bridge.wireshark_window import NEEDED, Picture, missing, picture, wireshark
from tests.conftest import capture_path

OF_PHASES = {"opening": "tcp.open.", "closing": ("tcp.fin.", "tcp.close.", "tcp.rst."), "loss": "tcp.loss."}


def annotated(folder: Path, name: str) -> Path:
    path = folder / f"{name}.pcapng"
    quiet(labdissect(capture_path(name), "-o", "pcapng", "-w", path))
    return path


def chosen(capture: Path, display_filter: str) -> set[int]:
    """The frames that a display filter chooses."""
    command = ["tshark", "-n", "-r", capture, "-Y", display_filter, "-T", "fields", "-e", "frame.number"]
    return set(map(int, subprocess.run(command, capture_output=True, check=True).stdout.split()))


@pytest.mark.parametrize("name", ["tcp-rto", "tcp-fast-retransmit-sack", "tcp-linger0-abort", "http-keepalive"])
def test_colors_choose_the_frames_that_they_are_about(tmp_path: Path, name: str) -> None:
    verdicts = [json.loads(line) for line in quiet(labdissect(capture_path(name), "-o", "jsonl")).lines]
    levels = ["chat", "note", "warn", "error"]
    highest: dict[int, str] = {}
    for verdict in verdicts:
        frame = verdict["about"]
        highest[frame] = max(highest.get(frame, "chat"), verdict["severity"], key=levels.index)
    capture = annotated(tmp_path, name)
    for color in COLORS:
        title = color.title.en
        found = chosen(capture, color.filter)
        if title in OF_PHASES:
            wanted = {verdict["about"] for verdict in verdicts if verdict["code"].startswith(OF_PHASES[title])}
            assert wanted <= found, title
            if title == "loss":
                assert wanted == found
        else:
            assert found == {frame for frame, severity in highest.items() if severity == title}, title


def test_buttons_are_filters_and_find_their_packets(tmp_path: Path) -> None:
    capture = annotated(tmp_path, "http-get")
    handshake, closing, loss, http, warnings = (chosen(capture, button.filter) for button in BUTTONS)
    assert handshake == {1, 2, 3}
    assert closing == set(range(min(closing), max(closing) + 1)) and len(closing) in (3, 4)
    assert http and not http & (handshake | closing)
    assert loss == warnings == set()
    assert chosen(annotated(tmp_path, "tcp-rto"), BUTTONS[2].filter)


def test_the_columns_hold_headline_and_severity(tmp_path: Path) -> None:
    formats = ",".join(f'"{column.title.en}","{column.format}"' for column in COLUMNS if "Cus" in column.format)
    command = ["tshark", "-n", "-r", annotated(tmp_path, "tcp-four-way-close"), "-o", f"gui.column.format:{formats}"]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    headlines = quiet(labdissect(capture_path("tcp-four-way-close"), "-o", "jsonl", "--only", "tcp.open.syn")).text
    assert rows[0].startswith("chat tcp.open.syn ")
    assert json.loads(headlines.splitlines()[0])["text"] in rows[0]
    assert len(rows) == 13


# in Wireshark's window


def in_window(home: Path, capture: Path) -> Picture:
    with wireshark(home, capture) as seen:
        return picture(seen)


@pytest.mark.skipif(
    bool(missing()), reason=f"needs {', '.join(NEEDED)} to look at Wireshark's window; missing: {', '.join(missing())}"
)
def test_wireshark_shows_verdicts_colors_and_a_filled_column(tmp_path: Path) -> None:
    name = "tcp-four-way-close"
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
    quiet(labdissect("wireshark", "install", changes=home))
    with_verdicts = in_window(tmp_path, annotated(tmp_path, name))
    without = in_window(tmp_path, capture_path(name))
    color = {one.title.en: one.background for one in COLORS}
    row = 10  # rows of pixels that a packet's row has at least
    assert with_verdicts.rows_of(color["opening"]) >= 2 * row  # the first of three is selected
    assert with_verdicts.rows_of(color["closing"]) >= 3 * row
    left = sum(column.width for column in COLUMNS[:6])
    part = (left + 10, left + 600, 120, 330)
    assert with_verdicts.dark(*part) > 3000
    assert without.dark(*part) < with_verdicts.dark(*part) / 10
