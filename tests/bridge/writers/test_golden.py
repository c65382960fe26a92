"""What each output looks like, to the letter, on captures small enough to read; only TCP's verdicts, so that a new rule
of another layer changes nothing here.

After a change that is meant, ``LABDISSECT_GOLDEN=update pytest tests/bridge/writers/test_golden.py`` writes the files
anew; read their difference before committing it.
"""

from __future__ import annotations

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
