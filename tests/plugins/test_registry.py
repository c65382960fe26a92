"""What is collected from plugins, under which names, and what is refused with its author's line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from construct import GreedyBytes, Int8ub, Struct
from hypothesis import given
from hypothesis import strategies as st

from labdissect.dissectors.layer import Layer, Text
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.guard import GuardedAnalyzer
from labdissect.plugins.registry import BUILT_IN, PluginError, load, unusable

HEAD = "from construct import GreedyBytes, Int8ub, Struct\nfrom labdissect import *\nfrom labdissect import hookimpl\n"
TITLE = Text("Lab", "实验")


def plugin(folder: Path, text: str, name: str = "lab.py") -> str:
    path = folder / name
    path.write_text(HEAD + text, encoding="utf-8")
    return str(path)


def hook(name: str, body: str, arguments: str = "") -> str:
    """Its decorator is in line 4, ``def`` in line 5, the body in line 6."""
    return f"@hookimpl\ndef labdissect_{name}({arguments}):\n    {body}\n"


def layer(name: str = "labnew", member: str = "kind", over: object = (("udp.port", 9000),)) -> Layer:
    return Layer(name, TITLE, Struct(member / Int8ub, "rest" / GreedyBytes), over=over)  # type: ignore[arg-type]


def test_what_a_plugin_gives_is_known_by_name_and_giver(tmp_path: Path) -> None:
    text = hook("layers", 'return [Layer("labnew", Text("L", "实"), Struct("k" / Int8ub), over=(("udp.port", 1),))]')
    text += hook("rules", 'yield Rule("lab.said", "udp", "note", 1, Text("Said.", "已说。"))')
    text += hook("columns", 'return (Column("lab", Text("L", "实"), len),)')
    path = plugin(tmp_path, text)
    found = load([path], entry_points=False)
    for what, key, table in (
        ("layer", "labnew", found.layers),
        ("rule", "lab.said", found.rules),
        ("column", "lab", found.columns),
    ):
        assert key in table and found.givers[what, key] == "lab"
        assert not found.is_built_in(what, key)
    assert found.sources["lab"] == path and list(found.sources)[-1] == "lab"
    assert found.has_plugins and list(found.carried) == ["labnew"]


def test_the_built_in_ones_are_no_plugins() -> None:
    found = load(entry_points=False)
    assert not found.has_plugins and not found.carried
    assert set(found.sources.values()) == {BUILT_IN}
    assert {"tcp", "dns", "eth"} <= found.layers.keys()
    assert found.is_built_in("layer", "tcp") and found.is_built_in("rule", "arp.probe")


def test_a_plugins_analyzers_are_guarded_and_come_last(tmp_path: Path) -> None:
    text = 'class Own(BaseAnalyzer):\n    layers = ("udp",)\n' + hook("analyzers", "return [Own()]", "settings")
    found = load([plugin(tmp_path, text)], entry_points=False)
    analyzers = found.analyzers(Settings())
    assert [isinstance(one, GuardedAnalyzer) for one in analyzers] == [False] * (len(analyzers) - 1) + [True]
    found.judging = {"lab"}
    assert [one.name for one in found.analyzers(Settings()) if isinstance(one, GuardedAnalyzer)] == ["Own"]
    assert len(found.analyzers(Settings())) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [("Own", "returned the class Own; return an object of it: [Own()]"), ("5", "returned 5, no analyzer")],
)
def test_what_is_no_analyzer_is_refused(given: str, said: str, tmp_path: Path) -> None:
    text = 'class Own(BaseAnalyzer):\n    layers = ("udp",)\n' + hook("analyzers", f"return [{given}]", "settings")
    found = load([plugin(tmp_path, text)], entry_points=False)
    with pytest.raises(PluginError, match=re.escape(said)):
        found.analyzers(Settings())


RULE = 'Rule("{}", "udp", "note", 1, Text("Said.", "已说。"))'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (hook("rules", f"return {RULE.format('lab.one')}"), 4, "which is no list; write [ ] around it"),
        (hook("rules", "return [1]"), 4, "labdissect_rules returned 1, not a Rule"),
        (hook("rules", "return [undefined]"), 6, "NameError"),
        (hook("rules", "return []", "settings"), 4, "no parameter 'settings'; write def labdissect_rules()"),
        (hook("rulez", "return []"), 4, "did you mean labdissect_rules?"),
        (
            hook("rules", f"return [{RULE.format('lab.a')}, {RULE.format('lab.a')}]"),
            4,
            "returns two of code 'lab.a'; choose another",
        ),
        (hook("rules", f"return [{RULE.format('tcp.fin.first')}]"), 4, "is taken by plugin labdissect.plugins."),
        ("1 / 0\n", 4, "ZeroDivisionError"),
        ("def broken(:\n", 4, "invalid syntax"),
    ],
)
def test_what_is_wrong_is_said_with_the_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    path = plugin(tmp_path, text)
    with pytest.raises(PluginError, match=re.escape(said)) as caught:
        load([path], entry_points=False)
    assert caught.value.line in (line, line + 1)  # a decorated function begins with its decorator
    assert str(caught.value).startswith("plugin lab: ") or str(caught.value).startswith(f"plugin {path}: ")


def test_the_same_plugin_twice_and_files_that_are_none(tmp_path: Path) -> None:
    path = plugin(tmp_path, "")
    with pytest.raises(PluginError, match="a plugin named 'lab' is loaded already"):
        load([path, path], entry_points=False)
    with pytest.raises(PluginError, match="no such file"):
        load([str(tmp_path / "none.py")], entry_points=False)
    with pytest.raises(PluginError, match="a folder; name a Python file in it"):
        load([str(tmp_path)], entry_points=False)


@pytest.mark.parametrize("name", ["Lab", "9lab", "lab-x", "", "number", "source", "messages", "labdissect", "lab\n"])
def test_names_that_no_layer_may_have(name: str) -> None:
    assert repr(name) in unusable(layer(name))


@pytest.mark.parametrize("over", ["udp.port", ("udp.port", 9000), (("udp.port",),), {"udp.port": 1}, 9000])
def test_what_a_layer_rides_on_is_pairs(over: object) -> None:
    assert "is no tuple of pairs" in unusable(layer(over=over))


@given(st.text(alphabet="abz019_", min_size=1, max_size=12))
def test_a_usable_name_is_an_attribute_of_its_own(name: str) -> None:
    wrong = unusable(layer(f"lab{name}", f"own_{name}"))
    assert wrong == ""
    assert f"lab{name}".isidentifier()


@pytest.mark.parametrize("member", ["with space", "é", "9", "a/b"])
def test_members_that_no_layer_may_have(member: str) -> None:
    assert f"member {member!r}" in unusable(layer(member=member))
