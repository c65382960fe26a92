from __future__ import annotations

import json

import pytest

from labdissect.plugins.rule import render
from tests.conftest import CAPTURES, ek, judge, judged
from tests.plugins.application import built


def wiresharks(name: str) -> dict[int, tuple[int, int, int, int]]:
    """By frame, what Wireshark reassembled there: segments, first and last of them, bytes."""
    found = {}
    for line in ek(name).splitlines():
        if b'"tcp_tcp_segment"' not in line:
            continue
        layers = json.loads(line.decode("utf-8", "replace"))["layers"]
        frames = [int(frame) for frame in layers["tcp_tcp_segment"]]
        number, size = int(layers["frame"]["frame_frame_number"]), int(layers["tcp_tcp_reassembled_length"])
        found[number] = (len(frames), frames[0], frames[-1], size)
    return found


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcapng")), ids=lambda path: path.stem)
def test_messages_span_the_segments_that_wireshark_joins(path: object) -> None:
    name = path.stem  # type: ignore[attr-defined]
    capture = judged(name)
    ours = {
        frame: (one.params["count"], one.params["first"], one.params["last"], one.params["size"])
        for frame in capture.frames("tcp.data.reassembled")
        for one in capture.verdicts[frame]
        if one.rule.code == "tcp.data.reassembled" and one.wording != "begins"
    }
    theirs = wiresharks(name)
    if name == "http-until-close":  # Wireshark counts the FIN, which carries nothing
        assert (theirs.pop(12), ours.pop(12)) == ((4, 6, 12, 3151), (3, 6, 10, 3151))
    assert ours == theirs


def test_two_passes_tell_the_same() -> None:
    for name in ("seed-stack-web", "http-post-expect", "http-pipelining"):
        once, twice = judged(name), judge(ek(name, "-2"))
        for code in ("tcp.data.reassembled", "http.response", "tls.alert-close"):
            assert once.frames(code) == twice.frames(code)


def test_the_frame_where_a_message_begins_knows_where_it_ends() -> None:
    begins = judged("seed-web").verdict(5, "tcp.data.reassembled")
    assert (begins.wording, begins.frame, begins.params["shown"]) == ("begins", 8, 8)
    assert "3131 bytes in 4 segments" in render(begins)
    assert not judged("seed-web").verdicts[12][0].rule.code.startswith("tcp.data.reassembled")


def test_nothing_is_claimed_when_bytes_are_missing() -> None:
    messages = built("messages")
    assert messages.verdict(5, "http.body-length").wording == "length"
    assert messages.verdict(8, "http.body-length").wording == "length-told"
    assert messages.verdict(10, "http.response").wording == "one"
    assert messages.frames("tcp.data.reassembled") == [21, 23]
