from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from labdissect.bridge import tables
from labdissect.plugins.writer import Record, Summary, WriterSettings
from tests.bridge.program import COMMAND, ROOT, environment, labdissect
from tests.bridge.written import fake_packet, written
from tests.conftest import CAPTURES, built_in, ek

pl = pytest.importorskip("polars")
pq = pytest.importorskip("pyarrow.parquet")


def frame(name: str, **settings: Any) -> Any:
    """Read back by a program that is not ours and does not use pyarrow."""
    return pl.read_parquet(io.BytesIO(written(ek(name), "parquet", **settings)), use_pyarrow=False)


def test_types_are_the_documented_ones() -> None:
    found = frame("seed-stack-web")
    documented = re.findall(r"^(\w+) +(int64|double|string|timestamp\S* UTC]|list<\w+>) ", tables.__doc__ or "", re.M)
    spelt = {
        "int64": pl.Int64,
        "double": pl.Float64,
        "string": pl.String,
        "timestamp[ns, UTC]": pl.Datetime("ns", "UTC"),
        "list<int64>": pl.List(pl.Int64),
        "list<string>": pl.List(pl.String),
    }
    assert {name: spelt[kind] for name, kind in documented} == dict(found.schema)
    assert tuple(name for name, _ in documented) == tables.PACKETS


def test_polars_reads_what_the_other_formats_say() -> None:
    found = frame("seed-stack-web")
    lines = [line.split("\t") for line in written(ek("seed-stack-web"), "tsv").decode().splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert found["number"].to_list() == [int(row["number"]) for row in rows]
    assert [text or "" for text in found["headline"].to_list()] == [row["headline"] for row in rows]
    assert ["; ".join(codes) for codes in found["code"].to_list()] == [row["code"] for row in rows]
    assert [f"{one:.6f}" for one in found["time"].to_list()] == [row["time"] for row in rows]
    assert found["epoch"].is_sorted() and found["epoch"].null_count() == 0


def test_a_chosen_field_has_its_own_type() -> None:
    found = frame(
        "tcp-four-way-close",
        chosen=("tcp.seq_raw", "tcp.flags.syn", "ip.src", "tcp.analysis.acks_frame", "tcp.time_relative"),
    )
    assert dict(found.schema) == {
        "tcp.seq_raw": pl.Int64,
        "tcp.flags.syn": pl.Boolean,
        "ip.src": pl.String,
        "tcp.analysis.acks_frame": pl.String,
        "tcp.time_relative": pl.String,
    }
    assert found["tcp.flags.syn"].to_list()[:3] == [True, True, False]


def test_memory_holds_one_group_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BATCH_ROWS", 100)
    out = io.BytesIO()
    writer = built_in().writers["parquet"].make(out, WriterSettings())
    sizes = []
    for number in range(1, 1051):
        writer.packet(Record(b""), fake_packet(number, info="hello"), ())
        sizes.append((writer._rows.count, out.tell()))  # type: ignore[attr-defined]
    assert max(count for count, _ in sizes) < 100
    assert len({written for _, written in sizes}) >= 10
    writer.end(Summary(), ())
    file = pq.ParquetFile(io.BytesIO(out.getvalue()))
    assert (file.num_row_groups, file.metadata.num_rows) == (11, 1050)
    assert file.schema_arrow.metadata[b"labdissect.schema"] == b"1"


def test_to_a_pipe_and_to_a_file_it_is_the_same(tmp_path: Path) -> None:
    capture = CAPTURES / "tcp-four-way-close.pcapng"
    piped = labdissect(capture, "-o", "parquet")
    assert piped.code == 0
    assert labdissect(capture, "-o", "parquet", "-w", tmp_path / "a.parquet").code == 0
    assert (tmp_path / "a.parquet").read_bytes() == piped.out


def test_several_files_do_not_fit_into_one() -> None:
    capture = CAPTURES / "tcp-four-way-close.pcapng"
    ran = labdissect(capture, capture, "-o", "parquet")
    assert ran.code == 2 and "-o parquet takes one file" in ran.err


def test_without_pyarrow_it_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ImportError('no pyarrow')")
    ran = subprocess.run(
        [*COMMAND, CAPTURES / "tcp-four-way-close.pcapng", "-o", "parquet"],
        capture_output=True,
        env=environment({"PYTHONPATH": f"{tmp_path}:{ROOT}"}),
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.decode() == ("labdissect: pyarrow is needed and not installed: pip install labdissect[parquet]\n")


def test_text_that_utf8_cannot_hold() -> None:
    out = io.BytesIO()
    writer = built_in().writers["parquet"].make(out, WriterSettings(chosen=("info",)))
    writer.packet(Record(b""), fake_packet(info="a\ud800b"), ())
    writer.end(Summary(), ())
    assert pl.read_parquet(io.BytesIO(out.getvalue()))["info"].to_list() == ["a?b"]


def test_later_verdicts_of_a_file_are_in_their_packets_row(tmp_path: Path) -> None:
    """As csv has them; on a pipe the row is written before they come."""
    capture = CAPTURES / "tcp-cut-off-end.pcapng"
    assert labdissect(capture, "-o", "parquet", "-w", tmp_path / "a.parquet").code == 0
    last = pl.read_parquet(tmp_path / "a.parquet").row(-1, named=True)
    assert last["code"][-1] == "tcp.close.unseen" and last["about"][-1] == last["number"] == 12
    assert len(last["verdict"]) == len(last["code"])
    table = labdissect(capture, "-o", "csv", "--columns", "code,severity,headline").text.splitlines()
    assert table[-1].split(",")[0] == "; ".join(last["code"])
    assert "tcp.close.unseen" not in frame("tcp-cut-off-end").row(-1, named=True)["code"]
