"""What the main job is asked to do: the options, checked against what there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from labdissect.dissectors.stack import Place
from labdissect.plugins.analyzer import Settings
from labdissect.plugins.registry import Registry
from labdissect.plugins.time_limit import SECONDS

from .decode_as import places
from .failures import UsageFailure
from .opening import STANDARD
from .selection import Selection, begins
from .tshark_options import Options


class Request(msgspec.Struct, frozen=True):
    """What the command line asks for, checked."""

    format: str | None
    destination: str | None
    columns: Sequence[str]
    selection: Selection
    options: Options
    color: str
    settings: dict[str, str]
    """``--set``: plugins' own options."""
    subnets: tuple[str, ...] = ()
    """``--subnet``: prefixes of the links that were captured."""
    captured_on: str | None = None
    """``--captured-on``: an address of the host that captured."""
    decode_as: Mapping[Place, str] = msgspec.field(default_factory=dict)
    """``--decode-as``: where plugins' layers are found."""
    plugin_timeout: float = SECONDS
    """``--plugin-timeout``: seconds that a plugin may take at one packet."""
    jobs: int | None = 1
    """``--jobs``: tsharks at once for one capture; None to choose."""

    def for_analyzers(self, language: str, *, whole_capture: bool) -> Settings:
        """What analyzers are told of it."""
        return Settings(
            language,
            whole_capture=whole_capture,
            subnets=self.subnets,
            captured_on=self.captured_on,
            options=self.settings,
            decode_as=self.decode_as,
            plugin_timeout=self.plugin_timeout,
        )


def request(given: Mapping[str, Any], registry: Registry) -> Request:
    """Checks the options.

    :raises UsageFailure: when one asks for what there is not
    """
    preferences = tuple(value for value in given["output"] if ":" in value)
    formats = list(dict.fromkeys(value for value in given["output"] if ":" not in value))
    if len(formats) > 1:
        raise UsageFailure(f"-o asks for {' and '.join(formats)}; one output a run")
    if formats and formats[0] not in registry.writers:
        raise UsageFailure(unknown("output format", formats[0], registry.writers))
    only, ignore = _codes(given["only"], registry), _codes(given["ignore"], registry)
    return Request(
        format=formats[0] if formats else None,
        destination=None if given["destination"] in (None, STANDARD) else given["destination"],
        columns=_listed([given["columns"] or ""]),
        selection=Selection(only, ignore, given["least"]),
        options=Options(tuple(given["decode_as"]), preferences, given["two_passes"], given["display_filter"] or None),
        color=given["color"],
        settings=pairs(given["settings"]),
        subnets=_subnets(given["subnets"]),
        captured_on=_address(given["captured_on"]),
        decode_as=places(given["rebound"], registry),
        plugin_timeout=given["plugin_timeout"],
        jobs=given.get("jobs", 1),
    )


def _subnets(values: Sequence[str]) -> tuple[str, ...]:
    import ipaddress  # few runs name a prefix

    for value in values:
        try:
            ipaddress.ip_interface(value)
        except ValueError as error:
            raise UsageFailure(f"--subnet {value}: {error}; write ADDRESS/BITS, as 172.24.58.38/19") from error
    return tuple(values)


def _address(value: str | None) -> str | None:
    if value is None:
        return None
    import ipaddress

    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise UsageFailure(f"--captured-on {value}: {error}") from error


def pairs(values: Sequence[str]) -> dict[str, str]:
    """``--set NAME=VALUE``, each.

    :raises UsageFailure: when one is not like that
    """
    parts = [value.partition("=") for value in values]
    for name, equals, _ in parts:
        if not name or not equals:
            raise UsageFailure(f"--set {name}: write NAME=VALUE")
    return {name: value for name, _, value in parts}


def _listed(values: Sequence[str]) -> list[str]:
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def _codes(values: Sequence[str], registry: Registry) -> list[str]:
    codes = [name.removesuffix("*").rstrip(".") for name in _listed(values)]
    for code in codes:
        if not any(begins(known, code) for known in registry.rules):
            raise UsageFailure(unknown("code", code, registry.rules) + "; `labdissect rules` lists them")
    return codes


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """``there is no rule tcp.fim; near: tcp.fin``."""
    known = list(known)
    from difflib import get_close_matches  # only mistakes need it

    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"near: {', '.join(near)}" if near else f"there are: {', '.join(known)}" if len(known) < 20 else ""
    return f"there is no {what} {name}" + (f"; {hint}" if hint else "")
