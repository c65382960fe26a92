"""What is wrong with a plugin before a packet is read, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from labdissect.bridge.inspection.checked import checked
from labdissect.bridge.inspection.definitions import about_layer, about_rule, tables
from labdissect.bridge.tshark_options import Options
from labdissect.plugins.registry import Registry
from tests.bridge.inspection.plugin_files import check, errors, files_of, plugin, warnings

SOUND = """
LAYER = Layer(
    "labtest",
    Text("test", "测试"),
    Struct("kind" / Int8ub * note("kind", "类型")),
    source="handout",
    over=(("udp.port", 9002),),
)
SEEN = Rule(
    "labtest.seen",
    "labtest",
    "chat",
    1,
    Text("Kind {kind}.", "类型 {kind}。"),
    ("handout",),
    None,
    Explanation(Text("a", "一"), Text("b", "二"), Text("c", "三")),
)


class Seen(BaseAnalyzer):
    layers = ("labtest",)

    def analyze(self, packet):
        yield Verdict(SEEN, packet.number, {"kind": packet.labtest.kind})


@hookimpl
def labdissect_layers():
    return [LAYER]


@hookimpl
def labdissect_rules():
    return [SEEN]


@hookimpl
def labdissect_analyzers(settings):
    return [Seen()]


@hookimpl
def labdissect_columns():
    return [Column("labtest", Text("kind", "类型"), lambda packet: packet.labtest and packet.labtest.kind)]
"""


def test_a_sound_plugin_has_no_findings(tmp_path: Path) -> None:
    found = check(tmp_path, SOUND)
    assert found.findings == []
    assert found.added is not None
    assert (list(found.added.layers), list(found.added.rules), list(found.added.columns)) == (
        ["labtest"],
        ["labtest.seen"],
        ["labtest"],
    )
    assert [one.name for one in found.analyzers] == ["Seen"]


KIND = '{"kind": packet.labtest.kind}'
SAID = 'Text("Kind {kind}.", "类型 {kind}。")'
EXPLAINED = 'Explanation(Text("a", "一"), Text("b", "二"), Text("c", "三"))'
HEADING = 'Text("kind", "类型"), lambda'


def line_of(source: str, beginning: str) -> int:
    """The number of the first line that begins like this."""
    lines = [line.strip() for line in source.splitlines()]
    return 1 + next(at for at, line in enumerate(lines) if line.startswith(beginning))


@pytest.mark.parametrize(
    ("of", "instead", "line", "error"),
    [
        ('"udp.port"', '"udp.prot"', "LAYER", "layer labtest: nothing is chosen by udp.prot (did you mean udp.port?)"),
        ('("labtest",)\n', '("labtset",)\n', "class", "Seen: there is no layer labtset (did you mean labtest?)"),
        ('("labtest",)\n', "()\n", "class", "Seen: layers names no layer, so it sees no packet"),
        ('"labtest",\n    "chat"', '"labtset",\n    "chat"', "SEEN", "rule labtest.seen: there is no layer labtset"),
        ('"labtest.seen"', '"seen"', "SEEN", "rule seen: a code is words of a-z, 0-9, - and _ with dots"),
        (
            "类型 {kind}。",
            "类型 {sort}。",
            "SEEN",
            "rule labtest.seen: its texts have different placeholders: {kind} in",
        ),
        (SAID, '"Kind"', "SEEN", "TypeError: rule labtest.seen: its text is str; write Text(English, Chinese)"),
        (KIND, '{"sort": 1}', "yield", "rule labtest.seen asks for {kind}, which this verdict does not give"),
        (KIND, "dict(sort=1)", "yield", "rule labtest.seen asks for {kind}, which this verdict does not give"),
        (KIND, '{"kind": 1}, (), "loud"', "yield", "rule labtest.seen has no wording 'loud'; it has: ''"),
        ("@hookimpl\ndef labdissect_c", "def labdissect_c", "def labdissect_c", "labdissect_columns is not marked"),
    ],
)
def test_errors_name_their_line(tmp_path: Path, of: str, instead: str, line: str, error: str) -> None:
    assert SOUND.count(of) == 1
    source = SOUND.replace(of, instead)
    found = errors(check(tmp_path, source))
    assert [one for one in found if one.startswith(f"{line_of(source, line)}: {error}")], found


@pytest.mark.parametrize(
    ("of", "instead", "line", "error"),
    [
        (
            '"kind" / Int8ub',
            '"items" / Int8ub',
            "labdissect_layers",
            "layer labtest: member 'items' means something else",
        ),
        (
            '(("udp.port", 9002),)',
            '("udp.port", 9002)',
            "labdissect_layers",
            "layer 'labtest': over=('udp.port', 9002) is no tuple of pairs; write over=((",
        ),
        ('("labtest",)\n', '"labtest"\n', "labdissect_analyzers", "Seen.layers is a text; write layers = ('labtest',)"),
        ("(BaseAnalyzer)", "", "labdissect_analyzers", "labdissect_analyzers returned <"),
    ],
)
def test_what_the_registry_refuses_is_one_error_at_its_hook(
    tmp_path: Path, of: str, instead: str, line: str, error: str
) -> None:
    assert SOUND.count(of) == 1
    source = SOUND.replace(of, instead)
    hook = line_of(source, f"def {line}") - 1  # a function begins with its decorator
    (found,) = errors(check(tmp_path, source))
    assert found.startswith(f"{hook}: {error}")


@pytest.mark.parametrize(
    ("of", "instead", "line", "warning"),
    [
        ('Text("test", "测试")', 'Text("test", "")', "LAYER", "layer labtest: its title has no Chinese text"),
        ('    source="handout",\n', "", "LAYER", "layer labtest: no source says where its fields are specified"),
        (' * note("kind", "类型")', "", "Struct", "layer labtest: nothing says what kind means; add * note("),
        ('note("kind", "类型")', 'note("kind", "")', "Struct", "layer labtest: the note of kind has no Chinese text"),
        (SAID, 'Text("Kind {kind}.", "")', "SEEN", "rule labtest.seen: there is no Chinese text for 'Kind {kind}.'"),
        ('("handout",)', "()", "SEEN", "rule labtest.seen: no sources; name the RFC or the handout's section"),
        (EXPLAINED, "None", "SEEN", "rule labtest.seen: no explanation, so `labdissect explain labtest.seen`"),
        (HEADING, 'Text("kind", ""), lambda', "return [Column", "column labtest: its title has no Chinese text"),
        (
            '    over=(("udp.port", 9002),),\n',
            "",
            "LAYER",
            "layer labtest: it rides on nothing (over=…), and Wireshark",
        ),
    ],
)
def test_warnings_name_their_line(tmp_path: Path, of: str, instead: str, line: str, warning: str) -> None:
    assert SOUND.count(of) == 1
    source = SOUND.replace(of, instead)
    found = check(tmp_path, source)
    assert errors(found) == []
    assert [one for one in warnings(found) if one.startswith(f"{line_of(source, line)}: {warning}")], warnings(found)


HOOK = "@hookimpl\ndef labdissect_rules():\n    return "


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x = (\n", "1: '(' was never closed"),
        ("\nraise ValueError('no')\n", "2: ValueError: no"),
        (
            HOOK.replace("rules", "ruels") + "[]\n",
            "1: there is no hook labdissect_ruels (did you mean labdissect_rules?)",
        ),
        (HOOK + "[Text('a')]\n", "3: labdissect_rules: TypeError: Text.__new__() missing"),
        (HOOK + "[1]\n", "1: labdissect_rules returned 1, not a Rule"),
        (
            HOOK.replace("()", "(cli)") + "[]\n",
            "1: labdissect_rules has no parameter 'cli'; write def labdissect_rules()",
        ),
        (HOOK + "Rule('a.b', 'ip', 'note', 1, Text('a', 'b'))\n", "1: labdissect_rules returned Rule(code='a.b'"),
        (HOOK + "Text('a', 'b')\n", "1: labdissect_rules returned Text(en='a', zh='b'), which is no list; write [ ]"),
        (
            HOOK + "2 * [Rule('a.b', 'ip', 'note', 1, Text('a', 'b'))]\n",
            "1: labdissect_rules returns two of code 'a.b'",
        ),
        ("@hookimpl\ndef labdissect_rules():\n    yield 1 / 0\n", "3: labdissect_rules: ZeroDivisionError"),
        ("R = Rule('a.b', 'ip', 'loud', 1, Text('a', 'b'))\n", "1: ValueError: rule a.b: severity 'loud' is none of"),
        ("import labdissect.nothing\n", "1: ModuleNotFoundError: "),
    ],
)
def test_what_cannot_be_loaded_is_one_error(tmp_path: Path, source: str, error: str) -> None:
    found = check(tmp_path, source)
    assert found.added is None
    (one,) = errors(found)
    assert one.startswith(error)
    assert found.findings[0].file == str(tmp_path / "labtest.py")


def test_a_file_named_from_here_has_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "labtest.py").write_text("import sys\nimport labdissect.nothing\n")
    monkeypatch.chdir(tmp_path)
    for name in ("folder/labtest.py", "./folder/../folder/labtest.py"):
        (finding,) = checked(name, [], [], Options(), {}).findings
        assert str(finding).startswith(f"{name}:2: error: ModuleNotFoundError: ")


def test_a_folder_is_no_plugin(tmp_path: Path) -> None:
    (finding,) = checked(str(tmp_path), [], [], Options(), {}).findings
    assert str(finding).startswith(f"{tmp_path}: error: a folder; name a Python file in it")


def test_a_clash_names_both(tmp_path: Path) -> None:
    source = "@hookimpl\ndef labdissect_rules():\n    return [Rule('ip.df', 'ip', 'chat', 1, Text('a', '一'))]\n"
    (error,) = errors(check(tmp_path, source))
    assert "'ip.df' is taken by plugin labdissect.plugins.ip" in error


def test_names_that_wireshark_has(tmp_path: Path) -> None:
    source = SOUND.replace('"labtest",\n    Text("test"', '"rdt",\n    Text("test"').replace(
        '"kind" / Int8ub', '"packet" / Int8ub'
    )
    found = errors(check(tmp_path, source))
    assert "2: layer rdt: Wireshark has a protocol of that name (Real Data Transport); choose another" in found
    assert "5: layer rdt: Wireshark has a field rdt.packet of its own; rename it" in found


def test_a_layer_of_tsharks_own_must_have_tsharks_names(tmp_path: Path) -> None:
    source = SOUND.replace('"labtest",\n    Text("test"', '"mqtt",\n    Text("test"').replace(
        'over=(("udp.port", 9002),),\n', ""
    )
    assert "5: layer mqtt: this Wireshark has no field mqtt.kind, so it stays empty" in warnings(
        check(tmp_path, source)
    )


def test_without_tshark_names_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABDISSECT_TSHARK", "/nowhere/tshark")
    found = check(tmp_path, SOUND)
    assert found.findings == []
    assert found.left_out[0].startswith(
        "names were not compared with Wireshark's: LABDISSECT_TSHARK names /nowhere/tshark"
    )


def test_all_of_ours_pass(registry: Registry, tmp_path: Path) -> None:
    """But for the names: tshark has layers with a dot, and those from bytes are bound by tables that plugins lack."""
    files = files_of(plugin(tmp_path, ""))
    layers = registry.layers
    chosen_by = tables(layers.values())
    found = [one.message for layer in layers.values() for one in about_layer(layer, files, chosen_by)]
    assert [one for one in found if "its name must be" not in one] == []
    for rule in registry.rules.values():
        assert [one for one in about_rule(rule, files, layers) if one.severity == "error"] == []


def test_constructs_this_is_no_hook(tmp_path: Path) -> None:
    source = SOUND.replace('"kind" / Int8ub', '"kind" / Bytes(this.size)')
    assert errors(check(tmp_path, "from construct import this\n" + source)) == []
