"""Every format on both seeds, read by a program that is not ours; all of them tell the same of the same packets.

EK is read by pyshark, PDML by xsltproc and pyshark, markdown by markdown-it, in tests of their own as well.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.written import written
from tests.conftest import CAPTURES, ek, tshark

SEEDS = {"seed-web": 2125, "seed-stack-web": 320}


@cache
def output(seed: str, name: str) -> bytes:
    return written(ek(seed, "-P", "-V"), name)


@cache
def rows(seed: str) -> list[dict[str, str]]:
    """By the csv module."""
    return list(csv.DictReader(io.StringIO(output(seed, "csv").decode(), newline="")))


@pytest.mark.parametrize("seed", SEEDS)
def test_csv_and_tsv_by_the_csv_module_and_polars(seed: str) -> None:
    pl = pytest.importorskip("polars")
    assert len(rows(seed)) == SEEDS[seed]
    info = tshark(seed, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol").decode().splitlines()
    assert [f"{row['number']}\t{row['protocol']}" for row in rows(seed)] == info
    by_tabs = list(
        csv.DictReader(io.StringIO(output(seed, "tsv").decode(), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    )
    assert by_tabs == rows(seed)
    frame = pl.read_csv(output(seed, "csv"), infer_schema=False)
    assert frame.fill_null("").to_dicts() == rows(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_json_and_jsonl(seed: str) -> None:
    packets = [one for one in json.loads(output(seed, "json")) if one["number"] is not None]
    assert [str(one["number"]) for one in packets] == [row["number"] for row in rows(seed)]
    assert [one["headline"] or "" for one in packets] == [row["headline"].removeprefix("'") for row in rows(seed)]
    lines = [json.loads(line) for line in output(seed, "jsonl").splitlines()]
    of_packets = [one["code"] for packet in packets for one in packet["verdicts"]]
    assert of_packets == [one["code"] for one in lines if one["frame"] is not None]
    assert "; ".join(of_packets).split("; ") == [code for row in rows(seed) for code in row["code"].split("; ") if code]


@pytest.mark.parametrize("seed", SEEDS)
def test_parquet_by_polars(seed: str) -> None:
    pl = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    frame = pl.read_parquet(io.BytesIO(output(seed, "parquet")), use_pyarrow=False)
    assert [str(number) for number in frame["number"].to_list()] == [row["number"] for row in rows(seed)]
    assert ["; ".join(codes) for codes in frame["code"].to_list()] == [row["code"] for row in rows(seed)]
    assert [state or "" for state in frame["state_client"].to_list()] == [row["state_client"] for row in rows(seed)]


@pytest.mark.parametrize("seed", SEEDS)
def test_conversations_by_polars(seed: str) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.read_ndjson(output(seed, "conversations"), infer_schema_length=None)
    streams = {int(one) for one in tshark(seed, "-T", "fields", "-e", "tcp.stream").split()}
    assert set(frame.filter(pl.col("proto") == "tcp")["stream"].to_list()) == streams


@pytest.mark.parametrize("seed", SEEDS)
def test_ek_by_json_beside_tsharks_own(seed: str) -> None:
    ours = [json.loads(line) for line in output(seed, "ek").splitlines()]
    theirs = [json.loads(line) for line in ek(seed, "-P", "-V").splitlines()]
    layers = [line["layers"].pop("labdissect") for line in ours if "layers" in line]
    assert ours == theirs
    verdicts = [layer.get("labdissect_labdissect_code", []) for layer in layers]
    assert ["; ".join(codes) for codes in verdicts] == [row["code"] for row in rows(seed)]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_table_has_every_packet(seed: str) -> None:
    lines = output(seed, "table").decode().splitlines()
    numbers = [line.split()[0] for line in lines if line[:5].strip().isdigit() and line[5:7] == "  "]
    assert numbers == [row["number"] for row in rows(seed)]
    assert any(line.startswith(f"{SEEDS[seed]:,} packets") for line in lines)


def test_a_parquet_file_of_the_program(tmp_path: Path) -> None:
    """A file that the program wrote, not the writer alone."""
    pl = pytest.importorskip("polars")
    from tests.bridge.program import COMMAND, environment

    file = tmp_path / "seed.parquet"
    command: list[Any] = [
        *COMMAND,
        CAPTURES / "seed-stack-web.pcapng",
        "-o",
        "parquet",
        "-w",
        file,
        "--only",
        "tcp.fin",
    ]
    subprocess.run(command, check=True, env=environment())
    assert set(pl.read_parquet(file)["code"].explode().str.slice(0, 7)) == {"tcp.fin"}
