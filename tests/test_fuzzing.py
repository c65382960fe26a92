"""Whatever a payload holds, the layers of plugins read it or say that they cannot; 100,000 payloads with
``LABDISSECT_FUZZ=100000``, a few hundred else."""

from __future__ import annotations

import os
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import FRAMES, survives

PAYLOADS = int(os.environ.get("LABDISSECT_FUZZ", "400"))


@settings(max_examples=max(1, PAYLOADS // FRAMES), deadline=None, database=None)
@given(st.integers(0, 2**64))
def test_hostile_payloads(seed: int) -> None:
    survives(Random(seed))
