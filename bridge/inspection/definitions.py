"""What a plugin defines, before a single packet is read: hooks, layers, rules, columns, analyzers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from labdissect.dissectors.layer import Layer, Text
from labdissect.plugins.column import Column
from labdissect.plugins.guard import GuardedAnalyzer
from labdissect.plugins.hookspecs import Hooks
from labdissect.plugins.registry import Registry, unusable
from labdissect.plugins.rule import Rule
from labdissect.plugins.writer import ReaderFormat, WriterFormat

from .author import AuthorsFiles, Finding, Place
from .texts import about_template

CARRIERS = ("udp.port", "tcp.port", "ip.proto", "ethertype")
"""Tables by which a plugin's layer is found in what Wireshark dissects; a layer that ``selects`` adds its own."""

_CODE = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")


@dataclass(frozen=True)
class Added:
    """What one plugin adds, by name."""

    layers: Mapping[str, Layer]
    rules: Mapping[str, Rule]
    columns: Mapping[str, Column]
    writers: Mapping[str, WriterFormat]
    readers: Mapping[str, ReaderFormat]

    @classmethod
    def by(cls, plugin: str, registry: Registry) -> Added:
        """The plugin of this name."""

        def given(what: str, table: Mapping[str, Any]) -> dict[str, Any]:
            return {name: one for name, one in table.items() if registry.givers.get((what, name)) == plugin}

        return cls(
            given("layer", registry.layers),
            given("rule", registry.rules),
            given("column", registry.columns),
            given("writer", registry.writers),
            given("reader", registry.readers),
        )


def about_hooks(files: AuthorsFiles) -> Iterator[Finding]:
    """Functions that look like hooks and are none."""
    known = [name for name in vars(Hooks) if name.startswith("labdissect_")]
    for place, name in files.functions():
        if not name.startswith("labdissect_"):
            continue
        if name not in known:
            yield place.error(f"there is no hook {name}{_near(name, known)}; docs/hooks.md lists them")
        elif not hasattr(getattr(files.module, name, None), "labdissect_impl"):
            yield place.error(f"{name} is not marked @hookimpl, so it is never called")


def about_layer(layer: Layer, files: AuthorsFiles, tables: Collection[str]) -> Iterator[Finding]:
    """Findings about one layer.

    :param tables: every table that something is chosen by
    """
    place = files.definition("Layer", layer.name)
    what = f"layer {layer.name}"
    wrong = unusable(layer)
    if wrong and not layer.over:  # the registry has refused any other
        yield place.error(wrong)
    for table, _ in layer.over:
        if table not in tables:
            yield place.error(f"{what}: nothing is chosen by {table}{_near(table, tables)}; there are: {_all(tables)}")
    yield from _translated(layer.title, f"{what}: its title", place)
    if not layer.source:
        yield place.warning(f"{what}: no source says where its fields are specified")
    for field in layer.fields:
        at = files.constant(field.name)
        if not str(field.note):
            yield at.warning(f"{what}: nothing says what {field.name} means; add * note(English, Chinese)")
        else:
            yield from _translated(Text(str(field.note), field.note.zh), f"{what}: the note of {field.name}", at)


def about_rule(rule: Rule, files: AuthorsFiles, layers: Collection[str]) -> Iterator[Finding]:
    """Findings about one rule.

    :param layers: names of all layers
    """
    place = files.definition("Rule", rule.code)
    what = f"rule {rule.code}"
    if not _CODE.fullmatch(rule.code):
        yield place.error(f"{what}: a code is words of a-z, 0-9, - and _ with dots between, as lab.low-ttl")
    if rule.layer not in layers:
        yield place.error(f"{what}: there is no layer {rule.layer}{_near(rule.layer, layers)}")
    wordings = rule.wordings if isinstance(rule.wordings, Mapping) else {"": rule.wordings}
    for text in wordings.values():
        yield from about_template(text, what, place)
    if rule.corrects is not None:
        yield from about_template(rule.corrects, f"{what}: the misconception", place)
    if rule.explanation is None:
        yield place.warning(f"{what}: no explanation, so `labdissect explain {rule.code}` has little to say")
    else:
        for part in rule.explanation:
            yield from about_template(part, f"{what}: its explanation", place)
    if not rule.sources:
        yield place.warning(f"{what}: no sources; name the RFC or the handout's section that it rests on")


def about_column(column: Column, files: AuthorsFiles) -> Iterator[Finding]:
    """Findings about one column."""
    place = files.definition("Column", column.name)
    if not isinstance(column.title, Text):
        yield place.error(f"column {column.name}: its title is no Text(English, Chinese)")
        return
    yield from _translated(column.title, f"column {column.name}: its title", place)


def about_analyzer(analyzer: GuardedAnalyzer, files: AuthorsFiles, layers: Collection[str]) -> Iterator[Finding]:
    """Findings about one analyzer.

    :param layers: names of all layers
    """
    place = files.definition_of_class(analyzer.name)
    if not analyzer.layers:
        yield place.error(f"{analyzer.name}: layers names no layer, so it sees no packet")
    for layer in analyzer.layers:
        if layer not in layers:
            yield place.error(f"{analyzer.name}: there is no layer {layer}{_near(layer, layers)}")


def about_wireshark(
    layers: Iterable[Layer], files: AuthorsFiles, protocols: Mapping[str, str], fields: Collection[str]
) -> Iterator[Finding]:
    """Names that Wireshark has, too. A layer that rides on nothing describes what tshark dissects itself: its names
    must be Wireshark's; those of any other layer must not.

    :param protocols: Wireshark's, by the name in a filter
    :param fields: Wireshark's
    """
    for layer in layers:
        place = files.definition("Layer", layer.name)
        theirs = protocols.get(layer.name)
        if layer.over and theirs is not None:
            yield place.error(f"layer {layer.name}: Wireshark has a protocol of that name ({theirs}); choose another")
        elif not layer.over and theirs is None:
            yield place.warning(
                f"layer {layer.name}: it rides on nothing (over=…), and Wireshark has no protocol of that name"
            )
        for field in layer.fields:
            if layer.over and field.tshark in fields:
                at = files.constant(field.name)
                yield at.error(f"layer {layer.name}: Wireshark has a field {field.tshark} of its own; rename it")
            elif not layer.over and theirs is not None and field.tshark not in fields:
                at = files.constant(field.name)
                yield at.warning(f"layer {layer.name}: this Wireshark has no field {field.tshark}, so it stays empty")


def tables(layers: Iterable[Layer]) -> list[str]:
    """The tables that a layer's ``over`` may name."""
    return sorted({*CARRIERS, *(layer.selects[0] for layer in layers if layer.selects is not None)})


def _translated(text: Text, what: str, place: Place) -> Iterator[Finding]:
    """A title or a note; a name that is the same in both languages is written twice."""
    if not text.zh.strip():
        yield place.warning(f"{what} has no Chinese text")


def _near(name: object, known: Iterable[str]) -> str:
    near = get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def _all(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
