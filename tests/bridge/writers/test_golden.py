"""What each output looks like, to the letter, on captures small enough to read; only TCP's verdicts, so that a new rule
of another layer changes nothing here.

After a change that is meant, ``LABDISSECT_GOLDEN=update pytest tests/bridge/writers/test_golden.py`` writes the files
anew; read their difference before committing it.
"""

from __future__ import annotations

import io
import json
import os
import re
from typing import Any

import pytest

from tests.bridge.written import written
from tests.conftest import DATA, ek, tshark

GOLDEN = DATA / "golden"
REFUSED, ABORTED, CUT = "tcp-rst-closed-port", "tcp-linger0-abort", "tcp-cut-off-end"
CASES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("refused.table-80.txt", REFUSED, "table", {"width": 80}),
    ("refused.table-120-zh.txt", REFUSED, "table", {"width": 120, "language": "zh"}),
    ("refused.table-200-color.txt", REFUSED, "table", {"width": 200, "color": True}),
    ("aborted.table-200.txt", ABORTED, "table", {"width": 200}),
    ("aborted.table-80-zh.txt", ABORTED, "table", {"width": 80, "language": "zh"}),
    ("cut.table-120.txt", CUT, "table", {"width": 120}),
    ("refused.tsv", REFUSED, "tsv", {}),
    ("refused.csv", REFUSED, "csv", {"file": "refused.pcapng"}),
    ("refused.jsonl", REFUSED, "jsonl", {}),
    ("refused.zh.jsonl", REFUSED, "jsonl", {"language": "zh"}),
    ("refused.conversations", REFUSED, "conversations", {}),
    ("aborted.conversations", ABORTED, "conversations", {"file": "aborted.pcapng"}),
    ("cut.conversations", CUT, "conversations", {}),
    ("refused.pdml", REFUSED, "pdml", {}),
]


@pytest.mark.parametrize(("file", "capture", "output", "settings"), CASES, ids=[case[0] for case in CASES])
def test_output_is_as_it_was(file: str, capture: str, output: str, settings: dict[str, Any]) -> None:
    data = tshark(capture, "-T", "pdml") if output == "pdml" else ek(capture)
    found = written(data, output, only=("tcp",), **settings)
    if output == "pdml":  # the rest is tshark's, and differs by version
        found = b"".join(re.findall(rb'  <proto name="labdissect".*?</proto>\n', found, flags=re.DOTALL))
    path = GOLDEN / file
    if os.environ.get("LABDISSECT_GOLDEN") == "update":
        path.write_bytes(found)
    assert found.decode() == path.read_bytes().decode()


LIVES = ("tcp.open.syn", "tcp.open.syn-ack", "tcp.open.ack", "tcp.fin", "tcp.close")
"""Of the seeds, which are long, what opens and closes connections."""
SEEDS = ("seed-web", "seed-stack-web")
FORMATS = ("ek", "pdml", "table", "markdown", "tsv", "csv", "json", "jsonl", "parquet", "conversations")
ENDS = "frame.number < 40 || frame.number > 2117"
"""PDML of the larger seed has 70 MB; its ends will do."""


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_format_on_both_seeds(seed: str, output: str) -> None:
    if output == "parquet":
        pytest.importorskip("pyarrow")
    shorter = ("-Y", ENDS) if seed == "seed-web" else ()
    data = tshark(seed, "-T", "pdml", *shorter) if output == "pdml" else ek(seed)
    found = ours(output, written(data, output, only=LIVES, width=160))
    path = GOLDEN / f"{seed}.{output}"
    if os.environ.get("LABDISSECT_GOLDEN") == "update":
        path.write_bytes(found)
    assert found.decode() == path.read_bytes().decode()


def ours(output: str, found: bytes) -> bytes:
    """The part of an output that is ours and can be read: of EK and PDML our layers where they say something, of
    Parquet its rows."""
    if output == "ek":
        layers = re.findall(rb'"labdissect":\{.*\}(?=\}\}\n)', found)
        return b"\n".join(one for one in layers if b"_verdict" in one) + b"\n"
    if output == "pdml":
        protos = re.findall(rb'  <proto name="labdissect".*?</proto>\n', found, flags=re.DOTALL)
        return b"".join(one for one in protos if b"labdissect.verdict" in one)
    if output == "parquet":
        from pyarrow import parquet

        read = parquet.read_table(io.BytesIO(found))
        at = read.column_names.index("epoch")
        read = read.set_column(at, "epoch", read["epoch"].cast("int64"))
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in read.to_pylist())
    return found
