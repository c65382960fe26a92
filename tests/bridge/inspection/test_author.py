"""Where an author wrote something."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from labdissect.bridge.inspection.author import AuthorsFiles, Place
from tests.bridge.inspection.plugin_files import files_of

SOURCE = """\
import labdissect
from labdissect import Rule

CODE = "lab.named"
A = Rule("lab.a", "ip", "note", 1, ("lab.b", "lab.b"))
B = labdissect.Rule(code="lab.b", layer="ip")
C = Rule(CODE, "ip")


class Thing:
    pass


def labdissect_rules():
    def inner():
        pass


async def other():
    pass
"""


def test_definitions(tmp_path: Path) -> None:
    path = tmp_path / "lab.py"
    path.write_text(SOURCE)
    files = files_of(path)
    assert files.definition("Rule", "lab.a") == Place(str(path), 5)
    assert files.definition("Rule", "lab.b") == Place(str(path), 6)
    assert files.definition("Rule", "lab.named") == Place(str(path), 4)
    assert files.definition("Rule", "lab.made.up") == Place(str(path))
    assert files.definition_of_class("Thing") == Place(str(path), 10)
    assert files.definition_of_class("Nothing") == Place(str(path))
    assert [(place.line, name) for place, name in files.functions()] == [(14, "labdissect_rules"), (19, "other")]


def test_a_package_is_all_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "labpack"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("from .rules import A\n")
    (folder / "rules.py").write_text('\nA = Rule("lab.a")\n')
    (folder / "inner" / "broken.py").write_text("def (\n")
    module = ModuleType("labpack")
    module.__file__ = str(folder / "__init__.py")
    files = AuthorsFiles(module, "labpack")
    assert files.definition("Rule", "lab.a") == Place(str(folder / "rules.py"), 2)
    assert files.whole == Place(str(folder / "__init__.py"))


def test_findings_read_like_a_compilers() -> None:
    assert str(Place("lab.py", 3).error("no")) == "lab.py:3: error: no"
    assert str(Place("lab.py").warning("hm")) == "lab.py: warning: hm"
