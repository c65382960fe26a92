"""The rooms are imported under labdissect only: under its bare name each would exist a second time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("bridge", "dissectors", "plugins")
BARE = re.compile(r"^\s*(?:from|import) +(bridge|dissectors|plugins)\b", re.MULTILINE)


@pytest.mark.parametrize("folder", [*ROOMS, "tests", "benchmarks", "examples"])
def test_no_file_imports_a_room_by_its_bare_name(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert not [path for path in files if BARE.search(path.read_text(encoding="utf-8"))]


def test_dependencies_between_rooms_run_one_way() -> None:
    forbidden = {"dissectors": ("plugins", "bridge"), "plugins": ("bridge",)}
    for room, others in forbidden.items():
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for other in others:
                assert f"labdissect.{other}" not in text, f"{path} uses {other}"
