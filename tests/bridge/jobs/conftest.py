"""What several of the tests here read."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.testing import Frame, write_pcap
from tests.bridge.jobs.made import connection


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,300 packets of 300 connections."""
    frames: list[Frame] = [frame for number in range(300) for frame in connection(number)]
    return write_pcap(tmp_path_factory.mktemp("many") / "many.pcap", frames)
