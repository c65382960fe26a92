"""What an input is found to be, by its first bytes, and what is said of one that we cannot read."""

from __future__ import annotations

import io
import os
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdissect.bridge.capture import open_capture
from labdissect.bridge.failures import UsageFailure
from labdissect.bridge.interruption import Interruption
from labdissect.bridge.loading import loaded
from labdissect.bridge.source import detected, others_stream, text_file
from tests.bridge.program import labdissect
from tests.conftest import CAPTURES, ek, tshark

NAME = "tcp-four-way-close"
READERS = loaded(look=False).readers
EK, PDML = READERS["ek"], READERS["pdml"]
MARK = b"\xef\xbb\xbf"


def file_of(folder: Path, content: bytes) -> Path:
    path = folder / "input"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("output", ["ek", "pdml", "jsonl"])
@pytest.mark.parametrize("as_file", [False, True])
def test_a_byte_order_mark_alone_is_an_empty_input(output: str, as_file: bool, tmp_path: Path) -> None:
    path = file_of(tmp_path, MARK)
    told = labdissect("-o", output, *((path,) if as_file else ()), stdin=MARK)
    empty = labdissect("-o", output)
    assert (told.code, told.out) == (empty.code, empty.out)
    assert told.err == empty.err.replace("standard input", str(path) if as_file else "standard input")
    assert "is empty: no packets\n" in told.err


@pytest.mark.parametrize("blank", [b"\n", MARK + b"\r\n", b" \t\n\n"])
def test_blanks_hold_no_packets(blank: bytes, tmp_path: Path) -> None:
    for ran in (labdissect(stdin=blank), labdissect(file_of(tmp_path, blank))):
        assert (ran.code, ran.out) == (0, blank)
        assert "holds no packets" in ran.err and ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[\n  {\n    "_index": "packets"', "JSON of `tshark -T json`"),
        (MARK + b"  [\n{", "JSON of `tshark -T json`"),
        (b'<?xml version="1.0"?>\n<psml version="0">', "PSML, which has no fields"),
        ("\ufeff{}".encode("utf-16-le"), "UTF-16 text"),
        (b"    1   0.000000 10.0.0.1", "neither tshark's EK nor PDML"),
        (bytes.fromhex("d4c3b2a102000400"), "a capture; pipe `tshark -r - -T ek` in between"),
    ],
)
def test_what_it_is_instead(content: bytes, said: str) -> None:
    ran = labdissect(stdin=content)
    assert (ran.code, ran.out) == (2, b"")
    assert ran.err.startswith(f"labdissect: standard input is {said}") and ran.err.count("\n") == 1
    with pytest.raises(UsageFailure, match=r"^the stream is "):
        others_stream(io.BytesIO(content), READERS.values(), EK)


def test_psml_as_tshark_prints_it(tmp_path: Path) -> None:
    ran = labdissect(file_of(tmp_path, tshark(NAME, "-T", "psml")))
    assert (ran.code, ran.out) == (2, b"") and "PSML, which has no fields; use `tshark -T pdml`" in ran.err


def test_a_capture_is_left_to_tshark() -> None:
    assert text_file(CAPTURES / f"{NAME}.pcapng", READERS.values(), Interruption(), EK) is None


def test_no_bytes_at_all_are_left_to_tshark(tmp_path: Path) -> None:
    assert text_file(file_of(tmp_path, b""), READERS.values(), Interruption(), EK) is None


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is a folder"), (tmp_path / "none", "there is no such file")):
        with pytest.raises(UsageFailure, match=why):
            text_file(path, READERS.values(), Interruption(), EK)


@pytest.mark.parametrize("url", ["http://127.0.0.1/lab/x.pcap", "s3://course/x.pcap", "memory://" + "x" * 300])
@pytest.mark.parametrize("arguments", [(), ("why",)])
def test_who_names_a_url_is_told_what_reads_it(url: str, arguments: tuple[str, ...]) -> None:
    ran = labdissect(*arguments, url, *(["1"] if arguments else []))
    said = f"cannot read {url}: only batch reads URLs: labdissect batch {url} -w FOLDER"
    assert (ran.code, ran.out, ran.err) == (2, b"", f"labdissect: {said}\n")
    with pytest.raises(UsageFailure, match=re.escape(said)):
        open_capture(url)


def test_a_file_may_be_called_like_a_url(tmp_path: Path) -> None:
    (tmp_path / "lab:").mkdir()
    (tmp_path / "lab:" / "x.json").write_bytes(ek(NAME))
    ran = labdissect("lab://x.json", folder=tmp_path)
    assert ran.code == 0 and ran.out.count(b'"labdissect":{') == 13


def test_a_named_pipe_is_read_like_any_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = ek(NAME)
    writing = threading.Thread(target=path.write_bytes, args=(data,))
    writing.start()
    ran = labdissect(path)
    writing.join()
    assert ran.code == 0 and ran.out.count(b'"labdissect":{') == 13


@pytest.mark.parametrize(("data", "reader"), [(ek(NAME), EK), (tshark(NAME, "-T", "pdml"), PDML)], ids=["ek", "pdml"])
@pytest.mark.parametrize("begin", [b"", MARK, b"\n \n", MARK + b"\n"], ids=repr)
def test_a_format_is_known_behind_blanks(data: bytes, reader: object, begin: bytes) -> None:
    source = others_stream(io.BytesIO(begin + data), READERS.values(), EK)
    assert source.reader is reader
    assert b"".join(source.chunks()) == begin + data


@given(st.binary(max_size=64))
def test_any_first_bytes_are_a_format_or_a_usage_failure(data: bytes) -> None:
    try:
        source = others_stream(io.BytesIO(data), READERS.values(), EK)
    except UsageFailure as failure:
        assert str(failure).startswith("the stream is ")
        assert detected(data, READERS.values()) is None
    else:
        assert b"".join(source.chunks()) == (b"" if data == MARK else data)


def test_a_stream_of_text_is_said() -> None:
    with pytest.raises(UsageFailure, match="open it in binary mode"):
        others_stream(io.StringIO("{}"), READERS.values(), EK)


def test_a_callers_stream_stays_open() -> None:
    stream = io.BytesIO(ek(NAME))
    others_stream(stream, READERS.values(), EK).close()
    assert not stream.closed
