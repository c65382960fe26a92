from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdissect.bridge.pcapng.blocks import (
    BIG,
    COMMENT_LIMIT,
    LITTLE,
    MARK,
    PACKETS,
    SECTION,
    BlockWriter,
    CutShort,
    Damaged,
    announced_length,
    blocks,
    commented,
    fitted,
    has_room,
    without_ours,
)

from .built import ARP, block, enhanced, files, interface, obsolete, option, option_lists, section, simple


def rewritten(data: bytes, comments: Sequence[bytes]) -> bytes:
    """The file with these comments on every packet."""
    out = io.BytesIO()
    writer = BlockWriter(out)
    for one in blocks(io.BytesIO(data)):
        if one.kind in PACKETS:
            writer.write_bytes(commented(one, comments))
        else:
            writer.write(one)
    writer.end_section()
    return out.getvalue()


class Dripping(io.BytesIO):
    """Gives little at a time, as a pipe may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(7)


texts = st.lists(st.text(max_size=50).map(lambda text: fitted(text)[0]), min_size=1, max_size=3)


@settings(deadline=None, max_examples=30)
@given(files(), texts)
def test_comments_taken_out_again_leave_the_file_as_it_was(data: bytes, comments: list[bytes]) -> None:
    once = rewritten(data, comments)
    assert rewritten(once, ()) == data
    assert rewritten(once, comments) == once, "a second run adds nothing"


@settings(deadline=None, max_examples=30)
@given(files())
def test_without_comments_nothing_changes(data: bytes) -> None:
    assert rewritten(data, ()) == data
    assert b"".join(one.data for one in blocks(Dripping(data))) == data


@settings(deadline=None, max_examples=30)
@given(files(), texts)
def test_only_packets_and_announced_lengths_change(data: bytes, comments: list[bytes]) -> None:
    before, after = list(blocks(io.BytesIO(data))), list(blocks(io.BytesIO(rewritten(data, comments))))
    assert [one.kind for one in before] == [one.kind for one in after]
    for old, new in zip(before, after, strict=True):
        if old.kind == SECTION:
            assert new.data[:16] + new.data[24:] == old.data[:16] + old.data[24:]
        elif not has_room(old):
            assert new.data == old.data
        else:
            captured = old.order.lengths(old.data, 20)[0]
            end = 28 + captured + (-captured & 3)
            assert new.data[8:end] == old.data[8:end]
            assert all(comment in new.data[end:] for comment in comments)
            kept = old.data[end:-4]
            assert kept in new.data[end:] or kept == bytes(4)


@settings(deadline=None, max_examples=30)
@given(files(), texts)
def test_announced_lengths_are_right(data: bytes, comments: list[bytes]) -> None:
    length = announced = None
    for one in [*blocks(io.BytesIO(rewritten(data, comments))), None]:
        if one is None or one.kind == SECTION:
            assert announced in (None, -1, length)
            if one is not None:
                length, announced = 0, announced_length(one)
        else:
            assert length is not None
            length += len(one.data)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from("<>").flatmap(option_lists), st.sampled_from((LITTLE, BIG)))
def test_options_of_others_are_never_taken_for_ours(options: bytes, order: object) -> None:
    assert without_ours(options, order) == options  # type: ignore[arg-type]


def test_definitions_read_what_they_build() -> None:
    for order in (LITTLE, BIG):
        for definition in (order.enhanced_packet, order.obsolete_packet, order.simple_packet, order.section):
            size = definition.sizeof()
            raw = bytes(range(1, size + 1))
            assert definition.build(definition.parse(raw)) == raw
    parsed = BIG.enhanced_packet.parse(enhanced(">", time=0x0102030405060708, interface=3, original=99))
    assert (parsed.interface_id, parsed.timestamp_high, parsed.captured_length) == (3, 0x01020304, len(ARP))
    assert parsed.original_length == 99
    assert LITTLE.obsolete_packet.parse(obsolete()).drops_count == 7


def test_ours_come_first_and_others_stay() -> None:
    packet = enhanced(options=option(1, b"mine") + option(2, b"\1\0\0\0") + bytes(4))
    found = list(blocks(io.BytesIO(section() + interface() + packet)))[2]
    assert commented(found, [b"first" + MARK, b"second" + MARK]) == enhanced(
        options=option(1, b"first" + MARK)
        + option(1, b"second" + MARK)
        + option(1, b"mine")
        + option(2, b"\1\0\0\0")
        + bytes(4)
    )


def test_a_simple_packet_has_no_room() -> None:
    found = list(blocks(io.BytesIO(section() + interface() + simple())))[2]
    assert not has_room(found) and commented(found, [b"said" + MARK]) == simple()


def test_comments_are_cut_between_characters_and_say_so() -> None:
    exact, cut = fitted("x" * (COMMENT_LIMIT - len(MARK)))
    assert len(exact) == COMMENT_LIMIT and not cut
    for text in ("x" * COMMENT_LIMIT, "解" * 30000, "🦈" * 20000):
        short, cut = fitted(text)
        assert cut and COMMENT_LIMIT - 4 < len(short) <= COMMENT_LIMIT
        assert short.decode().endswith("…" + MARK.decode())
        assert text.startswith(short.decode().removesuffix("…" + MARK.decode()))


GOOD = section() + interface() + enhanced()


@pytest.mark.parametrize(
    ("data", "whole", "why"),
    [
        (b"", 0, None),
        (GOOD[:-1], 2, "ends within a block"),
        (GOOD + b"\6\0\0\0", 3, "ends within a block"),
        (GOOD + enhanced()[:20], 3, "ends within a block"),
        (b"\xd4\xc3\xb2\xa1" + bytes(40), 0, "no section begins"),
        (b"\n\r\r\n" + bytes(40), 0, "no section begins"),
        (GOOD + struct.pack("<LLL", 6, 8, 8), 3, "claims to have 8 bytes"),
        (GOOD + struct.pack("<LLL", 6, 0xFFFFFFF0, 8), 3, "claims to have 4294967280 bytes"),
        (GOOD + block(6, bytes(20))[:-4] + struct.pack("<L", 36), 3, "two different lengths"),
    ],
)
def test_damage_ends_it_behind_the_last_whole_block(data: bytes, whole: int, why: str | None) -> None:
    found = []
    try:
        for one in blocks(io.BytesIO(data)):
            found.append(one)
    except Damaged as damage:
        assert why is not None and why in str(damage)
        assert isinstance(damage, CutShort) == ("ends" in why)
    else:
        assert why is None
    assert len(found) == whole


def test_a_packet_that_does_not_fit_its_block_is_damage() -> None:
    wrong = bytearray(enhanced())
    wrong[20:24] = struct.pack("<L", 4000)
    found = list(blocks(io.BytesIO(section() + interface() + wrong)))[2]
    with pytest.raises(Damaged, match="claims 4000 captured bytes"):
        commented(found, [b"said" + MARK])


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    with suppress(Damaged):
        for one in blocks(io.BytesIO(section() + data)):
            if one.kind in PACKETS:
                commented(one, [b"said" + MARK])


def test_wireshark_reads_every_kind_of_block_that_was_changed(tmp_path: Path) -> None:
    """Comments without an end of options too, which is what a packet with nothing but an end gets."""
    parts = [section(), interface(), enhanced(), enhanced(options=bytes(4)), obsolete(options=option(1, b"mine"))]
    parts += [section(">"), interface(">"), enhanced(">", options=option(1, b"theirs", ">") + bytes(4))]
    file = tmp_path / "changed.pcapng"
    file.write_bytes(rewritten(b"".join(parts), [fitted("said")[0]]))
    command = ["tshark", "-r", str(file), "-T", "fields", "-E", "aggregator=|", "-e", "frame.comment"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    ours = "said [labdissect]"
    assert ran.stdout.splitlines() == [ours, ours, f"{ours}|mine", f"{ours}|theirs"]
