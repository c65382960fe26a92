"""The examples, loaded as ``--plugin`` loads them, and captures judged with one of them beside all that is built in."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from labdissect.bridge.loading import PACKAGES
from labdissect.plugins.registry import Registry, load
from tests.conftest import CAPTURES, DATA, Annotated, judge

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
EXAMPLE_DATA = DATA / "examples"


@lru_cache(maxsize=16)
def with_example(name: str) -> Registry:
    """Everything that is built in and one example."""
    return load([str(EXAMPLES / f"{name}.py")], extra_packages=PACKAGES, entry_points=False)


@lru_cache(maxsize=16)
def module(name: str) -> Any:
    """The example as a module of its own, for what it defines."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    made: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made  # dataclasses look their module up
    spec.loader.exec_module(made)
    return made


def capture(name: str) -> Path:
    """A capture of tests/data/examples or tests/data/captures."""
    candidates = [folder / f"{name}{kind}" for folder in (EXAMPLE_DATA, CAPTURES) for kind in (".pcapng", ".pcap")]
    return next(path for path in candidates if path.is_file())


@lru_cache(maxsize=64)
def ek(name: str) -> bytes:
    """tshark's EK of a capture."""
    command = ["tshark", "-n", "-r", str(capture(name)), "-T", "ek"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@lru_cache(maxsize=64)
def judged(example: str, name: str) -> Annotated:
    """What labdissect finds in a capture with one example loaded."""
    return judge(ek(name), registry=with_example(example))


@lru_cache(maxsize=64)
def tshark_fields(name: str, *fields: str, where: str = "tcp || udp") -> list[list[str]]:
    """A row for each packet of a capture that a display filter chooses: what ``tshark -T fields`` prints."""
    command = ["tshark", "-n", "-r", str(capture(name)), "-Y", where, "-T", "fields"]
    command += [part for field in fields for part in ("-e", field)]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [line.split("\t") for line in printed.splitlines()]
