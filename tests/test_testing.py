"""labdissect.testing: what it promises is there, and its own example works."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from labdissect import testing
from tests.bridge.program import ROOT, environment


def test_its_names_are_there() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)
    assert testing.__all__ == sorted(testing.__all__)


def test_its_example_works_under_pytest(tmp_path: Path) -> None:
    _, _, example = (testing.__doc__ or "").partition("::\n")
    (tmp_path / "test_lowttl.py").write_text(textwrap.dedent(example), encoding="utf-8")
    (tmp_path / "lowttl.py").write_bytes((ROOT / "examples" / "low_ttl.py").read_bytes())
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        capture_output=True,
        env=environment(),
        cwd=tmp_path,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout
