"""Plugins written for one test, and what is found in them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from labdissect.bridge.inspection.author import AuthorsFiles, Finding
from labdissect.bridge.inspection.checked import Check, checked
from labdissect.bridge.tshark_options import Options

IMPORTS = """\
from construct import Bytes, GreedyBytes, Int8ub, Int16ub, Struct
from labdissect import BaseAnalyzer, Column, Evidence, Explanation, Layer, Rule, Text, Verdict, hookimpl, note
"""
LINES_BEFORE = IMPORTS.count("\n")


def plugin(folder: Path, source: str, name: str = "labtest") -> Path:
    """A plugin file; its first line is line ``LINES_BEFORE + 1``."""
    path = folder / f"{name}.py"
    path.write_text(IMPORTS + source, encoding="utf-8")
    return path


def check(folder: Path, source: str, *captures: Path | str, **settings: str) -> Check:
    """The whole look at a plugin of this source."""
    return checked(str(plugin(folder, source)), [str(one) for one in captures], (), Options(), settings)


def said(findings: list[Finding], severity: str | None = None) -> list[str]:
    """``line: message`` of each finding; lines as the source counts them."""
    return [
        f"{one.line - LINES_BEFORE if one.line is not None else '-'}: {one.message}"
        for one in findings
        if severity in (None, one.severity)
    ]


def errors(found: Check) -> list[str]:
    return said(found.findings, "error")


def warnings(found: Check) -> list[str]:
    return said(found.findings, "warning")


def files_of(path: Path) -> AuthorsFiles:
    """A file's syntax without running it."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    return AuthorsFiles(module, str(path))
