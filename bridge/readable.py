"""Values of a header's members as one line of text: numbers as tshark prints them, and what Construct took apart
(options, resource records) as people write it: ``MSS 1460; SACK permitted; TSval 3455690952, TSecr 0``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labdissect.dissectors import tcp
from labdissect.dissectors.printed import hex_digits

if TYPE_CHECKING:
    from labdissect.dissectors.layer import Field

BETWEEN = "; "
"""Between options and between records, which may hold commas."""

_PLAIN_FLOATS = frozenset(("icmp.resptime", "icmpv6.resptime"))
"""Milliseconds, which tshark prints as they are; its seconds have nine decimals."""

_OPTIONS: Mapping[str, Mapping[int, str]] = {
    "tcp.options": {
        tcp.END_OF_OPTIONS: "end",
        tcp.NO_OPERATION: "NOP",
        tcp.MSS: "MSS",
        tcp.WINDOW_SCALE: "window scale",
        tcp.SACK_PERMITTED: "SACK permitted",
        tcp.SACK: "SACK",
        tcp.TIMESTAMPS: "timestamps",
        tcp.MD5: "MD5",
        tcp.USER_TIMEOUT: "user timeout",
        tcp.AUTHENTICATION: "authentication",
        tcp.MULTIPATH: "multipath",
        tcp.FAST_OPEN: "fast open",
        tcp.ACCURATE_ECN_0: "accurate ECN 0",
        tcp.ACCURATE_ECN_1: "accurate ECN 1",
        tcp.EXPERIMENT_1: "experiment",
        tcp.EXPERIMENT_2: "experiment",
    },
    "dhcp.options": {0: "pad", 53: "message", 255: "end"},
    "ip.options": {0: "end", 1: "NOP", 7: "record route", 68: "timestamp", 131: "loose route", 137: "strict route"},
    "ipv6.hopopts.options": {0: "pad", 1: "pad", 5: "router alert"},
    "ipv6.dstopts.options": {0: "pad", 1: "pad"},
    "icmpv6.options": {
        1: "source link-layer address",
        2: "target link-layer address",
        3: "prefix",
        4: "redirected header",
        5: "MTU",
        14: "nonce",
        25: "DNS servers",
        31: "DNS search list",
    },
}
"""What the kinds of options are called, where their values do not say it; by the numbers of IANA's registries."""
_TELLING = frozenset((*("tsval", "tsecr", "exid", "keyid", "rnextkeyid"), *("left", "right")))
"""Members whose name belongs before the value although the option has a name."""
_SPELLING = {"tsval": "TSval", "tsecr": "TSecr"}
_MESSAGES = {1: "discover", 2: "offer", 3: "request", 4: "decline", 5: "ack", 6: "nak", 7: "release", 8: "inform"}
"""DHCP message types (RFC 2132 §9.6)."""


def readable(value: Any, field: Field | None = None) -> str:
    """A value in one line; empty text for None.

    Integers are hex with leading zeros where tshark prints the field so, bytes are hex without colons, booleans are
    ``True`` and ``False`` (as tshark 4.4 has them), lists have commas between.
    """
    if value is None:
        return ""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"0x{value:0{hex_digits(field)}x}" if field is not None and field.note.base == 16 else str(value)
    if isinstance(value, float):
        return repr(value) if field is not None and field.tshark in _PLAIN_FLOATS else f"{value:.9f}"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return _options(value, field) if "list" in value else _members(value)
    if isinstance(value, Sequence):
        if any(isinstance(one, Mapping) for one in value):
            return BETWEEN.join(_record(one) if "name" in one else readable(one) for one in value)
        return ",".join(readable(one, field) for one in value)
    return str(value)


def _options(value: Mapping[str, Any], field: Field | None) -> str:
    """``{list: [{kind, len, value}, …], rest: bytes}``."""
    names = _OPTIONS.get(field.tshark, {}) if field is not None else {}
    dhcp = field is not None and field.tshark == "dhcp.options"
    said = [_option(one, names, dhcp) for one in value["list"] or ()]
    rest = value.get("rest")
    return BETWEEN.join([*said, *([f"rest {readable(rest)}"] if rest else [])])


def _option(option: Mapping[str, Any], names: Mapping[int, str], dhcp: bool) -> str:
    kind = next((option[name] for name in ("kind", "type", "code") if name in option), None)
    given = option.get("value")
    content = {} if given is None else {name: one for name, one in given.items() if not name.startswith("_")}
    if dhcp and "dhcp" in content:
        number = content["dhcp"]
        return f"{names[53]} {_MESSAGES.get(number, number)}"
    name = names.get(kind) if isinstance(kind, int) else None
    if name is None and (not content or "data" in content):
        name = f"option {kind}"
    values = _members(content, telling=name is None or len(content) > 1)
    return f"{name} {values}".strip() if name is not None else values


def _members(value: Mapping[str, Any], *, telling: bool = True) -> str:
    """``TSval 1, TSecr 2``; names that say nothing are left out, and so are empty values."""
    said = []
    for name, one in value.items():
        if str(name).startswith("_") or one in (None, b"", [], ""):
            continue
        label = _SPELLING.get(name) or str(name).replace(".", " ").replace("_", " ")
        text = _members_or_text(one)
        bare = name in ("data", "blocks") or (not telling and name not in _TELLING)
        said.append(text if bare else f"{label} {text}")
    return ", ".join(said)


def _members_or_text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return " ".join(_range(one) for one in value)
    return readable(value)


def _range(value: Any) -> str:
    """A SACK block; else a value as it is."""
    if isinstance(value, Mapping) and "left" in value and "right" in value:
        return f"{value['left']}-{value['right']}"
    return readable(value)


def _record(record: Mapping[str, Any]) -> str:
    """A DNS question or resource record, as a zone file has it: ``www.lab.test 300 A 10.0.0.2`` (RFC 1035 §5)."""
    from labdissect.plugins.dns_answer import NAMES

    kind = record.get("type")
    shown = "OPT" if kind == _OPT else NAMES.get(kind, f"TYPE{kind}") if isinstance(kind, int) else ""
    parts = [str(record["name"] or ""), "" if record.get("ttl") is None else str(record["ttl"]), shown]
    if kind == _OPT:
        parts.append(f"udp {record.get('udp_payload_size')}")
    data = record.get("data")
    if isinstance(data, Mapping):
        parts += [_data(name, one) for name, one in data.items() if not str(name).startswith("_")]
    return " ".join(part for part in parts if part)


_OPT = 41


def _data(name: str, value: Any) -> str:
    """One value of a record's data."""
    if name == "txt":
        return " ".join('"{}"'.format(str(one).replace("\\", "\\\\").replace('"', '\\"')) for one in value)
    return readable(value)
