"""Verdicts as the author wrote them: ``Verdict(RULE, frame, {"seq": …})`` gives all that RULE's texts ask for.

A rule that no capture at hand fires is looked at here, too. What is not written out (a dict made elsewhere, a rule
picked at run time) is left to the packets.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import ModuleType

from labdissect.plugins.rule import Rule, placeholders

from .author import AuthorsFiles, Finding, Place
from .texts import braced

PARAMETERS, WORDING = 2, 4
"""Places of ``params`` and ``wording`` among the arguments of Verdict."""


def about_verdicts(files: AuthorsFiles) -> Iterator[Finding]:
    """Calls that leave out what a text asks for, or pick a wording that is not there."""
    for file, call in files.calls("Verdict"):
        rule = _rule(call, files.module)
        if rule is None:
            continue
        place = Place(file, call.lineno)
        wordings = _wordings(call, rule)
        if wordings is None:
            written = _argument(call, WORDING, "wording")
            shown = ast.unparse(written) if written is not None else "''"
            yield place.error(f"rule {rule.code} has no wording {shown}; it has: {', '.join(map(repr, rule.wordings))}")
            continue
        given = _keys(_argument(call, PARAMETERS, "params"))
        if given is None:
            continue
        for wording in wordings:
            text = rule.wordings[wording]
            missing = (placeholders(text.en) | placeholders(text.zh)) - given
            if missing:
                yield place.error(f"rule {rule.code} asks for {braced(missing)}, which this verdict does not give")


def _rule(call: ast.Call, module: ModuleType) -> Rule | None:
    """The rule that is named, where it is a name of the module with sound texts."""
    written = _argument(call, 0, "rule")
    try:
        found = None if written is None else _value(written, module)
        if isinstance(found, Rule):
            for text in found.wordings.values():
                placeholders(text.en), placeholders(text.zh)
            return found
    except (AttributeError, ValueError):  # a name of another place; broken texts have a finding of their own
        pass
    return None


def _value(written: ast.expr, module: ModuleType) -> object:
    """What ``NAME`` or ``module.NAME`` is."""
    if isinstance(written, ast.Name):
        return getattr(module, written.id)
    if isinstance(written, ast.Attribute):
        return getattr(_value(written.value, module), written.attr)
    raise AttributeError


def _wordings(call: ast.Call, rule: Rule) -> list[str] | None:
    """The wordings that it may pick: one where it is written out; None when there is none of that name."""
    written = _argument(call, WORDING, "wording")
    if written is None:
        return [""] if "" in rule.wordings else None
    if isinstance(written, ast.Constant):
        return [str(written.value)] if written.value in rule.wordings else None
    return []


def _keys(written: ast.expr | None) -> set[str] | None:
    """The parameters of a dict that is written out; None for any other."""
    if isinstance(written, ast.Call) and isinstance(written.func, ast.Name) and written.func.id == "dict":
        names = [one.arg for one in written.keywords]
        return None if written.args or None in names else {name for name in names if name is not None}
    if not isinstance(written, ast.Dict):
        return None
    keys = [key.value if isinstance(key, ast.Constant) else None for key in written.keys]
    return None if None in keys else {str(key) for key in keys}


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    """An argument, by its place or by its name."""
    if any(isinstance(one, ast.Starred) for one in call.args[: place + 1]):
        return None
    if len(call.args) > place:
        return call.args[place]
    return next((one.value for one in call.keywords if one.arg == name), None)
