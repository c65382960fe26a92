"""Every sentence that the TCP rules have is said of some frame of the bundled captures."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from labdissect.plugins.rule import Rule, render
from tests.conftest import BUILT, CAPTURES, built_in, judged

TCP_RULES = [rule for code, rule in sorted(built_in().rules.items()) if code.startswith("tcp.")]
UNFIRED = {
    ("tcp.data.segment", "again-old"): "only when the input has no times",
    ("tcp.keepalive", "untimed"): "only when the input has no times",
    ("tcp.keepalive-ack", "untimed"): "only when the input has no times",
    ("tcp.open.relative", "raw"): "only when relative numbers are off; see test_opening.py",
    ("tcp.loss.path-mtu", "other"): "only when routers do not report each segment that is too large; see test_loss.py",
}


def said() -> set[tuple[str, str]]:
    """Code and wording of all verdicts of all captures; each is rendered in both languages on the way."""
    names = [path.stem for path in sorted(CAPTURES.glob("*.pcapng"))]
    names += [f"built/{path.stem}" for path in sorted(BUILT.glob("tcp-*.pcap*"))]
    found = set()
    for name in names:
        for verdicts in judged(name).verdicts.values():
            for verdict in verdicts:
                found.add((verdict.rule.code, verdict.wording))
                assert "{" not in render(verdict) + render(verdict, "zh")
    return found


@pytest.fixture(scope="module")
def wordings() -> set[tuple[str, str]]:
    return said()


@pytest.mark.parametrize("rule", TCP_RULES, ids=lambda rule: rule.code)
def test_every_wording_is_used(rule: Rule, wordings: set[tuple[str, str]]) -> None:
    for wording in rule.wordings:
        assert ((rule.code, wording) in wordings) != ((rule.code, wording) in UNFIRED), wording


def maker() -> ModuleType:
    """tests/data/built/make_tcp.py."""
    spec = importlib.util.spec_from_file_location("make_tcp", BUILT / "make_tcp.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_built_captures_are_what_the_script_builds() -> None:
    script = maker()
    for name in script.SCENES:
        assert (BUILT / f"{name}.pcap").read_bytes() == script.built(name), f"run {script.__file__}"
    for name in script.CUTS:
        assert (BUILT / f"{name}.pcap").is_file()
