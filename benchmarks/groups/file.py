"""A capture FILE, of which tshark is asked for what the rules read, beside full EK and beside tshark alone."""

from __future__ import annotations

from benchmarks.bench import LABDISSECT, Bench, Captured
from benchmarks.measure import pairs, ratios, wall
from benchmarks.table import Row, Table, Target, figures
from labdissect.bridge.asking import asked_for
from labdissect.bridge.loading import PACKAGES
from labdissect.bridge.tshark import find
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.conversations import FIELDS
from labdissect.plugins.registry import load


def measure(bench: Bench) -> list[Table]:
    """Wall time."""
    rows = [
        *_rows("web", bench.web, bench.pairs, Target("≥", 4)),
        *_rows("small packets", bench.small, bench.pairs, Target("≥", 2)),
    ]
    note = f"`labdissect FILE -o conversations`; {bench.pairs} pairs."
    return [figures("A FILE", note, rows)]


def _rows(name: str, captured: Captured, count: int, wanted: Target) -> list[Row]:
    ours = f"{LABDISSECT} {captured.path} -o conversations --jobs 1 > /dev/null"
    full = pairs(ours, f"tshark -n -r {captured.path} -T ek > /dev/null", count)
    fields = " ".join(f"-e {field}" for field in asked())
    bare = pairs(ours, f"tshark -n -r {captured.path} -T ek {fields} > /dev/null", count)
    return [
        Row(f"times as fast as tshark -T ek alone, {name}", ratios(full, wall), wanted),
        Row(f"times as fast as tshark -e with its fields, {name}", ratios(bare, wall), Target("≥", 0.9)),
    ]


def asked() -> tuple[str, ...]:
    """The fields that the built-in rules read."""
    registry = load(extra_packages=PACKAGES, entry_points=False)
    wanted = [FIELDS, *(analyzer.fields for analyzer in registry.analyzers(Settings()))]
    return asked_for(wanted, registry.layers, find()).fields
